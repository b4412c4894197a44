import tempfile
from collections import Counter, defaultdict

from llm_book.publishing.own_books import write_library

followers = defaultdict(Counter)
with tempfile.TemporaryDirectory() as folder:
    for name in ("101-0.txt", "102.txt", "103.txt"):
        words = (write_library(folder) / name).read_text("utf-8").split()
        for place in range(len(words) - 2):
            first, second, third = words[place : place + 3]
            followers[first, second][third] += 1

for text in (["There", "was"], ["Whoever", "wants"]):
    sure = []
    for _ in range(12):
        ((word, count),) = followers[*text[-2:]].most_common(1)
        sure.append(count / followers[*text[-2:]].total())
        text.append(word)
    print(" ".join(text))
    print(f"{sum(sure) / len(sure):.0%} sure on average")
