import math

from llm_book.training.schedule import warmup_cosine

hand = [1 / 4, 2 / 4, 3 / 4]
hand += [(1 + math.cos(math.pi * k / 4)) / 2 for k in (0, 1, 2, 3)]
hand += [0, 0]
print("step  by hand   book")
for step, rate in enumerate(hand):
    book = warmup_cosine(step, peak=1, warmup_steps=3, total_steps=7)
    print(f"{step:4} {rate:8.4f} {book:6.4f}")
