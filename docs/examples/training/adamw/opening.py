def descend(learning_rate, n_steps=100):
    steep, flat = 1.0, 1.0  # loss: (100 * steep² + flat²) / 2
    for _ in range(n_steps):
        steep -= learning_rate * 100 * steep
        flat -= learning_rate * flat
    return steep, flat


print("learning rate   steep weight   flat weight")
for learning_rate in (0.0001, 0.001, 0.01, 0.019, 0.021):
    steep, flat = descend(learning_rate)
    print(f"{learning_rate:13.4f} {steep:14.5f} {flat:13.5f}")
