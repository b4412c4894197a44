import math

from llm_book.training.schedule import warmup_cosine

PEAK, WARMUP, TOTAL = 1.0, 4, 10


def careless(step):
    """Start the cosine at step 0, and cut the warm-up out of it."""
    if step < WARMUP:
        return PEAK * step / WARMUP
    return PEAK * (1 + math.cos(math.pi * step / TOTAL)) / 2


rates = {"careless": careless}
settings = {"peak": PEAK, "warmup_steps": WARMUP, "total_steps": TOTAL}
rates["book"] = lambda step: warmup_cosine(step, **settings)
print("step    ", *(f"{step:4}" for step in range(14)))
for name, rate in rates.items():
    print(f"{name:8}", *(f"{rate(step):.2f}" for step in range(14)))
