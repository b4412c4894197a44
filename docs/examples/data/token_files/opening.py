import tracemalloc

import numpy as np

ids = np.random.default_rng(0).integers(257, 50_257, size=1_000_000)
tracemalloc.start()
numbers = ids.tolist()
n_bytes, _ = tracemalloc.get_traced_memory()
tracemalloc.stop()

each = round(n_bytes / len(numbers))
print(f"a list of ints takes {each} bytes a token")
for n_tokens in (1_000_000, 10_000_000_000):
    print(f"{n_tokens:14,} tokens: {each * n_tokens / 1e9:.3f} GB")
