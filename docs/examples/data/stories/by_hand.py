import math

from llm_book.data.stories import Grammar

GRAMMAR = """
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
"""
hero = 3 / 4 * math.log(4 / 3) + 1 / 4 * math.log(4)
thing = math.log(2) + 1 / 2 * 0 + 1 / 2 * math.log(2)
length = 1 / 2 * 17 + 1 / 4 * 22 + 1 / 4 * 23
print(f"by hand:     {hero + thing:.4f} nats, {length:.2f} characters")

grammar = Grammar(GRAMMAR)
entropy, length, _ = grammar.per_story
print(f"by grammar:  {entropy:.4f} nats, {length:.2f} characters")
print(f"the floor:   {grammar.entropy_per_character():.4f} nats a character")

stories = sorted(set(grammar.sample(1000)))
for story in stories:
    print(f"{math.exp(grammar.log_prob(story)):.4f}  {story}")
print(f"{sum(math.exp(grammar.log_prob(story)) for story in stories):.4f}")
