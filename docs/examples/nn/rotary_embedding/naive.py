import math


def turn(pair, angle):
    a, b = pair
    cos, sin = math.cos(angle), math.sin(angle)
    return a * cos - b * sin, b * cos + a * sin


query, key = (2.0, 1.0), (1.0, 3.0)
for distance in (3, 5):
    for start in (1, 2, 40, 100_000):
        q = turn(query, 0.5 * (start + distance))  # half a radian per position
        k = turn(key, 0.5 * start)
        score = q[0] * k[0] + q[1] * k[1]
        print(f"{score:9.4f}", end="")
    print(f"  at distance {distance}")
