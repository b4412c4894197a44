import contextlib
import io
import signal
import tempfile
from pathlib import Path

from safetensors.torch import load_file

from llm_book.appendix.training_run import Settings, Stopped, run
from llm_book.data.token_files import RandomWindows

tiny = {"stories": 30, "vocab_size": 300, "context_length": 16}
tiny |= {"layers": 1, "dim": 16, "heads": 2, "dropout": 0.1}
often = {"steps": 12, "warmup": 3, "show_every": 12, "save_every": 5}
settings = Settings(**tiny, **often, batch_size=2)
batch = RandomWindows.batch


def press_in_step_8(windows, i):
    if i == 7:
        signal.raise_signal(signal.SIGINT)  # what Ctrl+C sends
    return batch(windows, i)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


stories = contextlib.redirect_stdout(io.StringIO())  # after 12 steps: noise
with tempfile.TemporaryDirectory() as place:
    whole, stopped = Path(place) / "whole", Path(place) / "stopped"
    with stories:
        run(whole, settings)

    RandomWindows.batch = press_in_step_8
    try:
        with stories:
            run(stopped, settings)
    except Stopped:
        print("stopped ", names(stopped))
    RandomWindows.batch = batch

    with stories:
        run(stopped, settings, resume=True)
    print("resumed ", names(stopped))

    file = "model/model.safetensors"
    ours, theirs = load_file(whole / file), load_file(stopped / file)
    equal = all(bool((ours[name] == theirs[name]).all()) for name in ours)
    print("same weights:", equal)
