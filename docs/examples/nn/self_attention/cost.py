D = 64
for T in (6, 1_024, 8_192, 131_072):
    multiplications = 2 * T * T * D  # scores, then the mixture
    n_bytes = 4 * T * T  # of the weights, in float32
    print(f"T = {T:7,}: {multiplications:.0e} multiplications, {n_bytes:14,} bytes")
