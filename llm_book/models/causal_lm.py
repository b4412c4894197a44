"""What every language model of this book shares: embed, run the blocks, predict."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

NUMBER = re.compile(r"(?<=\.)\d+(?=\.|$)")  # the place of a module in a list
MARKED = re.compile(r"(.*?)((?:\.T|\.flat)?(?:\[\d+\])?)")  # a published name and its marks


class TokenMixer(Protocol):
    """What moves information between tokens: attention, or a recurrence.

    Shapes:
        x: `(B, T, C)`
        positions: `(T,)` or `(B, T)`; below 0 marks padding
        returns: `(B, T, C)`
    """

    def forward(self, x: Tensor, positions: Tensor, cache: Any = None) -> Tensor:
        """Mix; with a cache, also over the tokens of earlier calls."""
        ...


class Block(nn.Module):
    """One layer of a model: a token mixer and a feed-forward network, joined.

    A subclass builds the parts and says in `forward`, called with x, positions, and a
    cache, how they are joined. It returns the stream `(B, T, C)` that enters the next block.

    Attributes:
        attention: The part that has something to remember.
    """

    attention: Any

    def make_cache(
        self, batch_size: int, max_length: int, *, dtype: torch.dtype, device: torch.device
    ) -> Any:
        """Return an empty memory, which counts the tokens it has seen as `length`."""
        return self.attention.make_cache(batch_size, max_length, dtype=dtype, device=device)


class CausalLM(nn.Module):
    """Token ids to next-token logits; a subclass builds the parts and adds nothing else.

    Attributes:
        config: The sizes; `context_length` is the largest number of tokens in a row.
        embedding: Token ids `(B, T)` to vectors `(B, T, C)`.
        blocks: Called in order, as `block(x, positions, cache)`.
        norm: Applied after the last block.
        head: Vectors `(B, T, C)` to logits `(B, T, V)`.

    Shapes:
        tokens: `(B, T)`
        positions: `(T,)` or `(B, T)`; below 0 marks padding. By default they go on where
            the cache ends.
        returns: `(B, T, V)`

    Raises:
        ValueError: A token id is outside the vocabulary, or the context is too short.
    """

    config: Any
    embedding: nn.Module
    blocks: nn.ModuleList
    norm: nn.Module
    head: nn.Linear

    @property
    def vocab_size(self) -> int:
        """Number of tokens that the model chooses from."""
        return self.head.out_features

    def reset_parameters(self) -> None:
        """Draw small weights, and smaller ones where a block adds to the stream."""
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2 and "norm" not in name:
                added = name.endswith(("o_proj.weight", "down_proj.weight"))
                depth = 2 * len(self.blocks) if added else 1
                nn.init.normal_(parameter, std=0.02 * depth**-0.5)

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Return the stream `(B, T, C)` that enters the first block."""
        return self.embedding(tokens)

    def make_cache(self, batch_size: int, max_length: int) -> list[Any]:
        """Return an empty cache for each block, in dtype and place like the weights."""
        weight = next(self.parameters())
        place = {"dtype": weight.dtype, "device": weight.device}
        return [
            block.make_cache(batch_size, max_length, **place)  # type: ignore[operator]
            for block in self.blocks
        ]

    def hidden_states(
        self,
        tokens: Tensor,
        cache: Sequence[Any] | None = None,
        positions: Tensor | None = None,
    ) -> Tensor:
        """Return what the head reads, `(B, T, C)`: all of `forward` but the last product."""
        if positions is None:
            start = cache[0].length if cache else 0
            end = start + tokens.shape[1]
            if end > self.config.context_length:
                raise ValueError(
                    f"{end} tokens do not fit the context length {self.config.context_length}"
                )
            positions = torch.arange(start, end, device=tokens.device)
        x = self.embed(tokens, positions)
        for index, block in enumerate(self.blocks):
            x = block(x, positions, cache[index] if cache else None)
        return self.norm(x)

    def forward(
        self,
        tokens: Tensor,
        cache: Sequence[Any] | None = None,
        positions: Tensor | None = None,
    ) -> Tensor:
        """Return the logits of the token that follows each token."""
        check_token_ids(tokens, self.vocab_size)
        return self.head(self.hidden_states(tokens, cache, positions))


def check_token_ids(tokens: Tensor, vocab_size: int) -> None:
    """Raise ValueError unless tokens are `(B, T)` ids in `[0, vocab_size)`."""
    if tokens.dim() != 2:
        raise ValueError(f"tokens have shape {tuple(tokens.shape)}, expected (B, T)")
    if tokens.is_meta or torch.compiler.is_compiling() or tokens.numel() == 0:
        return  # there are no values to look at
    low, high = torch.stack(tokens.aminmax()).tolist()
    if low < 0 or high >= vocab_size:
        wrong = low if low < 0 else high
        raise ValueError(f"token id {wrong} is outside the vocabulary of {vocab_size}")


def count_parameters(model: nn.Module) -> int:
    """Return the number of trained numbers; a matrix used twice counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def published_name(name: str, weight_names: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of a parameter in published files, and the marks behind it.

    `weight_names` maps modules, as `{"blocks.*.up_proj": "h.*.mlp.c_fc.T"}`, or single
    parameters: a star stands for a number. The mark .T says that the file holds (in, out).

    Raises:
        LookupError: `weight_names` lacks the parameter.
    """
    pattern = NUMBER.sub("*", name)
    module, _, leaf = pattern.rpartition(".")
    if pattern in weight_names:
        published, ending = weight_names[pattern], ""
    elif module in weight_names:
        published, ending = weight_names[module], f".{leaf}"
    else:
        raise LookupError(f"WEIGHT_NAMES has neither {pattern} nor {module}")
    for number in NUMBER.findall(name):
        published = published.replace("*", number, 1)
    stem, marks = MARKED.fullmatch(published).groups()  # type: ignore[union-attr]
    return stem + ending, marks


@contextmanager
def evaluating(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Switch dropout off in `model.modules()`, then give each its own mode back."""
    training = [module for module in modules if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
