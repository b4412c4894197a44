from llm_book.training.schedule import warmup_cosine

for changes in (
    {"warmup_steps": 200},
    {"step": -1},
    {"minimum": 0.1},
    {"peak": -0.01},
):
    settings = {"step": 0, "peak": 0.01, "warmup_steps": 10, "total_steps": 100}
    try:
        warmup_cosine(**(settings | changes))
    except ValueError as error:
        print(error)
