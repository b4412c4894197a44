import math
from statistics import mean, stdev

from llm_book.data.stories import StoryGrammar

for language in ("en", "zh"):
    grammar = StoryGrammar(language)
    print(language, "exactly", round(grammar.per_story.entropy, 2))
    for n in (25, 100, 400):
        surprisals = [-grammar.log_prob(story) for story in grammar.sample(n)]
        error = stdev(surprisals) / math.sqrt(n)
        print(f"{n:4} stories: {mean(surprisals):.2f} ± {error:.2f}")
