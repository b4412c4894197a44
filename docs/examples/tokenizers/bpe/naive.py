from collections import Counter
from itertools import pairwise

text = "a fox a fox a fox 狐狸 狐狸"
tokens = [bytes([byte]) for byte in text.encode()]
print(len(tokens), "tokens")

for _ in range(7):
    counts = Counter(pairwise(tokens))
    pair, count = counts.most_common(1)[0]
    merged, i = [], 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(tokens[i])
            i += 1
    tokens = merged
    print(f"{count} times {pair[0]} + {pair[1]}: {len(tokens)} tokens")
