import json
import signal
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import load_file

from llm_book.appendix import training_run
from llm_book.appendix.training_run import Settings, Stopped, main, parse, read_settings, run
from llm_book.pretrained.load import from_pretrained
from llm_book.tokenizers.bpe import BPETokenizer
from llm_book.training.checkpoint import checkpoints

TINY = {
    "stories": 30,
    "vocab_size": 300,
    "context_length": 16,
    "layers": 1,
    "dim": 16,
    "heads": 2,
    "dropout": 0.1,
    "steps": 8,
    "batch_size": 2,
    "accumulate": 2,
    "warmup": 3,
    "show_every": 4,
    "save_every": 3,
}


def flags(**settings):
    return [
        text
        for name, value in settings.items()
        for text in (f"--{name.replace('_', '-')}", f"{value}")
    ]


def weights(folder):
    return load_file(folder / "model" / "model.safetensors")


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[name], theirs[name]) for name in ours
    )


def press(monkeypatch, step, number=signal.SIGINT):
    """Press Ctrl+C in the middle of a step."""
    inner = training_run.RandomWindows.batch

    def batch(windows, i):
        if i == 2 * step and windows.files[0].path.name == "train.tokens":
            signal.raise_signal(number)
        return inner(windows, i)

    monkeypatch.setattr(training_run.RandomWindows, "batch", batch)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run without a stop, through the command line."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    main(["--folder", str(folder), *flags(**TINY)])
    return folder


def test_a_run_leaves_checkpoints_a_plot_and_a_model(finished):
    names = {path.name for path in finished.iterdir()}
    assert names == {"data", "step-00000006", "step-00000008", "history.svg", "model"}
    model = from_pretrained(finished / "model")
    tokenizer = BPETokenizer.load(finished / "data")
    assert model.vocab_size == tokenizer.vocab_size == 300
    assert model(torch.tensor([tokenizer.encode("Once")])).isfinite().all()
    assert json.loads((finished / "model" / "config.json").read_text())["n_layer"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_weights(
    finished, tmp_path, monkeypatch, capsys, number
):
    with monkeypatch.context() as patch:
        press(patch, 4, number)
        with pytest.raises(SystemExit) as ended:
            main(["--folder", str(tmp_path), *flags(**TINY)])
    assert ended.value.code == 130
    said = capsys.readouterr().out
    assert "stopped after step 5; to go on: " in said
    assert f"--folder {tmp_path} --resume" in said
    assert checkpoints(tmp_path)[-1].name == "step-00000005"
    main(["--folder", str(tmp_path), "--resume"])
    assert same(weights(tmp_path), weights(finished))


def test_a_run_that_is_killed_and_resumed_ends_with_the_same_weights(
    finished, tmp_path, monkeypatch
):
    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(training_run, "tell", kill)  # after step 4; the checkpoint is of step 3
        with pytest.raises(Killed):
            run(tmp_path, Settings(**TINY))
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000003"]
    history = run(tmp_path, read_settings(tmp_path), resume=True)
    assert [step for step, _ in history.validation] == [0, 4, 8]
    assert same(weights(tmp_path), weights(finished))


def test_ctrl_c_in_the_last_step_finishes_the_run(finished, tmp_path, monkeypatch):
    press(monkeypatch, 7)
    assert run(tmp_path, Settings(**TINY)).step == 8
    assert same(weights(tmp_path), weights(finished))


@pytest.fixture
def heeded_interrupt():
    """In a process that was started in the background, Ctrl+C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupt")
def test_a_second_ctrl_c_stops_at_once():
    with training_run.stop_between_steps() as asked:
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):  # the handler of before is back
        signal.raise_signal(signal.SIGINT)


def test_a_finished_run_may_be_resumed_and_stays_as_it_is(finished):
    before = weights(finished)
    run(finished, read_settings(finished), resume=True)
    assert same(weights(finished), before)


def test_a_run_that_died_before_its_first_checkpoint_begins_anew(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        press(patch, 0)
        patch.setattr(training_run, "save_checkpoint", lambda *_, **__: None)
        with pytest.raises(Stopped):
            run(tmp_path, Settings(**TINY))
    assert run(tmp_path, Settings(**TINY | {"steps": 3})).step == 3


def error_of(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def test_errors_are_one_line(finished, tmp_path, capsys):
    there = ("--folder", str(finished))
    assert "there is a run in" in error_of(capsys, *there, *flags(**TINY))
    nowhere = ("--folder", str(tmp_path / "none"))
    assert "there is no run in" in error_of(capsys, *nowhere, "--resume")
    wrong = error_of(capsys, *there, "--resume", "--steps", "9")
    assert "--steps 9" in wrong
    assert "began with 8" in wrong
    small = error_of(capsys, "--folder", str(tmp_path / "a"), "--vocab-size", "10")
    assert "vocab_size=10" in small
    never = error_of(capsys, "--folder", str(tmp_path / "b"), "--save-every", "0")
    assert "save_every=0, expected at least 1" in never
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("change", [{"depth": 3}, {"seed": None}])
def test_settings_of_another_version_are_named(change, tmp_path, capsys):
    file = tmp_path / "data" / "settings.json"
    file.parent.mkdir()
    entries = {**asdict(Settings()), **change}
    file.write_text(json.dumps({k: v for k, v in entries.items() if v is not None}))
    message = error_of(capsys, "--folder", str(tmp_path), "--resume")
    assert f"{file} is of another version" in message
    assert next(iter(change)) in message


def test_settings_that_are_repeated_may_be_resumed(finished):
    folder, settings, resume = parse(["--folder", str(finished), "--resume", "--steps", "8"])
    assert (folder, settings, resume) == (finished, Settings(**TINY), True)


def test_help_names_every_setting(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for name in Settings.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in text
