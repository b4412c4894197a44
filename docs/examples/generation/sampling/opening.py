import re
import textwrap
from collections import Counter, defaultdict
from itertools import pairwise

import torch

from llm_book.data.stories import StoryGrammar

follows = defaultdict(Counter)  # how often a word follows a word, in 2,000 stories
for story in StoryGrammar("en").sample(2000, 0):
    words = re.findall(r"\w+|[.,]", story)
    for word, following in pairwise(words):
        follows[word][following] += 1


def write(choose) -> str:
    """Begin with The, and let `choose` pick each next word."""
    text = ["The"]
    while len(text) < 20:
        text.append(choose(follows[text[-1]]))
    return textwrap.fill(" ".join(text), 76)


def draw(counts: Counter) -> str:
    """Draw each word as often as it was counted."""
    return list(counts)[torch.tensor(list(counts.values())).float().multinomial(1)]


torch.manual_seed(0)
print(write(lambda counts: max(counts, key=counts.get)))  # the likeliest
for _ in range(2):
    print("---", write(draw), sep="\n")
