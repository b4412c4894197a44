import random
from statistics import mean

from llm_book.training.schedule import warmup_cosine

N = 400


def walk(rate, seed):
    """Walk downhill from 5 towards 0; each slope is off by a random amount."""
    rng, weight = random.Random(seed), 5.0
    for step in range(N):
        slope = weight + rng.gauss(0, 5)
        weight -= rate(step) * slope
    return weight


settings = {"peak": 0.3, "warmup_steps": 0, "total_steps": N}
rates = {
    "0.3 all the time": lambda step: 0.3,
    "0.03 all the time": lambda step: 0.03,
    "0.003 all the time": lambda step: 0.003,
    "0.3 falling to 0": lambda step: warmup_cosine(step, **settings),
}
for name, rate in rates.items():
    ends = [walk(rate, seed) for seed in range(100)]
    print(f"{name:18} {mean(map(abs, ends)):.2f} from the goal")
