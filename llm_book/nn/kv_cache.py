"""The KV cache: keys and values of earlier tokens never change, so they are kept."""

import torch
from torch import Tensor


class KVCache:
    """Hold the keys, values, and positions of the tokens seen so far.

    The memory is taken once, for `max_length` tokens, and filled from the front. With a
    `window` it is a ring of that many slots: a new token takes the slot of the oldest,
    which no later query can see. The order in the ring does not matter, because every
    slot keeps its position and masks are made of positions.

    Padding may stand in front of a row, with a position below 0. It takes a slot.

    Args:
        batch_size: Number of rows B.
        max_length: Number of tokens a row may have, padding included.
        key_shape: What is kept of a token as its key: `(D,)` for one head, `(K, D)` for
            several.
        value_shape: The same for its value; as `key_shape` by default.
        window: Keep only this many tokens.
        dtype: Type of the numbers.
        device: Where they are kept.

    Attributes:
        length: Number of tokens seen in each row, padding included.

    Raises:
        ValueError: A size is below 1.
    """

    def __init__(
        self,
        batch_size: int,
        max_length: int,
        key_shape: tuple[int, ...],
        value_shape: tuple[int, ...] | None = None,
        *,
        window: int | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        slots = max_length if window is None else min(window, max_length)
        if batch_size < 1 or slots < 1:
            raise ValueError(
                "sizes must be at least 1, got "
                f"batch_size={batch_size}, max_length={max_length}, window={window}"
            )
        self.max_length = max_length
        self.length = 0

        def reserve(shape: tuple[int, ...]) -> Tensor:
            # In memory the tokens of a head lie together: attention reads head by head.
            memory = torch.zeros(
                batch_size, *shape[:-1], slots, shape[-1], dtype=dtype, device=device
            )
            return memory.movedim(-2, 1)  # (B, S, *shape)

        self.keys = reserve(key_shape)
        self.values = reserve(key_shape if value_shape is None else value_shape)
        self.positions = torch.full((batch_size, slots), -1, device=device)

    @property
    def bytes_per_token(self) -> int:
        """Bytes that the key and the value of one token of one row take."""
        return sum(memory[0, 0].nbytes for memory in (self.keys, self.values))

    def update(
        self, keys: Tensor, values: Tensor, positions: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Store the next tokens, and return every token that one of them may see.

        Shapes:
            keys: `(B, T, *key_shape)`
            values: `(B, T, *value_shape)`
            positions: `(T,)` or `(B, T)`; below 0 marks padding
            returns: keys `(B, S, *key_shape)`, values `(B, S, *value_shape)`, and their
                positions `(B, S)`

        Raises:
            ValueError: The cache is full, or was made for another shape or dtype, or the
                lengths differ. Then nothing is stored.
        """
        self._check(keys, values, positions)
        n_new, n_slots = keys.shape[1], self.positions.shape[1]
        start, end = self.length, self.length + n_new
        memories = (self.keys, self.values, self.positions)
        chunks = (keys, values, positions.expand(keys.shape[:2]))
        if end <= n_slots or n_new == 1:  # writes over nothing that is still visible
            slot = start % n_slots
            for memory, chunk in zip(memories, chunks, strict=True):
                memory[:, slot : slot + n_new] = chunk
            seen = [memory[:, :end] for memory in memories]
        else:  # the first of the new tokens still sees the old ones that the last writes over
            seen = [
                torch.cat((memory[:, :start], chunk), 1)
                for memory, chunk in zip(memories, chunks, strict=True)
            ]
            slots = torch.arange(start, end, device=keys.device)[-n_slots:] % n_slots
            for memory, chunk in zip(memories, chunks, strict=True):
                memory[:, slots] = chunk[:, -n_slots:]
        self.length = end
        return seen[0], seen[1], seen[2]

    def _check(self, keys: Tensor, values: Tensor, positions: Tensor) -> None:
        """Raise ValueError if the new tokens do not fit this cache."""
        for name, new, held in (("keys", keys, self.keys), ("values", values, self.values)):
            if new.shape[0] != held.shape[0]:
                raise ValueError(
                    f"this cache was made for batches of {held.shape[0]}, got {new.shape[0]}"
                )
            if new.shape[2:] != held.shape[2:] or new.dtype != held.dtype:
                raise ValueError(
                    f"this cache holds {name} of shape {tuple(held.shape[2:])} in {held.dtype}, "
                    f"got {tuple(new.shape[2:])} in {new.dtype}"
                )
        batch_size, n_new = keys.shape[:2]
        if values.shape[1] != n_new:
            raise ValueError(f"keys of {n_new} tokens, but values of {values.shape[1]}")
        if positions.shape not in ((n_new,), (batch_size, n_new)):
            raise ValueError(
                f"positions have shape {tuple(positions.shape)}, "
                f"expected ({n_new},) or ({batch_size}, {n_new})"
            )
        if self.length + n_new > self.max_length:
            raise ValueError(
                f"this cache holds {self.max_length} tokens: "
                f"{self.length} are in it and {n_new} more do not fit"
            )
