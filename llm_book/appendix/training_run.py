"""Train a small GPT on stories from beginning to end, with all the trimmings.

python -m llm_book.appendix.training_run --folder runs/first
python -m llm_book.appendix.training_run --folder runs/first --resume
"""

import argparse
import json
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import FrameType

import torch
from tqdm import tqdm

from llm_book.data.stories import LANGUAGES, StoryGrammar
from llm_book.data.token_files import RandomWindows, TokenFile, write_token_file
from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.tokenizers.bpe import BPETokenizer, train_bpe
from llm_book.training.checkpoint import checkpoints, load_checkpoint, new_folder, save_checkpoint
from llm_book.training.storytelling import END, tell
from llm_book.training.trainer import History, TrainingConfig, make_optimizer, train

TEXTS = ("train", "held_out")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that a run depends on; the same settings give the same weights.

    Raises:
        ValueError: `save_every` is below 1; the other numbers are checked where they are used.
    """

    language: str = "en"
    stories: int = 5000
    vocab_size: int = 1000
    context_length: int = 128
    layers: int = 4
    dim: int = 128
    heads: int = 4
    dropout: float = 0.0
    steps: int = 600
    batch_size: int = 16
    accumulate: int = 1
    learning_rate: float = 2e-3
    warmup: int = 60
    clip_norm: float = 1.0
    weight_decay: float = 0.1
    show_every: int = 100
    save_every: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.save_every < 1:
            raise ValueError(f"save_every={self.save_every}, expected at least 1")


class Stopped(Exception):  # noqa: N818
    """Raised after a step, when the run has been asked to stop and is saved."""


@contextmanager
def stop_between_steps() -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl+C, so that the step in progress can end; the second one stops."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    signals = (signal.SIGINT, signal.SIGTERM)  # Ctrl+C, and what a cluster sends
    before = [signal.signal(number, note) for number in signals]
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def prepare(folder: Path, settings: Settings) -> None:
    """Write settings, tokenizer, and token files to `folder/data`, whole or not at all."""
    grammar = StoryGrammar(settings.language)
    sizes = (settings.stories, max(100, settings.stories // 20))
    seeds = (2 * settings.seed, 2 * settings.seed + 1)
    texts = [grammar.sample(n, seed=seed) for n, seed in zip(sizes, seeds, strict=True)]
    tokenizer = train_bpe(texts[0], settings.vocab_size, special_tokens=(END,))
    shutil.rmtree(folder / "data", ignore_errors=True)  # of a run that has saved nothing
    with new_folder(folder / "data") as data:
        (data / "settings.json").write_text(json.dumps(asdict(settings), indent=1), "utf-8")
        tokenizer.save(data)
        for name, stories in zip(TEXTS, texts, strict=True):
            ids = tokenizer.encode_iterable((END + story for story in stories), {END})
            write_token_file(data / f"{name}.tokens", ids, tokenizer)


def read_settings(folder: Path) -> Settings:
    """Return the settings of the run in a folder.

    Raises:
        FileNotFoundError: There is no run in the folder.
        ValueError: Its settings have other names than those of this version.
    """
    file = folder / "data" / "settings.json"
    if not file.exists():
        raise FileNotFoundError(f"there is no run in {folder} to resume")
    entries = json.loads(file.read_text("utf-8"))
    different = set(entries) ^ {field.name for field in fields(Settings)}
    if different:
        names = ", ".join(sorted(different))
        raise ValueError(f"{file} is of another version, which differs in {names}")
    return Settings(**entries)


def floor_of(settings: Settings, tokenizer: BPETokenizer) -> float:
    """Return the entropy of the stories in nats a token: no model can stay below it."""
    grammar = StoryGrammar(settings.language)
    stories = grammar.sample(100, seed=2 * settings.seed + 1)
    n_tokens = sum(len(tokenizer.encode(story)) + 1 for story in stories)  # 1 for the end
    return -sum(map(grammar.log_prob, stories)) / n_tokens


def open_windows(
    folder: Path, settings: Settings, tokenizer: BPETokenizer
) -> tuple[RandomWindows, RandomWindows]:
    """Return the windows to train on, and those held out."""
    sizes = (settings.context_length, settings.batch_size)
    files = [TokenFile(folder / "data" / f"{name}.tokens", tokenizer) for name in TEXTS]
    train_on, held_out = (RandomWindows([file], *sizes, seed=settings.seed) for file in files)
    return train_on, held_out


def build(settings: Settings, vocab_size: int) -> tuple[GPT2, TrainingConfig]:
    """Return the model as it is before the first step, and how it will be trained."""
    torch.manual_seed(settings.seed)
    model = GPT2(
        GPT2Config(
            vocab_size=vocab_size,
            context_length=settings.context_length,
            dim=settings.dim,
            n_layers=settings.layers,
            n_heads=settings.heads,
            dropout=settings.dropout,
        )
    )
    config = TrainingConfig(
        n_steps=settings.steps,
        learning_rate=settings.learning_rate,
        min_learning_rate=settings.learning_rate / 10,
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        clip_norm=settings.clip_norm,
        accumulate=settings.accumulate,
        evaluate_every=settings.show_every,
    )
    return model, config


def run(folder: Path, settings: Settings, *, resume: bool = False) -> History:
    """Train from the start or from the newest checkpoint, and leave all results in the folder.

    Raises:
        FileExistsError: The folder has a run already, and `resume` is not set.
        Stopped: Ctrl+C was pressed; the folder has a checkpoint of the last step.
    """
    if not resume:
        if checkpoints(folder) or (folder / "model").exists():
            raise FileExistsError(f"there is a run in {folder}: add --resume, or choose another")
        prepare(folder, settings)
    tokenizer = BPETokenizer.load(folder / "data")
    data, held_out = open_windows(folder, settings, tokenizer)
    model, config = build(settings, tokenizer.vocab_size)
    optimizer = make_optimizer(model, config)
    history = load_checkpoint(folder, model, optimizer) if resume else History()
    tqdm.write(f"{count_parameters(model):,} parameters, {history.step} steps done")

    with stop_between_steps() as asked_to_stop:

        def on_step(history: History) -> None:
            last, stop = history.step == config.n_steps, asked_to_stop()
            if history.step % settings.save_every == 0 or last or stop:
                save_checkpoint(folder, model, optimizer, history)
            if history.step % settings.show_every == 0 or last:
                tqdm.write(f"\nstep {history.step}: held-out loss {history.validation[-1][1]:.3f}")
                tqdm.write(tell(model, tokenizer, seed=history.step)[0])
            if stop and not last:
                raise Stopped

        train(
            model,
            data,
            config,
            optimizer=optimizer,
            history=history,
            validation=[held_out.batch(i) for i in range(4)],
            on_step=on_step,
        )
    history.plot(floor_of(settings, tokenizer)).savefig(folder / "history.svg")
    if not (folder / "model").exists():
        save_pretrained(model, folder / "model", tokenizer)
    return history


def parse(arguments: list[str] | None = None) -> tuple[Path, Settings, bool]:
    """Read the command line: the folder, the settings, and whether to resume."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.appendix.training_run",
        description="Train a small GPT on stories, about two minutes on a laptop.",
        epilog="Ctrl+C saves a checkpoint and stops; --resume goes on from it.",
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/stories"), help="for everything")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint")
    for field in fields(Settings):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=argparse.SUPPRESS,
            choices=LANGUAGES if field.name == "language" else None,
            help=f"default: {field.default}",
        )
    given = vars(parser.parse_args(arguments))
    folder, resume = given.pop("folder"), given.pop("resume")
    if not resume:
        return folder, Settings(**given), False
    settings = read_settings(folder)
    for name, value in given.items():
        if value != getattr(settings, name):
            raise ValueError(
                f"--{name.replace('_', '-')} {value}: the run in {folder} began with "
                f"{getattr(settings, name)}, and a resumed run keeps its settings"
            )
    return folder, settings, True


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    try:
        folder, settings, resume = parse(arguments)
        run(folder, settings, resume=resume)
        print(f"done: {folder / 'history.svg'} and {folder / 'model'}")
    except Stopped:
        step = int(checkpoints(folder)[-1].name[5:])
        command = f"python -m llm_book.appendix.training_run --folder {folder} --resume"
        print(f"stopped after step {step}; to go on: {command}")
        sys.exit(130)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"llm_book.appendix.training_run: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
