import json
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.data.stories import Grammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training import trainer
from llm_book.training.loss import IGNORED, next_token_loss
from llm_book.training.schedule import warmup_cosine
from llm_book.training.storytelling import END, StoryBatches, story_batch, tell
from llm_book.training.trainer import (
    History,
    TrainingConfig,
    count_targets,
    evaluate_loss,
    make_optimizer,
    train,
)

V, T = 11, 8
TINY = """
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
CONFIG = GPT2Config(vocab_size=V, context_length=T, dim=8, n_layers=2, n_heads=2)


class RandomTokens:
    """Batches that depend on their number alone, and remember who was asked for."""

    def __init__(self, n_rows=2):
        self.n_rows, self.asked = n_rows, []

    def batch(self, step):
        self.asked.append(step)
        generator = torch.Generator().manual_seed(step)
        windows = torch.randint(V, (self.n_rows, T + 1), generator=generator)
        return windows[:, :-1], windows[:, 1:]


class Fixed:
    """Batches given in a list, one after the other and again from the start."""

    def __init__(self, *batches):
        self.batches = batches

    def batch(self, step):
        return self.batches[step % len(self.batches)]


def gpt(seed=0, **changes):
    torch.manual_seed(seed)
    return GPT2(GPT2Config(**{**CONFIG.__dict__, **changes}))


def weights(model):
    return [parameter.detach().clone() for parameter in model.parameters()]


def assert_same(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        assert_close(mine, other, rtol=0, atol=0)


@pytest.fixture
def norms(monkeypatch):
    """The norm of the gradient before each update, after clipping."""
    seen, step = [], trainer.AdamW.step

    def spy(self, closure=None):
        gradients = [p.grad for group in self.param_groups for p in group["params"]]
        seen.append(torch.cat([gradient.flatten() for gradient in gradients]).norm().item())
        return step(self, closure)

    monkeypatch.setattr(trainer.AdamW, "step", spy)
    return seen


def test_one_step_by_hand_is_one_step_of_the_loop():
    ours, theirs = gpt(), gpt()
    config = TrainingConfig(n_steps=5, learning_rate=0.1, clip_norm=1e9)
    inputs, targets = RandomTokens().batch(0)
    train(ours, Fixed((inputs, targets)), TrainingConfig(n_steps=1, learning_rate=0.1))
    optimizer = torch.optim.AdamW(theirs.parameters(), 0.1, (0.9, 0.95), weight_decay=0.0)
    optimizer.param_groups[0]["params"] = [p for p in theirs.parameters() if p.dim() < 2]
    matrices = [p for p in theirs.parameters() if p.dim() == 2]
    optimizer.add_param_group({"params": matrices, "weight_decay": 0.1})
    next_token_loss(theirs(inputs), targets).backward()
    nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
    optimizer.step()
    assert config.rate(0) == 0.1
    for mine, other in zip(weights(ours), weights(theirs), strict=True):
        assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_every_step_is_clipped_also_the_one_where_the_warm_up_ends(norms):
    config = TrainingConfig(n_steps=8, warmup_steps=3, learning_rate=1e-2, clip_norm=0.01)
    history = train(gpt(), RandomTokens(), config)
    assert norms == pytest.approx([0.01] * 8, rel=1e-3)
    assert min(history.gradient_norms) > 0.1  # what is written down is the length before


def test_a_short_gradient_is_left_as_it_is(norms):
    config = TrainingConfig(n_steps=3, clip_norm=1e6)
    history = train(gpt(), RandomTokens(), config)
    assert norms == pytest.approx(history.gradient_norms, rel=1e-5)


def test_the_learning_rate_of_each_step_is_that_of_the_schedule():
    config = TrainingConfig(n_steps=6, learning_rate=1e-2, warmup_steps=2, min_learning_rate=1e-3)
    model, used = gpt(), []
    optimizer = make_optimizer(model, config)
    groups = optimizer.param_groups
    history = train(
        model,
        RandomTokens(),
        config,
        optimizer=optimizer,
        on_step=lambda _: used.append([group["lr"] for group in groups]),
    )
    schedule = {"peak": 1e-2, "warmup_steps": 2, "total_steps": 6, "minimum": 1e-3}
    expected = [warmup_cosine(step, **schedule) for step in range(6)]
    assert history.learning_rates == expected
    assert used == [[rate, rate] for rate in expected]


@pytest.mark.parametrize("ragged", [False, True])
def test_accumulation_equals_the_large_batch(ragged):
    inputs, targets = RandomTokens(n_rows=6).batch(0)
    if ragged:  # the first two rows hold most of the padding
        targets = targets.clone()
        targets[:2, 2:] = IGNORED
    parts = [(inputs[i : i + 2], targets[i : i + 2]) for i in (0, 2, 4)]
    large, small = gpt(), gpt()
    settings = {"n_steps": 4, "learning_rate": 1e-2}
    whole = train(large, Fixed((inputs, targets)), TrainingConfig(**settings))
    summed = train(small, Fixed(*parts), TrainingConfig(**settings, accumulate=3))
    assert summed.losses == pytest.approx(whole.losses, abs=1e-5)
    assert summed.gradient_norms == pytest.approx(whole.gradient_norms, abs=1e-5)
    for mine, other in zip(weights(small), weights(large), strict=True):
        assert_close(mine, other, rtol=0, atol=1e-5)


def test_the_order_of_the_data_is_a_function_of_the_step():
    data = RandomTokens()
    train(gpt(), data, TrainingConfig(n_steps=3, accumulate=2))
    assert data.asked == [0, 1, 2, 3, 4, 5]


def test_evaluation_weighs_tokens_and_not_batches():
    model = gpt()
    inputs, targets = RandomTokens(n_rows=4).batch(0)
    targets = targets.clone()  # it shares its memory with the inputs
    targets[3, 1:] = IGNORED
    whole = next_token_loss(model(inputs), targets).item()
    cut = [(inputs[:3], targets[:3]), (inputs[3:], targets[3:])]
    assert evaluate_loss(model, cut) == pytest.approx(whole, abs=1e-6)
    nothing = (inputs, torch.full_like(targets, IGNORED))
    assert evaluate_loss(model, [*cut, nothing]) == pytest.approx(whole, abs=1e-6)


def test_evaluation_leaves_modes_gradients_and_random_numbers_alone():
    model = gpt(dropout=0.5)
    model.blocks[0].eval()
    modes = [module.training for module in model.modules()]
    batch = RandomTokens().batch(0)
    before = torch.get_rng_state()
    assert evaluate_loss(model, [batch]) == evaluate_loss(model, [batch])  # no dropout
    assert_close(torch.get_rng_state(), before)
    assert [module.training for module in model.modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("batches", [[], [(torch.zeros(1, 2).long(), torch.full((1, 2), -100))]])
def test_nothing_to_evaluate_on_is_an_error(batches):
    with pytest.raises(ValueError, match="no target"):
        evaluate_loss(gpt(), batches)


def test_validation_comes_before_the_first_step_at_every_multiple_and_at_the_end():
    validation = [RandomTokens().batch(99)]
    model = gpt()
    first = evaluate_loss(model, validation)
    config = TrainingConfig(n_steps=7, evaluate_every=3)
    history = train(model, RandomTokens(), config, validation=validation)
    assert [step for step, _ in history.validation] == [0, 3, 6, 7]
    assert history.validation[0][1] == first
    assert history.validation[-1][1] == evaluate_loss(model, validation)


def test_a_validation_that_can_be_read_only_once_is_refused():
    with pytest.raises(ValueError, match="expected a list"):
        train(gpt(), RandomTokens(), TrainingConfig(n_steps=1), validation=iter([]))


def test_a_small_gpt_learns_one_batch_by_heart():
    batch = RandomTokens().batch(0)
    config = TrainingConfig(n_steps=150, learning_rate=3e-2, warmup_steps=10, weight_decay=0.0)
    history = train(gpt(), Fixed(batch), config)
    assert history.losses[0] > 2
    assert history.losses[-1] < 0.05


def test_a_tiny_gpt_reaches_the_floor_of_a_tiny_grammar():
    grammar = Grammar(TINY)
    tokenizer = train_bpe(grammar.sample(100), 270, special_tokens=(END,))
    stories = grammar.sample(200, seed=1)
    validation = [story_batch(stories, tokenizer)]
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=270, context_length=32, dim=32, n_layers=2, n_heads=2))
    config = TrainingConfig(n_steps=120, learning_rate=1e-2, warmup_steps=10)
    data = StoryBatches(grammar, tokenizer, 16)
    history = train(model, data, config, validation=validation)
    per_story = count_targets(validation[0][1]) / len(stories)
    floor = -sum(map(grammar.log_prob, stories)) / len(stories)
    assert history.validation[0][1] * per_story > 30 * floor
    assert floor < history.validation[-1][1] * per_story < 1.05 * floor
    told = tell(model, tokenizer, 40)
    assert sum(grammar.log_prob(story) > -float("inf") for story in told) >= 36


@pytest.mark.parametrize("stop", [1, 2, 5])
def test_a_run_that_stops_and_resumes_ends_with_the_same_bits(stop):
    config = TrainingConfig(
        n_steps=8, learning_rate=1e-2, warmup_steps=3, accumulate=2, evaluate_every=2
    )
    validation = [RandomTokens().batch(99)]
    whole = gpt()
    expected = train(whole, RandomTokens(), config, validation=validation)

    class Stop(Exception):  # noqa: N818
        pass

    def on_step(history):
        if history.step == stop:
            raise Stop

    model = gpt()
    optimizer, history = make_optimizer(model, config), History()
    together = {"optimizer": optimizer, "history": history, "validation": validation}
    with pytest.raises(Stop):
        train(model, RandomTokens(), config, **together, on_step=on_step)
    assert history.step == stop
    again = History.from_dict(json.loads(json.dumps(history.to_dict())))
    train(model, RandomTokens(), config, **{**together, "history": again})
    assert_same(weights(model), weights(whole))
    assert again.losses == expected.losses
    assert again.learning_rates == expected.learning_rates
    assert again.gradient_norms == expected.gradient_norms
    assert again.validation == expected.validation


def test_a_run_that_is_done_does_nothing():
    model, config = gpt(), TrainingConfig(n_steps=2)
    history = train(model, RandomTokens(), config)
    before = weights(model)
    train(model, RandomTokens(), config, history=history)
    assert history.step == 2
    assert_same(weights(model), before)


def spoil(model, at_step, value):
    """Let the logits become `value` when the model is called for the `at_step`-th time."""
    calls = iter(range(100))

    def hook(module, inputs, logits):
        return logits * value if next(calls) == at_step else logits

    model.register_forward_hook(hook)


@pytest.mark.parametrize(("name", "value"), [("nan", torch.nan), ("nan", torch.inf)])
def test_a_loss_that_is_not_finite_stops_before_the_update(name, value):
    model, history, kept = gpt(), History(), []
    spoil(model, 3, value)
    with pytest.raises(FloatingPointError, match=f"the loss is {name} at step 3"):
        train(
            model,
            RandomTokens(),
            TrainingConfig(n_steps=9),
            history=history,
            on_step=lambda _: kept.append(weights(model)),
        )
    assert history.step == len(history.learning_rates) == 3
    assert_same(weights(model), kept[-1])


def test_a_gradient_that_is_not_finite_stops_before_the_update():
    model = gpt()
    model.norm.weight.register_hook(lambda gradient: gradient * torch.inf)
    before = weights(model)
    with pytest.raises(FloatingPointError, match=r"norm of the gradient is .* at step 0"):
        train(model, RandomTokens(), TrainingConfig(n_steps=9))
    assert_same(weights(model), before)


def test_gradients_from_before_do_not_count():
    ours, theirs = gpt(), gpt()
    for parameter in ours.parameters():
        parameter.grad = torch.ones_like(parameter)
    for model in (ours, theirs):
        train(model, RandomTokens(), TrainingConfig(n_steps=2))
    assert_same(weights(ours), weights(theirs))


def test_each_module_gets_its_mode_back_also_after_an_error():
    model = gpt(dropout=0.1).eval()
    model.blocks[1].train()
    modes = [module.training for module in model.modules()]
    seen = []

    def on_step(_):
        seen.append(all(module.training for module in model.modules()))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(model, RandomTokens(), TrainingConfig(n_steps=5), on_step=on_step)
    assert seen == [True, True]
    assert [module.training for module in model.modules()] == modes


def test_any_module_from_tokens_to_logits_can_be_trained():
    model = nn.Embedding(V, V)
    history = train(model, RandomTokens(), TrainingConfig(n_steps=3))
    assert history.step == 3


def test_frozen_weights_stay():
    model = gpt()
    model.blocks[0].requires_grad_(False)
    before = weights(model.blocks[0])
    train(model, RandomTokens(), TrainingConfig(n_steps=3, learning_rate=0.1))
    assert_same(weights(model.blocks[0]), before)


def test_a_history_survives_json():
    config = TrainingConfig(n_steps=3, evaluate_every=2)
    history = train(gpt(), RandomTokens(), config, validation=[RandomTokens().batch(9)])
    again = History.from_dict(json.loads(json.dumps(history.to_dict())))
    assert again == history
    assert again.step == 3
    lengths = {len(getattr(again, name)) for name in ("losses", "tokens_per_second")}
    assert lengths == {3}


@pytest.mark.parametrize("floor", [None, 1.5])
def test_a_history_draws_itself(floor):
    history = History(losses=[3.0, 2.0], validation=[(0, 3.5), (2, 2.2)])
    (axes,) = history.plot(floor).axes
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(lines["training"]) == [3.0, 2.0]
    assert list(lines["validation"]) == [3.5, 2.2]
    assert ("floor" in lines) == (floor is not None)


def test_there_is_no_progress_bar_where_nobody_watches(capsys):
    train(gpt(), RandomTokens(), TrainingConfig(n_steps=2))
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize(
    "settings",
    [
        {"n_steps": 0},
        {"n_steps": 5, "accumulate": 0},
        {"n_steps": 5, "evaluate_every": 0},
        {"n_steps": 5, "clip_norm": 0.0},
        {"n_steps": 5, "warmup_steps": 6},
        {"n_steps": 5, "min_learning_rate": 1.0},
    ],
)
def test_settings_that_cannot_be_followed_are_refused(settings):
    with pytest.raises(ValueError, match=r"expected|n_steps"):
        TrainingConfig(**settings)


def command(*arguments):
    line = [sys.executable, "-m", "llm_book.training.trainer", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=100)


@pytest.mark.slow
def test_the_command_line_helps():
    asked = command("--help")
    assert asked.returncode == 0
    assert "--language" in asked.stdout


def test_the_command_line_says_in_one_line_what_is_wrong(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["trainer", "--steps", "0"])
    with pytest.raises(SystemExit) as stopped:
        trainer.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "llm_book.training.trainer: n_steps=0, expected at least 1\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/curve.svg", "there is no folder "),
        ("curve.txt", r"curve.txt ends in '.txt', expected one of .*\.svg"),
        ("curve", "curve ends in '', expected one of "),
    ],
)
def test_a_plot_that_cannot_be_drawn_is_refused_before_training(
    name, message, tmp_path, monkeypatch
):
    monkeypatch.setattr(trainer, "train", lambda *_, **__: pytest.fail("it has trained"))
    sizes = ["--dim=8", "--heads=1", "--layers=1", "--vocab-size=300"]
    with pytest.raises((ValueError, OSError), match=message):
        trainer.run(trainer.parse([*sizes, f"--plot={tmp_path / name}"]))


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_line_trains_and_tells(language, tmp_path, capsys):
    torch.set_num_threads(1)
    plot = tmp_path / "curve.svg"
    sizes = ["--steps=2", "--dim=8", "--heads=1", "--layers=1", "--vocab-size=300"]
    arguments = [f"--language={language}", "--batch-size=1", "--show-every=1", f"--plot={plot}"]
    history = trainer.run(trainer.parse([*sizes, *arguments]))
    assert history.step == 2
    printed = capsys.readouterr().out
    assert printed.count("floors") == 2
    assert "<svg" in plot.read_text("utf-8")
