import math
import sys

import pytest

from llm_book import tour as module
from llm_book.data.stories import StoryGrammar
from llm_book.tour import Sizes, reader_language, tour

TINY = Sizes(n_stories=20, vocab_size=300, dim=16, n_layers=1, n_heads=2, batch_size=2)


@pytest.fixture(autouse=True)
def short_stories(monkeypatch):
    """Let an untrained model stop early."""
    told = module.tell
    monkeypatch.setattr(
        module, "tell", lambda *parts, **options: told(*parts, **options | {"length": 15})
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_tour_passes_through_all_five_stages(language):
    lines = []
    numbers, model, tokenizer = tour(language, steps=3, sizes=TINY, say=lines.append)
    assert [line[0] for line in lines if line[:1].isdigit()] == ["1", "2", "3", "4", "5"]
    pages = ["data/stories", "tokenizers/bpe", "models/gpt2", "training/trainer", "training/loss"]
    for page in [*pages, "generation/generate"]:
        assert page in "\n".join(lines)
    assert numbers["story"] in lines
    assert numbers["vocab_size"] == model.vocab_size == tokenizer.vocab_size == 300
    assert len(numbers["training"]) == 3


def test_the_tour_is_told_in_the_language_of_the_stories():
    lines = []
    tour("zh", steps=1, sizes=TINY, say=lines.append)
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in line) for line in lines[:2])


def test_training_lowers_the_loss_and_the_floor_is_below_it():
    losses = tour("en", steps=12, sizes=TINY, say=lambda line: None)[0]["losses"]
    assert losses["floor"] < losses["after"] < losses["before"]
    # an untrained model is about as good as guessing among all tokens
    assert losses["before"] == pytest.approx(math.log(300) / 1.8, rel=0.25)


def test_a_tour_can_be_repeated():
    first, second = (tour("en", 2, 7, sizes=TINY, say=lambda line: None)[0] for _ in range(2))
    assert first == second


def test_another_seed_is_another_tour():
    first, second = (
        tour("en", 2, seed, sizes=TINY, say=lambda line: None)[0]["losses"] for seed in (1, 2)
    )
    assert first["before"] != second["before"]
    assert first["floor"] == second["floor"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("slip", [None, 40])
def test_the_grammar_judges_the_story(monkeypatch, language, slip):
    story = StoryGrammar(language).sample(1, seed=3)[0]
    told = story if slip is None else story[:slip] + "@" + story[slip:]
    monkeypatch.setattr(module, "tell", lambda *_, **options: [told])
    lines = []
    numbers, _, _ = tour(language, steps=1, sizes=TINY, say=lines.append)
    assert numbers["accepted"] == (slip is None)
    assert numbers["stops_at"] == (len(story) if slip is None else slip)
    if slip:
        assert lines[-1].endswith(" ".join(told[10:slip].split("\n")))


def test_the_story_is_told_at_the_temperature_of_the_sizes(monkeypatch):
    asked = []

    def tell(*parts, **options):
        asked.append(options)
        return [""]

    monkeypatch.setattr(module, "tell", tell)
    tour("en", steps=1, sizes=TINY, say=lambda line: None)
    assert asked[-1]["temperature"] == TINY.temperature < 1


@pytest.mark.parametrize("cut", [100, -1])
def test_a_story_that_breaks_off_is_not_accepted(monkeypatch, cut):
    story = StoryGrammar().sample(1, seed=3)[0][:cut]
    monkeypatch.setattr(module, "tell", lambda *_, **options: [story])
    assert not tour("en", steps=1, sizes=TINY, say=lambda line: None)[0]["accepted"]


@pytest.mark.parametrize(
    ("name", "language"),
    [("zh_CN", "zh"), ("zh_TW", "zh"), ("Chinese (Simplified)_China", "zh"), ("de_DE", "en"),
     ("C", "en"), (None, "en")],
)  # fmt: skip
def test_the_language_is_the_systems(monkeypatch, name, language):
    monkeypatch.setattr(module.locale, "getlocale", lambda: (name, "UTF-8"))
    assert reader_language() == language


def test_the_command_line_takes_language_steps_and_seed(monkeypatch):
    calls = []
    monkeypatch.setattr(module, "tour", lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(sys, "argv", ["tour", "--language", "zh", "--steps", "3", "--seed", "5"])
    module.main()
    assert calls == [("zh", 3, 5)]


def test_an_error_is_one_line_on_stderr(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tour", "--steps", "0"])
    with pytest.raises(SystemExit, match="2"):
        module.main()
    assert "n_steps=0, expected at least 1" in capsys.readouterr().err
