from llm_book.data.stories import StoryGrammar

grammar = StoryGrammar("en")
training = set(grammar.sample(2000, seed=0))
for seed in (0, 1):
    validation = grammar.sample(200, seed)
    known = training.intersection(validation)
    print(f"seed {seed}: {len(known)} of 200 were in training")
