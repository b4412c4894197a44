import errno
import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch.testing import assert_close

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training import distributed
from llm_book.training.checkpoint import checkpoints
from llm_book.training.distributed import OwnRows, distribute, load, save
from llm_book.training.storytelling import END, StoryBatches
from llm_book.training.trainer import History, TrainingConfig, make_optimizer, train

WORKER = Path(__file__).with_name("distributed_worker.py")
TIME_LIMIT = 600  # seconds; a launch takes about five, far more on a busy machine
launched = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32" or not torch.distributed.is_available(),
        reason="torchrun and gloo are tested on Linux and macOS",
    ),
]


def load_worker():
    spec = importlib.util.spec_from_file_location("distributed_worker", WORKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


worker = load_worker()


def torchrun(*arguments, **options):
    """Run a script in two processes; kill them all if they take too long."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", *map(str, arguments)]
    # The launcher stays away from the network, and from other jobs' graphics cards.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True, **options,
    )  # fmt: skip
    try:
        printed, _ = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"still running after {TIME_LIMIT} s: {process.communicate()[0][-3000:]}")
    assert process.returncode == 0, printed[-3000:]
    return printed


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What two processes found out, all cases in one launch."""
    folder = tmp_path_factory.mktemp("distributed")
    torchrun(WORKER, folder)
    return torch.load(folder / "found.pt", weights_only=False) | {"folder": folder}


def plain(accumulate, n_steps=6):
    """One process, by the trainer of the page before."""
    config = worker.settings(accumulate, n_steps)
    model, optimizer = worker.start(None, config)
    history = train(model, worker.RandomTokens(), config, optimizer=optimizer)
    return model, optimizer, history


def cases(function):
    """Run a test for each way to distribute, in the worker processes."""
    parametrize = pytest.mark.parametrize("case", worker.CASES)
    for mark in (*launched, parametrize):
        function = mark(function)
    return function


@cases
def test_two_processes_train_as_one_does(found, case):
    model, _, history = plain(worker.CASES[case][1])
    assert_close(found[case]["history"]["losses"], history.losses, rtol=0, atol=1e-5)
    norms = found[case]["history"]["gradient_norms"]
    assert_close(norms, history.gradient_norms, rtol=1e-5, atol=1e-5)
    assert_close(found[case]["weights"], worker.weights(model), rtol=0, atol=1e-4)


@cases
def test_the_learning_rates_are_those_of_one_process(found, case):
    _, _, history = plain(worker.CASES[case][1])
    assert found[case]["history"]["learning_rates"] == history.learning_rates


@cases
def test_a_run_resumes_as_if_it_had_not_stopped(found, case):
    assert found[case]["resumed at"] == 3
    for key in ("losses", "gradient_norms", "learning_rates"):
        assert found[case]["resumed"][key] == found[case]["history"][key]
    assert_close(found[case]["resumed weights"], found[case]["weights"], rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")  # that is the point
@cases
def test_one_process_reads_what_two_have_written(found, case):
    accumulate = worker.CASES[case][1]
    config = worker.settings(accumulate)
    model, optimizer = worker.start(None, config)
    history = load(found["folder"] / case, model, optimizer)
    assert model.head.weight is model.embedding.token.weight
    train(model, worker.RandomTokens(), config, optimizer=optimizer, history=history)
    assert_close(found[case]["history"]["losses"], history.losses, rtol=0, atol=1e-5)


@cases
def test_only_the_last_checkpoints_stay_and_nothing_unfinished(found, case):
    names = sorted(path.name for path in (found["folder"] / case).iterdir())
    assert names == ["step-00000002", "step-00000003"]


@cases
def test_a_checkpoint_holds_no_pickled_objects(found, case):
    (path, *_) = checkpoints(found["folder"] / case)
    assert {file.suffix for file in path.iterdir()} == {".safetensors", ".json"}


@cases
def test_fsdp_keeps_about_half_of_the_weights_in_a_process_and_ddp_all(found, case):
    n_parameters = sum(p.numel() for p in GPT2(worker.CONFIG).parameters())
    share = found[case]["local numbers"] / n_parameters
    assert share == pytest.approx(1 if case.startswith("ddp") else 0.5, abs=0.02)


@pytest.mark.parametrize("process", [0, 1])
@pytest.mark.parametrize("method", ["ddp", "fsdp"])
@pytest.mark.slow
@launched[1]
def test_a_broken_loss_in_one_process_stops_all_of_them(found, process, method):
    assert "the loss is nan" in found["errors"][process][method]


@pytest.mark.slow
@launched[1]
def test_the_rows_of_the_processes_are_the_batch(found):
    inputs, targets = worker.RandomTokens().batch(7)
    assert_close(torch.cat([rows[0] for rows in found["rows"]]), inputs)
    assert_close(torch.cat([rows[1] for rows in found["rows"]]), targets)


@pytest.mark.parametrize("world_size", [1, 2, 4, 6])
def test_each_row_falls_to_exactly_one_process(world_size):
    data = worker.RandomTokens(6)
    parts = [OwnRows(data, rank, world_size).batch(3)[0] for rank in range(world_size)]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert_close(torch.cat(parts), data.batch(3)[0])


def test_fewer_rows_than_processes_are_an_error():
    with pytest.raises(ValueError, match="4 rows are too few for 5 processes"):
        OwnRows(worker.RandomTokens(4), 0, 5).batch(0)


def test_an_unknown_method_is_an_error():
    with pytest.raises(ValueError, match="method='fdsp' is not one of ddp, fsdp"):
        distribute(GPT2(worker.CONFIG), "fdsp")


def test_a_folder_without_a_checkpoint_is_an_error(tmp_path):
    model, optimizer = worker.start(None, worker.settings(1))
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        load(tmp_path, model, optimizer)


@pytest.fixture
def alone():
    """The only process of a group."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


def saved(folder, **options):
    model, optimizer = worker.start(None, worker.settings(1))
    save(folder, model, optimizer, History([3.0]), **options)


@launched[1]
@pytest.mark.parametrize("keep", [0, -1])
def test_keeping_no_checkpoint_is_an_error_before_one_is_written(alone, keep, tmp_path):
    with pytest.raises(ValueError, match=f"keep={keep}, expected at least 1"):
        saved(tmp_path, keep=keep)
    assert list(tmp_path.iterdir()) == []


@launched[1]
@pytest.mark.parametrize("changes", [{"dim": 8}, {"n_layers": 3}])
def test_a_checkpoint_of_another_model_is_one_line(alone, changes, tmp_path):
    saved(tmp_path)
    model = GPT2(replace(worker.CONFIG, **changes))
    with pytest.raises(ValueError, match=r"step-00000001 does not fit this model: .+") as caught:
        load(tmp_path, model, make_optimizer(model, worker.settings(1)))
    assert "\n" not in str(caught.value)


@launched[1]
def test_a_full_disk_is_one_line_and_leaves_nothing(alone, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(distributed.dcp.HuggingFaceStorageWriter, "write_data", full)
    with pytest.raises(OSError, match=r"step 1 was not saved: .*No space left") as caught:
        saved(tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@launched[1]
def test_after_an_error_the_processes_part_too(alone, monkeypatch, capsys):
    def run(_):
        raise ValueError("it does not fit")

    monkeypatch.setattr(distributed, "run", run)
    monkeypatch.setattr(sys, "argv", ["distributed"])
    with pytest.raises(SystemExit) as stopped:
        distributed.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "llm_book.training.distributed: it does not fit\n"
    assert not dist.is_initialized()


def test_saving_every_zero_steps_is_an_error_before_training():
    arguments = distributed.parse(["--save-every", "0"])
    with pytest.raises(ValueError, match="save_every=0, expected at least 1"):
        distributed.run(arguments)


KILLED = """
import os, signal
from pathlib import Path
from llm_book.training import distributed

train_step, died = distributed.train_step, Path(__file__).with_name("died")

def dying_step(model, data, config, optimizer, history, **ways):
    if os.environ["RANK"] == "1" and history.step == 5 and not died.exists():
        died.write_text(str(history.step + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return train_step(model, data, config, optimizer, history, **ways)

distributed.train_step = dying_step
distributed.main()
"""


@pytest.mark.slow
@launched[1]
def test_a_killed_worker_is_restarted_and_the_run_ends_as_if_undisturbed(tmp_path):
    script, folder = tmp_path / "killed.py", tmp_path / "run"
    script.write_text(KILLED)
    sizes = ["--steps", 7, "--save-every", 3, "--batch-size", 3, "--dim", 8, "--heads", 2]
    sizes += ["--vocab-size", 300]
    printed = torchrun("--max-restarts", 1, script, "--method", "fsdp", "--folder", folder, *sizes)
    assert "after 7 steps" in printed
    assert (tmp_path / "died").read_text() == "6"  # one step after the checkpoint, and again
    (*_, newest) = checkpoints(folder)
    losses = json.loads((newest / "history.json").read_text())["losses"]

    grammar = StoryGrammar("en")
    tokenizer = train_bpe(grammar.sample(500), 300, special_tokens=(END,))
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=300, context_length=1024, dim=8, n_layers=2, n_heads=2)
    model, settings = GPT2(config), TrainingConfig(n_steps=7, learning_rate=3e-3)
    data = StoryBatches(grammar, tokenizer, 3)
    history = train(model, data, settings, optimizer=make_optimizer(model, settings))
    assert_close(losses, history.losses, rtol=0, atol=1e-5)


def test_without_torchrun_there_is_one_line_of_advice_and_help():
    command = [sys.executable, "-m", "llm_book.training.distributed"]
    alone = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert alone.returncode == 2
    assert alone.stderr.count("\n") == 1
    assert "torchrun --standalone" in alone.stderr
    asked = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=TIME_LIMIT)
    assert asked.returncode == 0
    assert "--method" in asked.stdout
