import math

sentence = {  # acts, has fur, happens
    "The": (0, 0, 0),
    "fox": (2, 2, 0),
    "found": (0, 0, 1),
    "jam": (-1, -1, 0),
    "it": (1, 0, 0),
    "grinned": (1, 0, 1),
}


def attend_to_all(token):
    powers = {}
    for other, vector in sentence.items():
        score = sum(a * b for a, b in zip(sentence[token], vector, strict=True))
        powers[other] = math.exp(score)
    total = sum(powers.values())
    weights = {other: power / total for other, power in powers.items()}
    mixed = [0.0, 0.0, 0.0]
    for other, vector in sentence.items():
        for i in range(3):
            mixed[i] += weights[other] * vector[i]
    return weights, mixed


for token in ("it", "found", "fox"):
    weights, mixed = attend_to_all(token)
    shares = [f"{other} {weight:.2f}" for other, weight in weights.items()]
    print(f"{token}:", ", ".join(shares))
    print("    becomes", [round(number, 2) for number in mixed])
