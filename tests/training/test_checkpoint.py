import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from benchmarks.training.bench_checkpoint import survive_kills
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training import checkpoint
from llm_book.training.checkpoint import (
    checkpoints,
    load_checkpoint,
    own_tensors,
    random_state,
    save_checkpoint,
    set_random_state,
)
from llm_book.training.trainer import History, TrainingConfig, make_optimizer, train

SIZES = {"vocab_size": 11, "context_length": 8, "dim": 8, "n_layers": 2, "n_heads": 2}
N_STEPS = 12


class RandomTokens:
    """Batches that depend on their number alone."""

    def batch(self, i):
        generator = torch.Generator().manual_seed(i)
        windows = torch.randint(11, (2, 9), generator=generator)
        return windows[:, :-1], windows[:, 1:]


def configuration(**changes):
    settings = {"n_steps": N_STEPS, "warmup_steps": 5, "learning_rate": 1e-2, "accumulate": 2}
    return TrainingConfig(**settings | changes)


def build(seed=0, *, steps=0, **changes):
    """Return a model with dropout, its optimizer and its history after some steps."""
    torch.manual_seed(seed)
    model = GPT2(GPT2Config(**SIZES | {"dropout": 0.2} | changes))
    optimizer, history = make_optimizer(model, configuration()), History()
    go_on(model, optimizer, history, until=steps)
    return model, optimizer, history


def go_on(model, optimizer, history, *, until=N_STEPS):
    """Train until a step is done, and stop as a run that is killed: in the middle of nothing."""

    class Stop(Exception):  # noqa: N818
        pass

    def on_step(history):
        if history.step == until:
            raise Stop

    if history.step < until:
        with pytest.raises(Stop):
            train(
                model,
                RandomTokens(),
                configuration(),
                optimizer=optimizer,
                history=history,
                on_step=on_step,
            )


def contents(model, optimizer):
    """Return every number that training changes, as a list of tensors in a fixed order."""
    states = (optimizer.state[parameter] for parameter in model.parameters())
    memory = [entries[key] for entries in states for key in sorted(entries)]
    return [*model.state_dict().values(), *memory]


def assert_same(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        assert_close(mine, other, rtol=0, atol=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_run_that_stops_and_resumes_ends_with_the_same_bits(seed, tmp_path):
    model, optimizer, history = build(seed, steps=N_STEPS)
    for stop in (1, 5, 10):
        folder = tmp_path / str(stop)
        save_checkpoint(folder, *build(seed, steps=stop))
        other, its_optimizer, _ = build(seed + 100)  # other weights, other random numbers
        resumed = load_checkpoint(folder, other, its_optimizer)
        assert resumed.step == stop
        go_on(other, its_optimizer, resumed)
        assert_same(contents(other, its_optimizer), contents(model, optimizer))
        assert resumed.losses == history.losses
        assert resumed.learning_rates == history.learning_rates
        assert resumed.gradient_norms == history.gradient_norms


def test_a_run_that_stops_at_every_step_ends_with_the_same_bits(tmp_path):
    model, optimizer, _ = build(steps=6)
    save_checkpoint(tmp_path, *build())
    for step in range(6):
        parts = build(seed=step)[:2]
        history = load_checkpoint(tmp_path, *parts)
        go_on(*parts, history, until=step + 1)
        save_checkpoint(tmp_path, *parts, history)
    assert_same(contents(*parts), contents(model, optimizer))


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad])
def test_other_optimizers_resume_too(kind, tmp_path):
    settings = {"lr": 0.1} | ({"momentum": 0.9} if kind is torch.optim.SGD else {})
    runs = []
    for stop in (False, True):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2)
        optimizer = kind(model.parameters(), **settings)
        for step in range(4):
            if stop and step == 2:
                history = History()
                save_checkpoint(tmp_path, model, optimizer, history)
                torch.manual_seed(1)
                model = torch.nn.Linear(3, 2)
                optimizer = kind(model.parameters(), **settings)
                load_checkpoint(tmp_path, model, optimizer)
            optimizer.zero_grad()
            model(torch.randn(5, 3)).square().mean().backward()
            optimizer.step()
        runs.append(contents(model, optimizer))
        settings_now = {k: v for k, v in optimizer.param_groups[0].items() if k != "params"}
        runs.append(settings_now)
    assert_same(runs[0], runs[2])
    assert runs[1] == runs[3]


def test_tied_weights_are_written_once_and_stay_tied(tmp_path):
    save_checkpoint(tmp_path, *build(steps=1))
    model, optimizer, _ = build(seed=1)
    load_checkpoint(tmp_path, model, optimizer)
    assert "head.weight" not in own_tensors(model)
    assert model.head.weight is model.embedding.token.weight
    size = (checkpoints(tmp_path)[0] / "model.safetensors").stat().st_size
    numbers = sum(parameter.numel() for parameter in model.parameters())
    assert 0 <= size - 4 * numbers < 4000  # the rest is the table of contents


def test_loaded_numbers_do_not_lie_in_the_file(tmp_path):
    path = save_checkpoint(tmp_path, *build(steps=2))
    model, optimizer, _ = build(seed=1)
    load_checkpoint(tmp_path, model, optimizer)
    before = [tensor.clone() for tensor in contents(model, optimizer)]
    for file in path.glob("*.safetensors"):
        with file.open("r+b") as stream:
            stream.seek(file.stat().st_size // 2)
            stream.write(b"\x55" * (file.stat().st_size // 2))
    assert_same(contents(model, optimizer), before)


def test_random_numbers_go_on_where_they_were(tmp_path):
    torch.manual_seed(3)
    torch.rand(7), torch.randn(3)
    state = json.loads(json.dumps(random_state()))
    expected = torch.rand(5), torch.randn(9)
    torch.manual_seed(4)
    set_random_state(state)
    assert_same((torch.rand(5), torch.randn(9)), expected)


def test_a_checkpoint_consists_of_tensors_and_json(tmp_path):
    path = save_checkpoint(tmp_path, *build(steps=1))
    names = {"model.safetensors", "optimizer.safetensors", "state.json"}
    assert {file.name for file in path.iterdir()} == names
    state = json.loads((path / "state.json").read_text())
    assert History.from_dict(state["history"]).step == 1


@pytest.mark.parametrize(("keep", "kept"), [(1, [5]), (2, [4, 5]), (9, [1, 2, 3, 4, 5])])
def test_the_last_ones_are_kept(keep, kept, tmp_path):
    model, optimizer, history = build()
    for _ in range(5):
        history.losses.append(1.0)
        path = save_checkpoint(tmp_path, model, optimizer, history, keep=keep)
        assert checkpoints(tmp_path)[-1] == path
    assert [path.name for path in checkpoints(tmp_path)] == [f"step-{n:08d}" for n in kept]
    assert sorted(tmp_path.iterdir()) == checkpoints(tmp_path)


def test_steps_are_ordered_as_numbers(tmp_path):
    for name in ("step-100000000", "step-99999999", "step-00000007.tmp", "step-x", "step-"):
        (tmp_path / name).mkdir()
    assert [path.name for path in checkpoints(tmp_path)] == ["step-99999999", "step-100000000"]


def test_nothing_gets_its_name_before_it_is_on_the_disk(tmp_path, monkeypatch):
    calls = []
    flush, rename, rmtree = checkpoint.flush, Path.rename, checkpoint.shutil.rmtree

    def note(name, function):
        def noting(path, *rest, **options):
            if Path(path).exists():
                calls.append((name, Path(path).name))
            return function(path, *rest, **options)

        return noting

    save_checkpoint(tmp_path, *build())
    parts = build(steps=1)
    monkeypatch.setattr(checkpoint, "flush", note("flush", flush))
    monkeypatch.setattr(Path, "rename", note("rename", rename))
    monkeypatch.setattr(checkpoint.shutil, "rmtree", note("delete", rmtree))
    save_checkpoint(tmp_path, *parts, keep=1)
    draft = "step-00000001.tmp"
    assert sorted(calls[:3]) == [
        ("flush", "model.safetensors"),
        ("flush", "optimizer.safetensors"),
        ("flush", "state.json"),
    ]
    assert calls[3:] == [
        ("flush", draft),
        ("rename", draft),
        ("flush", tmp_path.name),
        ("rename", "step-00000000"),
        ("delete", "step-00000000.tmp"),
    ]


def test_flushing_asks_the_system_for_files_and_for_folders(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append(os.fstat(number).st_ino))
    (tmp_path / "a").write_text("a")
    for path in (tmp_path / "a", tmp_path):
        checkpoint.flush(path)
    folders = [] if os.name == "nt" else [tmp_path.stat().st_ino]
    assert seen == [(tmp_path / "a").stat().st_ino, *folders]


def test_what_a_killed_run_has_left_is_swept_away(tmp_path):
    for name in ("step-00000007.tmp", "step-00000001.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_text("half")
    (tmp_path / "notes").mkdir()
    path = save_checkpoint(tmp_path, *build(steps=1))
    assert sorted(tmp_path.iterdir()) == [tmp_path / "notes", path]


@pytest.mark.slow
def test_no_checkpoint_is_lost_when_the_run_is_killed(tmp_path):
    report = survive_kills(tmp_path, n_kills=8)
    assert report["kills"] == 8
    assert report["lost"] == 0


def loading(folder, **changes):
    model, optimizer, _ = build(seed=1, steps=1, **changes)
    before = [tensor.clone() for tensor in contents(model, optimizer)]
    numbers = random_state()
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        load_checkpoint(folder, model, optimizer)
    assert_same(contents(model, optimizer), before)
    assert random_state() == numbers
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_checkpoint_of_another_model_is_refused_with_names_and_shapes(tmp_path):
    save_checkpoint(tmp_path, *build(steps=1))
    wider = loading(tmp_path, vocab_size=12)
    assert "embedding.token.weight is float32 (11, 8) there, float32 (12, 8) here" in wider
    deeper = loading(tmp_path, n_layers=3)
    assert "blocks.2.attention_norm.weight is nothing there, float32 (8,) here" in deeper
    assert "more" in deeper
    assert "head.weight is nothing there" in loading(tmp_path, tie_embeddings=False)


def test_a_checkpoint_of_another_type_is_refused(tmp_path):
    save_checkpoint(tmp_path, *build(steps=1))
    model, _, _ = build()
    model.bfloat16()
    with pytest.raises(ValueError, match=r"is float32 \(11, 8\) there, bfloat16 \(11, 8\) here"):
        load_checkpoint(tmp_path, model, make_optimizer(model, configuration()))


def test_a_checkpoint_of_other_groups_is_refused(tmp_path):
    save_checkpoint(tmp_path, *build(steps=1))
    model, _, _ = build()
    with pytest.raises(ValueError, match="groups have other parameters"):
        load_checkpoint(tmp_path, model, torch.optim.AdamW(model.parameters()))


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("share", [0, 0.5, None])
def test_a_damaged_file_is_named(name, share, tmp_path):
    path = save_checkpoint(tmp_path, *build(steps=1))
    content = (path / name).read_bytes()
    if share is None:
        (path / name).unlink()
    else:
        (path / name).write_bytes(content[: int(share * len(content))])
    message = loading(tmp_path)
    assert f"{path / name} is damaged" in message
    assert "delete step-00000001" in message


@pytest.mark.parametrize("key", ["history", "optimizer", "random"])
def test_a_state_without_one_of_its_parts_is_damaged(key, tmp_path):
    file = save_checkpoint(tmp_path, *build(steps=1)) / "state.json"
    state = json.loads(file.read_text())
    del state[key]
    file.write_text(json.dumps(state))
    assert f"{file} is damaged (no '{key}'); delete step-00000001" in loading(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", '{"history": {}}', '{"history": {"loss": []}}'])
def test_a_state_of_something_else_is_damaged(text, tmp_path):
    file = save_checkpoint(tmp_path, *build(steps=1)) / "state.json"
    file.write_text(text)
    assert f"{file} is damaged (" in loading(tmp_path)


def test_a_folder_without_checkpoints_is_named(tmp_path):
    (tmp_path / "step-00000001.tmp").mkdir()
    assert loading(tmp_path) == f"there is no checkpoint in {tmp_path}"
    assert "no checkpoint in" in loading(tmp_path / "nowhere")


@pytest.mark.parametrize("place", ["save_file", "flush"])
def test_a_full_disk_leaves_the_last_checkpoint_and_nothing_else(place, tmp_path, monkeypatch):
    good = save_checkpoint(tmp_path, *build(steps=1))
    model, optimizer, history = build(steps=2)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, place, full)
        with pytest.raises(OSError, match="No space left") as caught:
            save_checkpoint(tmp_path, model, optimizer, history)
    assert "step 2 was not saved" in str(caught.value)
    assert f"the last checkpoint is {good}" in str(caught.value)
    assert list(tmp_path.iterdir()) == [good]
    other, its_optimizer, _ = build(seed=1)
    assert load_checkpoint(tmp_path, other, its_optimizer).step == 1


def mount(path, size):
    """Mount a file system of its own in memory, where this process may."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk as Linux does")
def test_a_disk_that_is_really_full_leaves_the_last_checkpoint(tmp_path):
    if not mount(tmp_path, "64k"):
        pytest.skip("only root may mount a disk")
    try:
        good = save_checkpoint(tmp_path, *build(steps=1))  # two do not fit
        with pytest.raises(OSError, match=r"step 2 was not saved: .*No space left"):
            save_checkpoint(tmp_path, *build(steps=2))
        assert list(tmp_path.iterdir()) == [good]
        model, optimizer, _ = build(seed=1)
        assert load_checkpoint(tmp_path, model, optimizer).step == 1
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_an_interruption_leaves_the_last_checkpoint_and_nothing_else(tmp_path, monkeypatch):
    good = save_checkpoint(tmp_path, *build(steps=1))

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "flush", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, *build(steps=2))
    assert list(tmp_path.iterdir()) == [good]


@pytest.mark.parametrize("step", [1, 2])
def test_an_older_run_does_not_hide_behind_a_newer_one(step, tmp_path):
    newer = save_checkpoint(tmp_path, *build(steps=2))
    with pytest.raises(FileExistsError, match=f"step {step} was not saved: .*{newer.name} exists"):
        save_checkpoint(tmp_path, *build(steps=step))
    assert list(tmp_path.iterdir()) == [newer]


def test_impossible_requests_are_refused(tmp_path):
    model, optimizer, history = build()
    with pytest.raises(ValueError, match="keep=0, expected at least 1"):
        save_checkpoint(tmp_path, model, optimizer, history, keep=0)
    with pytest.raises(ValueError, match="the optimizer holds a parameter that the model does not"):
        save_checkpoint(tmp_path, build()[0], optimizer, history)
    assert list(tmp_path.iterdir()) == []
