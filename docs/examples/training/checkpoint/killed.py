import tempfile
from pathlib import Path

import torch

from llm_book.training import checkpoint
from llm_book.training.trainer import History


def names():
    return sorted(path.name for path in Path(folder).iterdir())


model = torch.nn.Linear(3, 2)
optimizer = torch.optim.AdamW(model.parameters())
rename = Path.rename


def die(*_):
    raise SystemExit("killed")  # stands for a process that is no more


with tempfile.TemporaryDirectory() as folder:
    checkpoint.save_checkpoint(folder, model, optimizer, History([1.0]))
    Path.rename, delete = die, checkpoint.shutil.rmtree
    checkpoint.shutil.rmtree = lambda *_, **__: None  # the dead sweep nothing
    try:
        checkpoint.save_checkpoint(folder, model, optimizer, History([1.0, 0.9]))
    except SystemExit:
        print("killed  ", names())
    Path.rename, checkpoint.shutil.rmtree = rename, delete

    history = checkpoint.load_checkpoint(folder, model, optimizer)
    print("loaded   step", history.step)
    history.losses.append(0.9)
    checkpoint.save_checkpoint(folder, model, optimizer, history)
    print("went on ", names())
