"""The training loop: draw a batch, follow the gradient, write down what happened."""

import argparse
import math
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from llm_book.data.stories import LANGUAGES, StoryGrammar
from llm_book.models.causal_lm import count_parameters, evaluating
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.adamw import AdamW, parameter_groups
from llm_book.training.loss import IGNORED, Batch, next_token_loss
from llm_book.training.schedule import warmup_cosine
from llm_book.training.storytelling import END, StoryBatches, lowest_loss, story_batch, tell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Batches(Protocol):
    """What is asked of the data: a batch for each number, such as `RandomWindows` has."""

    def batch(self, step: int) -> Batch:
        """Return inputs `(B, T)` and targets `(B, T)`, the same for the same number."""
        ...


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How long and how fast to train.

    Args:
        n_steps: Updates of the weights in all, those before a resumption included.
        learning_rate: The highest, at the end of the warm-up.
        min_learning_rate: The lowest, at the end of the run.
        warmup_steps: Steps on the way up.
        weight_decay: Of the matrices.
        betas: As for `AdamW`.
        clip_norm: A gradient longer than this is shortened to it.
        accumulate: Batches whose gradients are added up for one update.
        evaluate_every: Steps from one evaluation to the next.

    Raises:
        ValueError: A number is too small, or the schedule does not fit into the steps.
    """

    n_steps: int
    learning_rate: float = 1e-3
    min_learning_rate: float = 0.0
    warmup_steps: int = 0
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    clip_norm: float = 1.0
    accumulate: int = 1
    evaluate_every: int = 100

    def __post_init__(self) -> None:
        for name in ("n_steps", "accumulate", "evaluate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}, expected at least 1")
        if not self.clip_norm > 0:
            raise ValueError(f"clip_norm={self.clip_norm}, expected more than 0")
        self.rate(0)  # checks the schedule

    def rate(self, step: int) -> float:
        """Return the learning rate of the update after `step` updates."""
        return warmup_cosine(
            step,
            peak=self.learning_rate,
            warmup_steps=self.warmup_steps,
            total_steps=self.n_steps,
            minimum=self.min_learning_rate,
        )


@dataclass
class History:
    """What happened, one entry a step; `validation` has pairs (step, loss)."""

    losses: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    tokens_per_second: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)

    @property
    def step(self) -> int:
        """Number of updates done."""
        return len(self.losses)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers, as JSON has them."""
        return {**asdict(self), "validation": [list(pair) for pair in self.validation]}

    @classmethod
    def from_dict(cls, entries: dict[str, Any]) -> "History":
        """Read what `to_dict` returned."""
        pairs = [(step, loss) for step, loss in entries["validation"]]
        return cls(**{**entries, "validation": pairs})

    def plot(self, floor: float | None = None) -> "Figure":
        """Draw the losses over the steps, and the lowest possible loss where it is known."""
        from matplotlib.figure import Figure  # here, so that training starts without it

        figure = Figure(layout="constrained")
        axes = figure.add_subplot(xlabel="step", ylabel="loss (nats per token)")
        axes.plot(range(1, self.step + 1), self.losses, alpha=0.4, label="training")
        if self.validation:
            axes.plot(*zip(*self.validation, strict=True), "o-", label="validation")
        if floor is not None:
            axes.axhline(floor, linestyle="--", color="black", label="floor")
        axes.legend()
        return figure


@contextmanager
def training(model: nn.Module) -> Iterator[None]:
    """Put every module into training mode, then give each its own mode back."""
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def device_of(model: nn.Module) -> torch.device:
    """Return where the weights are."""
    return next(model.parameters()).device


def count_targets(targets: Tensor) -> int:
    """Count the targets that are to be predicted."""
    return int((targets != IGNORED).sum())


def evaluate_loss(model: nn.Module, batches: Iterable[Batch]) -> float:
    """Return the mean loss over all targets: a batch with more of them counts for more.

    The model's mode and gradients are left as they are.

    Raises:
        ValueError: There is no target in all the batches.
    """
    total, n, device = 0.0, 0, device_of(model)
    with torch.no_grad(), evaluating(model.modules()):
        for inputs, targets in batches:
            n_here = count_targets(targets)
            logits = model(inputs.to(device))
            total += next_token_loss(logits, targets.to(device)).item() * n_here
            n += n_here
    if n == 0:
        raise ValueError("there is no target to evaluate on")
    return total / n


def make_optimizer(model: nn.Module, config: TrainingConfig) -> AdamW:
    """Return an AdamW for the model's weights; `train` sets its learning rate."""
    groups = parameter_groups(model, config.weight_decay)
    return AdamW(groups, config.learning_rate, config.betas)


def check_finite(name: str, value: float, step: int) -> None:
    """Raise FloatingPointError if a number can no longer be followed."""
    if not math.isfinite(value):
        raise FloatingPointError(
            f"the {name} is {value} at step {step}; the weights are those of the step before"
        )


def add_gradients(model: nn.Module, batches: list[Batch], step: int) -> tuple[float, int]:
    """Add up the gradients of one mean over the targets of all batches.

    Returns:
        The mean loss, and the number of targets.
    """
    counts = [count_targets(targets) for _, targets in batches]
    n, total, device = max(1, sum(counts)), 0.0, device_of(model)
    for (inputs, targets), n_here in zip(batches, counts, strict=True):
        loss = next_token_loss(model(inputs.to(device)), targets.to(device)) * (n_here / n)
        check_finite("loss", loss.item(), step)
        loss.backward()
        total += loss.item()
    return total, sum(counts)


def clip_gradients(model: nn.Module, longest: float) -> float:
    """Shorten the gradient to `longest` where it is longer, and return its length before."""
    return nn.utils.clip_grad_norm_(model.parameters(), longest).item()


def train_step(
    model: nn.Module,
    data: Batches,
    config: TrainingConfig,
    optimizer: torch.optim.Optimizer,
    history: History,
    *,
    add_gradients: Callable[[nn.Module, list[Batch], int], tuple[float, int]] = add_gradients,
    clip_gradients: Callable[[nn.Module, float], float] = clip_gradients,
) -> int:
    """Update the weights once, and return the number of targets.

    Several processes add and clip gradients in their own way; all else is the same for them.
    """
    step = history.step
    first = step * config.accumulate
    batches = [data.batch(number) for number in range(first, first + config.accumulate)]
    rate = config.rate(step)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss, n_targets = add_gradients(model, batches, step)
    norm = clip_gradients(model, config.clip_norm)
    check_finite("norm of the gradient", norm, step)
    optimizer.step()
    history.losses.append(loss)
    history.learning_rates.append(rate)
    history.gradient_norms.append(norm)
    return n_targets


def train(
    model: nn.Module,
    data: Batches,
    config: TrainingConfig,
    *,
    optimizer: torch.optim.Optimizer | None = None,
    history: History | None = None,
    validation: Collection[Batch] = (),
    on_step: Callable[[History], Any] | None = None,
) -> History:
    """Train from step `history.step` on, and return the history, one entry a step longer each.

    Step s takes the batches `s * accumulate` and the following ones, so that the order of
    the data needs no memory. To resume, pass the optimizer and the history of before.

    Args:
        model: Token ids `(B, T)` to logits `(B, T, V)`; its mode is restored at the end.
        data: Such as `RandomWindows` or `StoryBatches`.
        config: How long and how fast.
        optimizer: `make_optimizer(model, config)` by default.
        history: Is extended in place; an empty one by default.
        validation: Batches to evaluate on before the first step, every `evaluate_every`
            steps, and after the last.
        on_step: Called with the history after each step, to save, to print, or to stop
            by raising.

    Raises:
        ValueError: `validation` is an iterator, which could be read only once.
        FloatingPointError: The loss or the gradient is not finite. The weights have not
            been updated by it.
    """
    if isinstance(validation, Iterator):
        raise ValueError("validation is an iterator, expected a list: it is read many times")
    optimizer = make_optimizer(model, config) if optimizer is None else optimizer
    history = History() if history is None else history

    def evaluate() -> None:
        if validation:
            history.validation.append((history.step, evaluate_loss(model, validation)))

    bar = tqdm(total=config.n_steps, initial=history.step, unit="step", disable=None)
    with bar, training(model):
        if history.step == 0:
            evaluate()
        for step in range(history.step, config.n_steps):
            start = time.perf_counter()
            n_targets = train_step(model, data, config, optimizer, history)
            speed = n_targets / (time.perf_counter() - start)
            history.tokens_per_second.append(speed)
            bar.set_postfix(
                {"loss": f"{history.losses[-1]:.3f}", "tokens/s": f"{speed:,.0f}"}, refresh=False
            )
            bar.update()
            if (step + 1) % config.evaluate_every == 0 or step + 1 == config.n_steps:
                evaluate()
            if on_step:
                on_step(history)
    return history


def check_plot(file: str) -> None:
    """Raise ValueError or FileNotFoundError if a plot cannot be saved to the file."""
    from matplotlib.backend_bases import FigureCanvasBase

    path, known = Path(file), sorted(FigureCanvasBase.get_supported_filetypes())
    if path.suffix[1:].lower() not in known:
        expected = f"expected one of .{', .'.join(known)}"
        raise ValueError(f"{path} ends in {path.suffix!r}, {expected}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} for {path.name}")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.training.trainer",
        description="Train a small GPT on stories whose lowest possible loss is known.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the stories")
    for name, default, what in (
        ("steps", 300, "updates of the weights"),
        ("batch-size", 16, "stories of a batch"),
        ("accumulate", 1, "batches of a step"),
        ("vocab-size", 1000, "tokens of the vocabulary, at least 257"),
        ("layers", 2, "blocks of the model"),
        ("dim", 128, "width of the model"),
        ("heads", 4, "heads of a block"),
        ("show-every", 100, "steps from one evaluation and one story to the next"),
        ("seed", 0, "of the weights"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=what)
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="highest of the run")
    parser.add_argument("--plot", metavar="FILE", help="draw the losses: curve.svg, curve.png")
    return parser.parse_args(arguments)


def run(arguments: argparse.Namespace) -> History:
    """Train, and print a story and the distance from the floor again and again."""
    if arguments.plot:
        check_plot(arguments.plot)
    config = TrainingConfig(
        n_steps=arguments.steps,
        learning_rate=arguments.learning_rate,
        warmup_steps=min(100, arguments.steps // 10),
        accumulate=arguments.accumulate,
        evaluate_every=arguments.show_every,
    )
    grammar = StoryGrammar(arguments.language)
    tokenizer = train_bpe(grammar.sample(2000), arguments.vocab_size, special_tokens=(END,))
    torch.manual_seed(arguments.seed)
    model = GPT2(
        GPT2Config(
            vocab_size=tokenizer.vocab_size,
            context_length=1024,
            dim=arguments.dim,
            n_layers=arguments.layers,
            n_heads=arguments.heads,
        )
    )
    held_out = grammar.sample(100, seed=1)
    validation = [story_batch(held_out, tokenizer)]
    per_character = count_targets(validation[0][1]) / sum(map(len, held_out))
    floor = lowest_loss(grammar, held_out)
    print(f"{count_parameters(model):,} parameters; the floor is {floor:.4f} nats a character")

    def show(history: History) -> None:
        step, loss = history.validation[-1]
        if step == history.step:
            loss *= per_character
            tqdm.write(f"\nstep {step}: {loss:.4f} nats a character, {loss / floor:.3f} floors")
            tqdm.write(tell(model, tokenizer, seed=step)[0])

    data = StoryBatches(grammar, tokenizer, arguments.batch_size)
    history = train(model, data, config, validation=validation, on_step=show)
    if arguments.plot:
        history.plot(floor / per_character).savefig(arguments.plot)
    return history


def main() -> None:
    """Run the command line."""
    try:
        run(parse())
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"llm_book.training.trainer: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
