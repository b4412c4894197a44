import torch
from torch import nn

from llm_book.pretrained.load import EmptyOnMeta


class Turn(nn.Module):
    """A matrix that is trained, and a table that is computed."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(4, 4)
        table = 10_000 ** (-torch.arange(0, 4, 2) / 4)
        self.register_buffer("table", table, persistent=False)  # in no file


for name, place in (("torch.device('meta')", torch.device("meta")), ("EmptyOnMeta", EmptyOnMeta())):
    with place:
        module = Turn()
    print(f"{name:21} weight: {module.proj.weight.device}, table: {module.table.device}")
