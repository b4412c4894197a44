"""Training examples: windows of tokens, and the same windows one token later."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


class TokenWindows(Dataset[tuple[Tensor, Tensor]]):
    """Slide a window over tokens; the target of each token is the token after it.

    Window `i` starts at token `i * stride`. A stride of `context_length` makes every
    token but the first a target once; a smaller one lets windows overlap, a larger one
    leaves tokens out. Tokens at the end that do not fill a window are left out.

    Args:
        tokens: Token ids of one long text.
        context_length: Tokens T in an input.
        stride: Tokens from the start of one window to the start of the next.

    Shapes:
        self[i]: input `(T,)` and target `(T,)`, torch.int64

    Raises:
        ValueError: `context_length` or `stride` is below 1, or there are too few tokens:
            a window takes `context_length + 1`, because its last input needs a target.
    """

    def __init__(self, tokens: Sequence[int] | Tensor, context_length: int, stride: int) -> None:
        if context_length < 1 or stride < 1:
            raise ValueError(
                f"context_length={context_length} and stride={stride} must be at least 1"
            )
        if len(tokens) < context_length + 1:
            raise ValueError(
                f"{len(tokens)} tokens are too few for a window of {context_length} and the "
                f"target after it: {context_length + 1} are needed"
            )
        ids = tokens.long() if isinstance(tokens, Tensor) else torch.tensor(tokens).long()
        self.windows = ids.unfold(0, context_length + 1, stride)  # a view: nothing is copied

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        window = self.windows[index]
        return window[:-1], window[1:]


def make_loader(
    tokens: Sequence[int] | Tensor,
    *,
    context_length: int,
    batch_size: int,
    stride: int | None = None,
    shuffle: bool = True,
    drop_last: bool = False,
    seed: int = 0,
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Return batches of windows, in an order of its own in every epoch.

    Args:
        tokens: Token ids of one long text.
        context_length: Tokens T in an input.
        batch_size: Windows B in a batch.
        stride: As for `TokenWindows`; `context_length` by default.
        shuffle: Draw the windows in random order, otherwise in the order of the text.
        drop_last: Leave out the last batch if it is smaller than the others.
        seed: The same seed gives the same orders, whatever else draws random numbers.

    Shapes:
        each batch: inputs `(B, T)` and targets `(B, T)`

    Raises:
        ValueError: As `TokenWindows`, or `drop_last` would leave no batch at all.
    """
    stride = context_length if stride is None else stride
    windows = TokenWindows(tokens, context_length, stride)
    if drop_last and len(windows) < batch_size:
        raise ValueError(
            f"{len(windows)} windows do not fill one batch of {batch_size}, "
            "and drop_last leaves the rest out"
        )
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(
        windows, batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator
    )
