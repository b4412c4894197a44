import random
from collections import defaultdict

from llm_book.data.stories import StoryGrammar

LOOK_BACK = 40  # characters that the model sees
grammar = StoryGrammar()
for n in (3, 300):
    stories = grammar.sample(n)
    followers = defaultdict(list)
    for story in stories:
        padded = " " * LOOK_BACK + story + "\0"
        for at in range(LOOK_BACK, len(padded)):
            followers[padded[at - LOOK_BACK : at]].append(padded[at])

    rng, told = random.Random(4), " " * LOOK_BACK
    while told[-1] != "\0":
        told += rng.choice(followers[told[-LOOK_BACK:]])
    told = told.strip(" \0")
    accepted = grammar.parse(told).log_prob > float("-inf")
    copied = told in stories
    starts = [" " * LOOK_BACK + story for story in grammar.sample(100, seed=1)]
    known = sum(start[60 : 60 + LOOK_BACK] in followers for start in starts)
    print(f"{n:>3} stories: {accepted=}, {copied=}, {known} of 100 new ones known")
