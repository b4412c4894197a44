from llm_book.data.stories import StoryGrammar
from llm_book.exercises.tour_solution import exchange_ids
from llm_book.tokenizers.bpe import train_bpe

for language in ("en", "zh"):
    stories = StoryGrammar(language).sample(50)
    ours = train_bpe(stories, 600)
    other = exchange_ids(ours, seed=0)
    ids = other.encode(stories[0][:40])
    print(other.decode(ids))
    print(repr(ours.decode(ids)[:60]))
