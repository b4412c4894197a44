import random

rng = random.Random(0)
for _ in range(5):
    hero = rng.choice(["Mia", "Tom"])
    their = rng.choice(["her", "his"])
    lost = rng.choice(["three", "four"])
    found = rng.choice(["three", "four"])
    print(f"{hero} lost {their} {lost} balls, and {found} came back.")
