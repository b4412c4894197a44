import math

from llm_book.data.stories import Grammar

grammar = Grammar("""
[plan]
{hero}

[story]
{hero.name} lost {hero.their} {thing}.

[thing]
hat
{red|blue} ball

[hero: name their]
*3 Mia | her
Tom | his
""")
story = "Tom lost his blue ball."
reading = grammar.parse(story)
for at, surprisal in enumerate(reading.surprisals):
    if surprisal > 1e-9:
        p = math.exp(-surprisal)
        print(f"{story[:at]!r} + {story[at]!r}: p = {p:.2f}, {surprisal:.4f} nats")
print(f"sum {sum(reading.surprisals):.4f}, whole story {-reading.log_prob:.4f}")
