import hashlib
import math
import random
import re
import time
from itertools import pairwise
from statistics import mean, stdev

import pytest

from llm_book.data.stories import (
    LANGUAGES,
    Choice,
    Grammar,
    Recall,
    Rule,
    StoryGrammar,
    Words,
    quote,
)

FIRST_HUNDRED = {
    "en": "0461d6d2ff963569de63c7f6436578290157d167bbe5f9cb23f959f1f42c2e32",
    "zh": "74ee5111889b617c046ca3963097054d979f9b53d79e510fb02c84d039b2969b",
}
TINY = """
[plan]
{hero}

[story]
{hero.name} ran. {hero.They} {fell|flew}.

[hero: name they]
*3 Ann | she
Bob | he
"""


@pytest.fixture(scope="module", params=LANGUAGES)
def grammar(request):
    return StoryGrammar(request.param)


@pytest.fixture(scope="module")
def language(grammar):
    return "en" if grammar.sample(1)[0].isascii() else "zh"


@pytest.fixture(scope="module")
def stories(grammar):
    return grammar.sample(3000, seed=1)


@pytest.fixture
def drawn(monkeypatch):
    """Everything that is drawn from now on: (option, log probability)."""
    log, draw = [], Rule.draw

    def recorded(rule, rng):
        option = draw(rule, rng)
        [i] = [i for i, other in enumerate(rule.options) if other is option]
        log.append((option, math.log(rule.probabilities[i])))
        return option

    monkeypatch.setattr(Rule, "draw", recorded)
    return log


def derivations(rules, template, plan):
    """Every text of a template and its probability: the definition, written down naively."""
    if not template:
        yield "", 1.0
        return
    first, rest = template[0], template[1:]
    if isinstance(first, Choice):
        rule = rules["/".join((first.rule, *(quote(key, plan) for key in first.keys)))]
        beginnings = [
            (text, p * q)
            for option, p in zip(rule.options, rule.probabilities, strict=True)
            for text, q in derivations(rules, option, plan)
        ]
    else:
        beginnings = [(first.text if isinstance(first, Words) else quote(first, plan), 1.0)]
    for text, p in beginnings:
        for more, q in derivations(rules, rest, plan):
            yield text + more, p * q


def plans(rules, choices, plan):
    if not choices:
        yield plan, 1.0
        return
    rule = rules["/".join((choices[0].rule, *(quote(key, plan) for key in choices[0].keys)))]
    for value, p in zip(rule.options, rule.probabilities, strict=True):
        for whole, q in plans(rules, choices[1:], {**plan, choices[0].rule: value}):
            yield whole, p * q


def every_story(grammar):
    choices = [part for part in grammar.rules["plan"].options[0] if isinstance(part, Choice)]
    return [
        (text, p * q)
        for plan, p in plans(grammar.rules, choices, {})
        for text, q in derivations(grammar.rules, (Choice("story"),), plan)
    ]


def cut_down(language, seed):
    """Leave one option in almost every rule, so that the stories can be counted."""
    grammar, rng = StoryGrammar(language), random.Random(seed)
    often = ["hero", "elder", "friend", "color", "number", "quest", "trouble", "opening", "people"]
    often += ["road", "wish", "looks", "gathering", "start", "friendship", "gift", "garment"]
    wide = {*rng.sample(often, 6), "close", "answer/glad", "answer/sorry"}
    for name, rule in grammar.rules.items():
        size = 3 if name.startswith("choice/") else 2 if name in wide else 1
        options = rng.sample(rule.options, min(size, len(rule.options)))
        grammar.rules[name] = Rule(options, [rng.randint(1, 4) for _ in options])
    return grammar


# ------------------------------------------------------------------ a grammar worked by hand


@pytest.mark.parametrize(
    ("text", "probability"),
    [("Ann ran. She fell.", 3 / 8), ("Bob ran. He flew.", 1 / 8), ("Bob ran. She flew.", 0)],
)
def test_probabilities_worked_by_hand(text, probability):
    expected = math.log(probability) if probability else -math.inf
    assert Grammar(TINY).log_prob(text) == pytest.approx(expected)


def test_entropy_length_and_number_worked_by_hand():
    entropy = -0.75 * math.log(0.75) - 0.25 * math.log(0.25) + math.log(2)
    assert Grammar(TINY).per_story == pytest.approx((entropy, 0.75 * 18 + 0.25 * 17, 4))


def test_surprisals_worked_by_hand():
    surprisals = Grammar(TINY).parse("Bob ran. He flew.").surprisals
    assert surprisals[0] == pytest.approx(math.log(4))  # B, one in four
    assert surprisals[13] == pytest.approx(math.log(2))  # l after f: flew or fell
    assert [i for i, bits in enumerate(surprisals) if bits > 1e-9] == [0, 13]


def test_a_wrong_pronoun_is_found_where_it_stands():
    reading = Grammar(TINY).parse("Bob ran. She flew.")
    assert (reading.stops_at, reading.expected) == (9, {"hero.They"})
    assert reading.plan == {"hero.name": "Bob", "hero.they": "he"}
    assert reading.surprisals[9:] == [math.inf] * 9


# ------------------------------------------------------------------ probability


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(4))
def test_a_cut_down_grammar_sums_to_one_over_different_texts(language, seed):
    grammar = cut_down(language, seed)
    texts = {text for text, _ in every_story(grammar)}
    assert len(texts) > 100
    assert sum(math.exp(grammar.log_prob(text)) for text in texts) == pytest.approx(1)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(4))
def test_a_cut_down_grammar_tells_no_text_in_two_ways(language, seed):
    texts = [text for text, _ in every_story(cut_down(language, seed))]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(4))
def test_the_recursion_agrees_with_counting(language, seed):
    grammar = cut_down(language, seed)
    every = every_story(grammar)
    entropy = sum(-p * math.log(p) for _, p in every)
    length = sum(p * len(text) for text, p in every)
    assert grammar.per_story == pytest.approx((entropy, length, len(every)))
    assert grammar.entropy_per_character() == pytest.approx(entropy / length)


def check_derivations(grammar, drawn, n):
    told = grammar.stories(seed=2)
    for _ in range(n):
        drawn.clear()
        text = next(told)
        derived = sum(log_prob for _, log_prob in drawn)
        assert grammar.log_prob(text) == pytest.approx(derived, abs=1e-9)


def test_log_prob_is_that_of_the_derivation(grammar, drawn):
    check_derivations(grammar, drawn, 200)


@pytest.mark.slow
def test_log_prob_is_that_of_the_derivation_for_ten_thousand_stories(grammar, drawn):
    check_derivations(grammar, drawn, 10_000)


def test_the_whole_plan_can_be_read_from_a_story(grammar, drawn):
    told = grammar.stories(seed=3)
    for _ in range(200):
        drawn.clear()
        reading = grammar.parse(next(told))
        values = [option for option, _ in drawn if isinstance(option, dict)]
        assert {v for value in values for v in value.values()} == set(reading.plan.values())


def test_entropy_agrees_with_the_mean_of_samples(grammar, stories):
    surprisals = [-grammar.log_prob(story) for story in stories[:1000]]
    error = stdev(surprisals) / math.sqrt(len(surprisals))
    assert abs(mean(surprisals) - grammar.per_story.entropy) < 3 * error


def test_length_agrees_with_the_mean_of_samples(grammar, stories):
    lengths = [len(story) for story in stories]
    error = stdev(lengths) / math.sqrt(len(lengths))
    assert abs(mean(lengths) - grammar.per_story.length) < 3 * error


def test_there_are_more_than_a_billion_stories(grammar):
    assert grammar.per_story.texts > 10**30


# ------------------------------------------------------------------ parsing


def test_surprisals_add_up_to_the_log_probability(grammar, stories):
    for story in stories[:100]:
        reading = grammar.parse(story)
        assert len(reading.surprisals) == len(story)
        assert min(reading.surprisals) > -1e-9
        assert sum(reading.surprisals) == pytest.approx(-reading.log_prob)


def test_the_beginning_of_a_story_is_as_surprising_without_the_rest(grammar, stories):
    for cut in (1, 50, 200):
        expected = grammar.parse(stories[0]).surprisals[:cut]
        assert grammar.parse(stories[0][:cut]).surprisals == pytest.approx(expected, abs=1e-9)


def test_a_beginning_is_no_story_but_goes_on(grammar, stories):
    reading = grammar.parse(stories[0][:100])
    assert (reading.log_prob, reading.stops_at) == (-math.inf, 100)
    assert reading.expected


def test_a_story_with_more_behind_it_is_no_story(grammar, stories):
    reading = grammar.parse(stories[0] + stories[1])
    assert (reading.log_prob, reading.stops_at) == (-math.inf, len(stories[0]))
    assert grammar.log_prob(stories[0] + "\n") == -math.inf


@pytest.mark.parametrize("text", ["", " ", "x", "Once upon a time there was a princess."])
def test_other_texts_are_not_in_the_language(grammar, text):
    assert grammar.log_prob(text) == -math.inf


def test_a_story_in_the_other_language_stops_at_once():
    en, zh = StoryGrammar("en"), StoryGrammar("zh")
    assert en.parse(zh.sample(1)[0]).stops_at == 0
    assert zh.parse(en.sample(1)[0]).stops_at == 0


def test_a_color_forgotten_at_the_end_is_found(grammar, stories):
    colors = [option["name"] for option in grammar.rules["color"].options]
    forgotten = 0
    for story in stories[:100]:
        color = grammar.parse(story).plan["color.name"]
        at = [m.start() for m in re.finditer(rf"(?<![a-z]){color}(?![a-z])", story)][-1]
        other = next(c for c in colors if c[0] != color[0])
        reading = grammar.parse(story[:at] + other + story[at + len(color) :])
        if story.index(color) < at:  # mentioned before: now it must be the same
            forgotten += 1
            assert (reading.stops_at, reading.expected) == (at, {"color.name"})
    assert forgotten > 20


def test_a_wrong_pronoun_in_an_english_story_is_found():
    grammar = StoryGrammar("en")
    story = next(s for s in grammar.stories() if "She shared her" in s)
    at = story.index("She shared her") + len("She shared ")
    reading = grammar.parse(story[:at] + "his" + story[at + 3 :])
    assert (reading.stops_at, reading.expected) == (at + 1, {"hero.their"})


def test_the_moral_of_another_story_does_not_fit(grammar, stories):
    readings = [grammar.parse(story) for story in stories[:200]]
    morals = {}
    for story, reading in zip(stories, readings, strict=False):
        morals[reading.plan["choice.moral"], reading.plan["choice.end"]] = story
    assert len(morals) > 20
    sorry, glad = (
        next(story for (_, end), story in morals.items() if end == wanted)
        for wanted in ("sorry", "glad")
    )
    last = re.compile(r"[^.。！!]+[.。]$")
    moral = last.search(glad).group()
    assert grammar.log_prob(last.sub("", sorry) + moral) == -math.inf


# ------------------------------------------------------------------ repeatability


def test_a_seed_always_gives_the_same_stories(grammar, language):
    text = "\n".join(grammar.sample(100, seed=0))
    assert hashlib.sha256(text.encode()).hexdigest() == FIRST_HUNDRED[language]


def test_a_story_does_not_depend_on_how_many_follow(grammar):
    assert grammar.sample(5, seed=8) == grammar.sample(10, seed=8)[:5]


def test_another_seed_gives_other_stories(grammar):
    assert set(grammar.sample(20, seed=1)).isdisjoint(grammar.sample(20, seed=2))


def test_no_story_is_told_twice(stories):
    assert len(set(stories)) == len(stories)


def test_ten_megabytes_are_written_in_under_twenty_seconds(grammar):
    start, size = time.perf_counter(), 0
    for story in grammar.stories():
        size += len(story.encode())
        if size > 10_000_000:
            break
    assert time.perf_counter() - start < 20


# ------------------------------------------------------------------ the stories themselves


def test_stories_have_a_readable_length(stories, language):
    sizes = [len(story.split()) if language == "en" else len(story) for story in stories]
    low, high = (60, 250) if language == "en" else (100, 450)
    assert low <= min(sizes)
    assert max(sizes) <= high


def test_the_vocabulary_is_rich(stories, language):
    text = "\n".join(stories)
    if language == "en":
        assert len(set(re.findall(r"[a-z]+", text.lower()))) >= 1200
    else:
        assert len(set(re.findall(r"[\u4e00-\u9fff]", text))) >= 1000


def test_the_hero_and_the_gift_come_back(grammar, stories):
    for story in stories[:300]:
        plan = grammar.parse(story).plan
        assert story.count(plan["hero.name"]) >= 3
        assert story.lower().count(plan["gift.name"]) >= 3


def test_the_gifts_that_come_home_are_those_that_were_not_lost(grammar):
    for fewer, more in pairwise(grammar.rules["number"].options):
        assert fewer["all"] == more["less"]


def test_whoever_chooses_badly_loses_a_gift(grammar):
    choices = [rule for name, rule in grammar.rules.items() if name.startswith("choice/")]
    bad = [o for rule in choices for o in rule.options if o["end"] != "glad"]
    assert len(choices) == 10
    assert {option["left"] for option in bad} == {"less"}
    assert {option["end"] for option in bad} == {"sorry", "amends"}


def rules_with(grammar, pattern):
    """The families of rules in which a text, not a recalled field, matches the pattern."""
    return {
        name.split("/")[0]
        for name, rule in grammar.rules.items()
        for option in rule.options
        for part in option
        if isinstance(part, Words) and re.search(pattern, part.text)
    }


def test_pronouns_of_the_hero_are_recalled_and_never_typed(grammar):
    assert not rules_with(grammar, r"她|(?i:\b(she|her|hers|herself)\b)")
    strangers = {"trouble", "act", "amends", "glad", "sorry", "moral"}
    assert rules_with(grammar, r"他|(?i:\b(he|him|his|himself)\b)") <= strangers


def test_every_rule_is_used(language, monkeypatch):
    grammar, used, find = StoryGrammar(language), set(), Grammar._rule

    def recorded(self, choice, plan):
        rule = find(self, choice, plan)
        used.add(rule)
        return rule

    monkeypatch.setattr(Grammar, "_rule", recorded)
    assert grammar.per_story.texts > 0  # visits whatever can be told
    assert [name for name, rule in grammar.rules.items() if rule not in used] == ["plan"]


def test_english_stories_are_plain_text():
    for story in StoryGrammar("en").sample(500):
        assert story.isascii()
        assert not re.search(r"[{}|*#\n]|  | [.,;:!?]|[.,;:]{2}|\. [a-z]", story)
        assert story.count('"') % 2 == 0
        assert story[-1] == "."


def test_english_articles_agree_with_what_follows():
    for story in StoryGrammar("en").sample(500):
        assert not re.search(r"\ba (?!one)[aeiou]", story, re.IGNORECASE)
        assert not re.search(r"\ban [^aeiouh]", story, re.IGNORECASE)


def test_chinese_stories_use_full_width_punctuation_only():
    for story in StoryGrammar("zh").sample(500):
        assert re.fullmatch(r"[\u4e00-\u9fff，。：；？！“”、—…]+", story)
        assert not re.search(r"[，。：；、]{2}|[，：；、]”|“”", story)
        quotes = re.findall(r"[“”]", story)
        assert quotes == ["“", "”"] * (len(quotes) // 2)


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize("language", ["fr", "EN", "", "english"])
def test_an_unknown_language_names_the_known_ones(language):
    with pytest.raises(ValueError, match=r"en, zh"):
        StoryGrammar(language)


def test_no_stories_are_an_empty_list(grammar):
    assert grammar.sample(0) == []


def test_a_negative_number_of_stories_is_refused(grammar):
    with pytest.raises(ValueError, match="n=-1"):
        grammar.sample(-1)


def test_a_line_with_too_few_columns_is_refused():
    with pytest.raises(ValueError, match=r"'Cleo' has 1, not 2 columns"):
        Grammar(TINY + "\nCleo\n")


def test_a_missing_rule_is_named():
    with pytest.raises(LookupError, match=r"\[weather\]"):
        Grammar(TINY.replace("{fell|flew}", "{weather}")).sample(1)
    with pytest.raises(LookupError, match=r"\[plan\]"):
        Grammar("[story]\nThe end.\n")


def test_parts_of_a_template_are_told_apart():
    [template] = Grammar(TINY).rules["story"].options
    assert [type(part) for part in template] == [Recall, Words, Recall, Words, Choice, Words]
