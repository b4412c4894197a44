from llm_book.data.stories import StoryGrammar

SLIPS = {
    "en": [("His uncle knew", "Her uncle knew"), ("Soon five", "Soon four")],
    "zh": [("只托他带回", "只托她带回"), ("把五个", "把六个")],
}
for language, slips in SLIPS.items():
    grammar = StoryGrammar(language)
    [story] = grammar.sample(1)
    for right, wrong in slips:
        slip = story.replace(right, wrong)
        reading = grammar.parse(slip)
        at = reading.stops_at
        [expected] = reading.expected
        before, after = slip[at - 8 : at], slip[at : at + 8]
        print(f"{at:4} of {len(slip)}: {before} | {after}")
        print(f"     expected {expected}: {reading.plan[expected.lower()]}")
