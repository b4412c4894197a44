print("step  betas (0.9, 0.95)   betas (0.9, 0.999)")
for step in (1, 2, 5, 10, 20, 50, 200, 1000):
    sizes = []
    for beta1, beta2 in ((0.9, 0.95), (0.9, 0.999)):
        mean = 1 - beta1**step  # of a gradient that is always 1
        square = 1 - beta2**step
        sizes.append(mean / square**0.5)
    print(f"{step:4} {sizes[0]:14.2f} {sizes[1]:20.2f}")
