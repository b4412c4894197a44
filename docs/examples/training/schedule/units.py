from llm_book.training.schedule import warmup_cosine

MICRO_BATCHES, ACCUMULATE = 400, 4
steps = MICRO_BATCHES // ACCUMULATE  # the optimizer takes a quarter as many

for name, total in (("steps", steps), ("micro-batches", MICRO_BATCHES)):
    rates = [
        warmup_cosine(step, peak=1, warmup_steps=total // 20, total_steps=total)
        for step in range(steps)
    ]
    chosen = ", ".join(f"{rates[step]:.2f}" for step in (0, 10, 50, 99))
    print(f"total in {name:13}: {chosen}")
