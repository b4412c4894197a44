import math
import random
from collections import Counter
from itertools import pairwise


def loss(text):
    """Guess each letter from the one before it, as well as counting allows."""
    pairs = Counter(pairwise(text))
    firsts = Counter(text[:-1])
    surprises = (-n * math.log(n / firsts[a]) for (a, _), n in pairs.items())
    return sum(surprises) / (len(text) - 1)


coins = "".join(random.Random(0).choices("ab", k=100_000))
for text in (coins, "aabb" * 25_000):
    print(text[:32], round(loss(text), 4))
