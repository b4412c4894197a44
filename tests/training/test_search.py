import subprocess
import sys

import optuna
import pytest
import torch
from optuna.trial import TrialState

from llm_book.training import search as module
from llm_book.training.search import (
    Problem,
    Settings,
    best,
    finished,
    open_study,
    search,
    suggest,
)

GOOD = Settings(learning_rate=1e-2, dim=16, batch_size=4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def problem():
    """A problem of half a second a trial."""
    return Problem(n_stories=64, n_held_out=4, vocab_size=270)


def square(trial):
    """A problem of no time at all: best at learning rate 0.01."""
    settings = suggest(trial)
    return (torch.tensor(settings.learning_rate).log10().item() + 2) ** 2 + settings.dim / 1000


def curve(trial):
    """Report eight values, all above those of any better trial."""
    height = suggest(trial).learning_rate
    for number in range(1, 9):
        trial.report(height / number, number)
        if trial.should_prune():
            raise optuna.TrialPruned
    return height / 8


def chosen(study):
    return [(trial.params, trial.value) for trial in finished(study)]


def test_a_stopped_study_goes_on_as_if_it_had_not_stopped(tmp_path):
    search(open_study(tmp_path / "a.db"), square, 8)
    for n in (3, 6, 8):
        search(open_study(tmp_path / "b.db"), square, n)  # opened anew each time
    assert chosen(open_study(tmp_path / "b.db")) == chosen(open_study(tmp_path / "a.db"))


@pytest.mark.parametrize("kind", ["text", "folder"])
def test_a_file_that_is_no_study_is_named_in_one_line(kind, tmp_path, monkeypatch, capsys):
    file = tmp_path / "a.db"
    file.mkdir() if kind == "folder" else file.write_text("not a database " * 100)
    monkeypatch.setattr(sys, "argv", ["search", "--study", str(file)])
    with pytest.raises(SystemExit) as stopped:
        module.main()
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert f"{file} does not open as an SQLite study: " in printed
    assert printed.count("\n") == 1


def test_only_the_missing_trials_are_run(tmp_path):
    study = open_study(tmp_path / "a.db")
    search(study, square, 5)
    search(study, square, 5)
    assert len(study.trials) == 5


def test_a_trial_of_a_killed_process_does_not_count(tmp_path):
    study = open_study(tmp_path / "a.db")
    study.ask()  # nobody will ever tell its result
    search(study, square, 3)
    assert len(finished(study)) == 3
    assert len(study.trials) == 4


def test_pruned_trials_count(tmp_path):
    study = open_study(tmp_path / "a.db")
    search(study, curve, 10)
    states = [trial.state for trial in study.trials]
    assert TrialState.PRUNED in states
    assert len(states) == 10


def test_no_trial_is_pruned_before_five_others_or_at_its_first_evaluation(tmp_path):
    study = open_study(tmp_path / "a.db")
    search(study, curve, 10)
    pruned = [trial for trial in study.trials if trial.state == TrialState.PRUNED]
    assert min(trial.number for trial in pruned) >= 5
    assert min(trial.last_step for trial in pruned) >= 2


def test_another_seed_makes_other_choices(tmp_path):
    for seed in (0, 1):
        search(open_study(tmp_path / f"{seed}.db"), square, 3, seed=seed)
    assert chosen(open_study(tmp_path / "0.db")) != chosen(open_study(tmp_path / "1.db"))


def test_the_trials_of_a_study_differ_from_each_other(tmp_path):
    study = open_study(tmp_path / "a.db")
    search(study, square, 8)
    assert len({trial.params["learning_rate"] for trial in study.trials}) == 8


def test_the_sampler_comes_closer_to_the_best_than_random_draws():
    means = []
    for make_sampler in (module.tpe, lambda seed: optuna.samplers.RandomSampler(seed=seed)):
        study = optuna.create_study()  # in memory
        search(study, square, 40, make_sampler=make_sampler)
        means.append(sum(trial.value for trial in study.trials[20:]) / 20)
    assert means[0] < means[1] / 2


def test_the_best_come_first_and_pruned_ones_not_at_all(tmp_path):
    study = open_study(tmp_path / "a.db")
    search(study, curve, 10)
    values = [trial.value for trial in best(study, 4)]
    assert values == sorted(values)
    assert values[0] == min(t.value for t in study.trials if t.state == TrialState.COMPLETE)


def test_learning_rates_are_drawn_evenly_over_the_powers_of_ten(tmp_path):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    rates = torch.tensor([suggest(study.ask()).learning_rate for _ in range(600)]).log10()
    shares = [((rates >= low) & (rates < low + 1)).float().mean().item() for low in (-4, -3, -2)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.07)


def test_training_learns_and_reports_each_evaluation(problem):
    reports = []
    loss = problem.train(GOOD, report=lambda number, loss: reports.append((number, loss)))
    numbers = [number for number, _ in reports]
    assert numbers == list(range(1, 9))
    assert reports[-1] == (8, loss)
    assert loss < reports[0][1]


def test_the_same_seed_gives_the_same_loss_and_another_one_another(problem):
    losses = [problem.train(GOOD, seed=seed) for seed in (0, 0, 1)]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@pytest.mark.parametrize("batch_size", [4, 8])
def test_every_trial_sees_equally_many_stories(problem, batch_size, monkeypatch):
    seen = []

    class Counting(module.Beginnings):
        def batch(self, step):
            seen.append(self.batch_size)
            return super().batch(step)

    monkeypatch.setattr(module, "Beginnings", Counting)
    problem = Problem(n_stories=64, n_held_out=1, vocab_size=270)
    problem.train(Settings(learning_rate=1e-3, dim=16, batch_size=batch_size))
    assert sum(seen) == 64 + 1  # and the one held out


def test_a_loss_that_is_not_finite_prunes_the_trial(problem, monkeypatch, tmp_path):
    def train(*arguments, **options):
        raise FloatingPointError("the loss is nan at step 3")

    monkeypatch.setattr(module, "train", train)
    study = open_study(tmp_path / "a.db")
    search(study, problem.objective, 1)
    assert study.trials[0].state == TrialState.PRUNED


@pytest.mark.parametrize("seed", [0, 1])
def test_the_held_out_stories_are_not_those_of_training(problem, monkeypatch, seed):
    rows = set()

    def look(model, data, *rest, **options):
        rows.update(tuple(row.tolist()) for row in data.batch(0)[0][:, :40])
        raise StopIteration

    monkeypatch.setattr(module, "train", look)
    settings = module.Settings(learning_rate=1e-3, dim=16, batch_size=problem.n_held_out)
    with pytest.raises(StopIteration):
        problem.train(settings, seed=seed)
    assert len(rows) == problem.n_held_out
    assert not rows & {tuple(row.tolist()) for row in problem.held_out[0][:, :40]}


def command(*arguments):
    line = [sys.executable, "-m", "llm_book.training.search", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=600)


@pytest.mark.slow
def test_the_command_searches_and_goes_on(tmp_path):
    file = tmp_path / "runs" / "search.db"
    for n in (1, 2):
        done = command("--study", file, "--trials", n, "--stories", 32)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{n} trials, 0 of them stopped early\nloss ")


@pytest.mark.slow
def test_wrong_arguments_are_one_line(tmp_path):
    done = command("--study", tmp_path / "a.db", "--trials", 0)
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "--trials of at least 1" in done.stderr
