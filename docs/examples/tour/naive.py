import random
import textwrap
from collections import defaultdict

from llm_book.data.stories import StoryGrammar

for language, joint in (("en", " "), ("zh", "")):
    grammar = StoryGrammar(language)
    stories = grammar.sample(300)  # text

    def cut(story, joint=joint):
        return story.split(joint) if joint else list(story)  # tokens

    followers = defaultdict(list)  # model
    for tokens in map(cut, stories):  # training
        for place in range(len(tokens) - 2):
            first, second, third = tokens[place : place + 3]
            followers[first, second].append(third)

    rng, told = random.Random(1), cut(stories[0])[:2]  # it speaks
    while len(told) < 60 and (choices := followers[*told[-2:]]):
        told.append(rng.choice(choices))
    story = joint.join(told).replace("\n", " ")
    print(textwrap.fill(story, 80 if joint else 40))
    print(grammar.parse(story).stops_at, "of", len(story), "characters\n")
