from llm_book.exercises.training.search_solution import halve

steps = range(1, 9)
fast = [2.0 + 1.0 / step for step in steps]  # ahead at first, ends at 2.1
slow = [3.6 - 0.2 * step for step in steps]  # warms up longer, ends at 2.0
bad = [4.0 for _ in steps]
curves = {"fast": fast, "slow": slow, "bad": bad, "bad too": bad}

winner, spent = halve(list(curves.values()))
print("all to the end: best is", min(curves, key=lambda name: curves[name][-1]), "after 32")
print("halving:        best is", list(curves)[winner], "after", spent)
