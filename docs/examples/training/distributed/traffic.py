def share(n):  # what a process sends, as a share of the whole
    return (n - 1) / n


weights = 4 * 124_439_808  # bytes of GPT-2 124M in float32
print("processes  to one and back  all-reduce  all-gather ×2 + reduce-scatter")
for n in (2, 8, 64, 1024):
    master = (n - 1) * weights  # the one who adds receives all, and sends all back
    ring = 2 * share(n) * weights
    sharded = 3 * share(n) * weights
    columns = (f"{number / 1e9:.2f} GB" for number in (2 * master, ring, sharded))
    print(f"{n:9}  {'  '.join(f'{column:>15}' for column in columns)}")
