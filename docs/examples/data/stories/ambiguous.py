import math
from itertools import product

from llm_book.data.stories import Grammar

for old, captain in product(["old", "old sea"], ["captain", "sea captain"]):
    print(f"{1 / 2 * 1 / 2:.2f}  the {old} {captain}")

grammar = Grammar("""
[plan]
{captain}

[captain: name]
captain
sea captain

[story]
the {old|old sea} {captain.name}
""")
texts = set(grammar.sample(100))
surprisals = [-grammar.log_prob(text) for text in texts]
entropy = sum(math.exp(-surprisal) * surprisal for surprisal in surprisals)
print(f"{len(texts)} texts, {entropy:.4f} nats")
counted = grammar.per_story
print(f"{counted.texts} derivations, {counted.entropy:.4f} nats")
