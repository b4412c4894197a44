import pytest
import torch
from torch.testing import assert_close

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.loss import IGNORED
from llm_book.training.storytelling import END, StoryBatches, lowest_loss, story_batch, tell


@pytest.fixture(scope="module", params=["en", "zh"])
def setting(request):
    grammar = StoryGrammar(request.param)
    return grammar, train_bpe(grammar.sample(50), 300, special_tokens=(END,))


def test_a_row_is_a_story_between_two_signs(setting):
    grammar, tokenizer = setting
    stories = grammar.sample(3, seed=9)
    inputs, targets = story_batch(stories, tokenizer)
    end = tokenizer.special_tokens[END]
    for story, row, aims in zip(stories, inputs, targets, strict=True):
        length = int((aims != IGNORED).sum())
        assert row[0] == aims[length - 1] == end
        assert tokenizer.decode(aims[: length - 1].tolist()) == story
        assert row[1:length].tolist() == aims[: length - 1].tolist()
        assert (aims[length:] == IGNORED).all()


def test_no_story_is_told_twice_and_each_step_has_its_own(setting):
    data = StoryBatches(*setting, 2, seed=3)
    assert_close(data.batch(7), data.batch(7), rtol=0, atol=0)
    told = {
        tuple(row.tolist())
        for seed in (0, 1)
        for step in range(5)
        for row in StoryBatches(*setting, 2, seed=seed).batch(step)[1]
    }
    assert len(told) == 20


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_without_stories_is_an_error(setting, batch_size):
    with pytest.raises(ValueError, match=f"batch_size={batch_size}, expected at least 1"):
        StoryBatches(*setting, batch_size)


def test_no_model_can_go_below_what_the_grammar_itself_needs():
    grammar = StoryGrammar("zh")
    stories = grammar.sample(3)
    nats = -sum(grammar.log_prob(story) for story in stories)
    assert lowest_loss(grammar, stories) == pytest.approx(nats / len("".join(stories)))


def test_the_model_tells_repeatable_stories_without_the_sign(setting):
    _, tokenizer = setting
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=300, context_length=32, dim=8, n_layers=1, n_heads=2))
    stories = tell(model, tokenizer, 3, seed=1)
    assert stories == tell(model, tokenizer, 3, seed=1)
    assert len(set(stories)) == 3
    assert not any(END in story for story in stories)


def test_a_story_can_be_cut_and_be_written_without_chance(setting):
    _, tokenizer = setting
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=300, context_length=32, dim=8, n_layers=1, n_heads=2))
    (whole,) = tell(model, tokenizer, temperature=0.0)
    assert tell(model, tokenizer, temperature=0.0, seed=5) == [whole]
    (cut,) = tell(model, tokenizer, temperature=0.0, length=3)
    assert len(cut) < len(whole)
    assert whole.startswith(cut.rstrip("\ufffd"))
