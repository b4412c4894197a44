"""Search for good settings: try many, stop the bad ones early, remember all of them on disk.

    python -m llm_book.training.search --study runs/search.db

The study is an SQLite file. Whoever opens it goes on where it stands: the same command
after a crash, or a second one beside the first.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.trial import TrialState
from sqlalchemy.exc import DatabaseError
from tqdm import tqdm

from llm_book.data.stories import LANGUAGES, StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import BPETokenizer, train_bpe
from llm_book.training.loss import Batch
from llm_book.training.storytelling import END, StoryBatches
from llm_book.training.trainer import History, TrainingConfig, train

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
N_REPORTS = 8  # evaluations of a trial, each a chance to stop it
Report = Callable[[int, float], Any]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a trial chooses; batch_size is in stories."""

    learning_rate: float
    dim: int
    batch_size: int


def suggest(trial: optuna.Trial) -> Settings:
    """Choose the settings of a trial; where factors matter, on a logarithmic scale."""
    return Settings(
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        dim=trial.suggest_int("dim", 16, 48, step=16),
        batch_size=trial.suggest_categorical("batch_size", [4, 8, 16, 32]),
    )


class Beginnings(StoryBatches):
    """Batches of the first tokens of stories: short rows, for quick trials."""

    n_tokens = 64

    def batch(self, step: int) -> Batch:
        """Return the first `n_tokens` columns of a batch of stories."""
        inputs, targets = super().batch(step)
        return inputs[:, : self.n_tokens], targets[:, : self.n_tokens]


@dataclass(kw_only=True)
class Problem:
    """Small GPTs on how stories begin: all see equally many, and others score them.

    Args:
        language: Of the stories.
        n_stories: Stories that a trial may see.
        n_held_out: Stories that score it. They choose, so they cannot be the final test.
        vocab_size: Tokens of the vocabulary.
    """

    language: str = "en"
    n_stories: int = 256
    n_held_out: int = 32
    vocab_size: int = 300
    grammar: StoryGrammar = field(init=False)
    tokenizer: BPETokenizer = field(init=False)
    held_out: Batch = field(init=False)

    def __post_init__(self) -> None:
        self.grammar = StoryGrammar(self.language)
        stories = self.grammar.sample(200)
        self.tokenizer = train_bpe(stories, self.vocab_size, special_tokens=(END,))
        held_out = Beginnings(self.grammar, self.tokenizer, self.n_held_out, seed=0)
        self.held_out = held_out.batch(0)

    def train(self, settings: Settings, *, seed: int = 0, report: Report | None = None) -> float:
        """Train with these settings and return the last loss on the held-out stories.

        Args:
            settings: What to train with.
            seed: Of the weights and of the stories.
            report: Called with the number of the evaluation and its loss, after each.
        """
        torch.manual_seed(seed)
        config = GPT2Config(
            vocab_size=self.tokenizer.vocab_size,
            context_length=Beginnings.n_tokens,
            dim=settings.dim,
            n_layers=2,
            n_heads=2,
        )
        n_steps = max(N_REPORTS, self.n_stories // settings.batch_size)
        how = TrainingConfig(
            n_steps=n_steps,
            learning_rate=settings.learning_rate,
            warmup_steps=n_steps // 10,
            evaluate_every=n_steps // N_REPORTS,
        )

        def on_step(history: History) -> None:
            step, loss = history.validation[-1]
            if report and step == history.step:
                report(step * N_REPORTS // n_steps, loss)  # the same share of the stories

        data = Beginnings(self.grammar, self.tokenizer, settings.batch_size, seed=seed + 1)
        history = train(GPT2(config), data, how, validation=[self.held_out], on_step=on_step)
        return history.validation[-1][1]

    def objective(self, trial: optuna.Trial) -> float:
        """Train with what the trial suggests, unless the pruner stops it on the way.

        Raises:
            TrialPruned: The pruner finds it worse than others were, or the loss is not finite.
        """

        def report(number: int, loss: float) -> None:
            trial.report(loss, number)
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            return self.train(suggest(trial), report=report)
        except FloatingPointError as error:
            raise optuna.TrialPruned(str(error)) from error


def open_study(
    file: str | Path, *, pruner: optuna.pruners.BasePruner | None = None
) -> optuna.Study:
    """Make a study in an SQLite file, or open the one that is there.

    Args:
        file: Its folder is made if it does not exist.
        pruner: By default, a trial stops if it is worse than half of those before it were
            at the same evaluation; not among the first five trials, nor at its first.

    Raises:
        ValueError: The file is something else.
    """
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = pruner or optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2)
    storage = f"sqlite:///{Path(file).resolve().as_posix()}"
    try:
        return optuna.create_study(
            study_name="search", storage=storage, load_if_exists=True, pruner=pruner
        )
    except DatabaseError as error:  # whose own message has several lines
        raise ValueError(f"{file} does not open as an SQLite study: {error.orig}") from error


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Return the trials that ran to their end or were pruned; not those of killed processes."""
    return study.get_trials(deepcopy=False, states=FINISHED)


def tpe(seed: int) -> optuna.samplers.BaseSampler:
    """Return the sampler that draws near good trials, after five at random."""
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)


def search(
    study: optuna.Study,
    objective: Callable[[optuna.Trial], float],
    n_trials: int,
    *,
    seed: int = 0,
    make_sampler: Callable[[int], optuna.samplers.BaseSampler] = tpe,
) -> None:
    """Run trials until the study has `n_trials` finished ones, whoever ran them.

    Each trial gets a sampler seeded with its number, so that a study that was stopped
    between two trials goes on as if it had not been.
    """
    bar = tqdm(total=n_trials, initial=len(finished(study)), unit="trial", disable=None)
    with bar:
        while len(finished(study)) < n_trials:
            study.sampler = make_sampler(1000 * seed + len(study.get_trials(deepcopy=False)))
            study.optimize(objective, n_trials=1)
            bar.n = len(finished(study))
            bar.refresh()


def best(study: optuna.Study, n: int) -> list[optuna.trial.FrozenTrial]:
    """Return the `n` best trials that ran to their end, the best first."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return sorted(complete, key=lambda trial: trial.values[0])[:n]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.training.search",
        description="Search for the learning rate, the width and the batch of small GPTs.",
        epilog="The same command goes on with a study; a second one at the same time helps it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--study", default="runs/search.db", help="SQLite file of the study")
    parser.add_argument("--trials", type=int, default=20, help="finished trials in all")
    parser.add_argument("--stories", type=int, default=256, help="stories that a trial may see")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the stories")
    parser.add_argument("--seed", type=int, default=0, help="of the choices; each worker its own")
    return parser.parse_args(arguments)


def main() -> None:
    """Run the command line."""
    arguments = parse()
    try:
        if arguments.trials < 1 or arguments.stories < 32:
            raise ValueError("expected --trials of at least 1 and --stories of at least 32")
        study = open_study(arguments.study)
        problem = Problem(language=arguments.language, n_stories=arguments.stories)
        search(study, problem.objective, arguments.trials, seed=arguments.seed)
    except (ValueError, OSError) as error:
        print(f"llm_book.training.search: {error}", file=sys.stderr)
        sys.exit(2)
    n_pruned = len(study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))
    print(f"{len(finished(study))} trials, {n_pruned} of them stopped early")
    for trial in best(study, 5):
        print(f"loss {trial.value:.4f}  {Settings(**trial.params)}")


if __name__ == "__main__":
    main()
