"""Grid, random and TPE on a small problem, what pruning saves, and the noise of the best."""

import statistics
import tempfile
import time
from pathlib import Path

import optuna
import pytest
import torch
from optuna.samplers import GridSampler, RandomSampler
from optuna.trial import TrialState
from tqdm import tqdm

from llm_book.exercises.training.search_solution import halve
from llm_book.training.search import Problem, Settings, best, open_study, search, suggest, tpe

N_SMALL, N_SEEDS = 16, 6
N_TRIALS, N_REPEATS = 12, 3
RATES, DECAYS = (1e-2, 1e-1, 1.0, 10.0), (1e-6, 1e-5, 1e-4, 1e-3)


@pytest.mark.parametrize("n", [8, 64])
def bench_halve(benchmark, n):
    curves = [[float(trial + step) for step in range(8)] for trial in range(n)]
    assert benchmark(halve, curves)[0] == 0


def bench_study_in_memory(benchmark):
    def run():
        study = optuna.create_study()
        search(study, lambda trial: suggest(trial).learning_rate, 4)
        return study

    assert len(benchmark(run).trials) == 4


def bigram_loss(learning_rate, weight_decay, seed=0):
    """Learn which of 20 tokens follows which; the last loss. Only the rate matters much."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(20, 20, generator=generator).mul(2).softmax(-1)
    weight = torch.zeros(20, 20, requires_grad=True)
    for _ in range(40):
        tokens = torch.randint(20, (64,), generator=generator)
        following = torch.multinomial(table[tokens], 1, generator=generator)[:, 0]
        loss = torch.nn.functional.cross_entropy(weight[tokens], following)
        (gradient,) = torch.autograd.grad(loss, weight)
        with torch.no_grad():
            weight -= learning_rate * (gradient + weight_decay * weight)
    with torch.no_grad():
        return -(table * weight.log_softmax(-1)).sum(-1).mean().item()


def small_objective(trial):
    rate = trial.suggest_float("learning_rate", 1e-2, 1e2, log=True)
    decay = trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True)
    return bigram_loss(rate, decay)


def samplers():
    grid = {"learning_rate": list(RATES), "weight_decay": list(DECAYS)}
    return {
        "grid": lambda seed: GridSampler(grid, seed=seed),
        "random": lambda seed: RandomSampler(seed=seed),
        "tpe": tpe,
    }


def compare_samplers():
    found = {}
    for name, make in samplers().items():
        runs = []
        for seed in tqdm(range(N_SEEDS), name, leave=False, disable=None):
            study = optuna.create_study()
            if name == "grid":
                study.sampler = make(seed)
                study.optimize(small_objective, n_trials=N_SMALL)
            else:
                search(study, small_objective, N_SMALL, seed=seed, make_sampler=make)
            runs.append([[*t.params.values(), t.value] for t in study.trials])
        found[name] = {
            "points": runs[0],
            "best": [
                statistics.mean(min(value for _, _, value in run[: n + 1]) for run in runs)
                for n in range(N_SMALL)
            ],
        }
    return found


def run_study(problem, file, pruner):
    study = open_study(file, pruner=pruner)
    start = time.perf_counter()
    search(study, problem.objective, N_TRIALS)
    seconds = time.perf_counter() - start
    trials = [
        {
            "params": trial.params,
            "curve": [loss for _, loss in sorted(trial.intermediate_values.items())],
            "pruned": trial.state == TrialState.PRUNED,
        }
        for trial in study.trials
    ]
    top = best(study, 2)
    return {
        "seconds": seconds,
        "trials": trials,
        "best": [{"params": trial.params, "loss": trial.value} for trial in top],
    }


def measure() -> dict:
    """Compare samplers, search twice, and train the two best settings with other seeds."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    small, problem = compare_samplers(), Problem()
    with tempfile.TemporaryDirectory() as folder:
        studies = {
            name: run_study(problem, Path(folder) / f"{name}.db", pruner)
            for name, pruner in (("whole", optuna.pruners.NopPruner()), ("pruned", None))
        }
    repeats = []
    for entry in studies["whole"]["best"]:
        settings = Settings(**entry["params"])
        losses = [problem.train(settings, seed=seed) for seed in range(1, 1 + N_REPEATS)]
        repeats.append(entry | {"losses": losses})
    return {"small": small, "n_seeds": N_SEEDS, "studies": studies, "repeats": repeats}
