"""Rotary position embedding: turn queries and keys by an angle that grows with position."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

# Takes the frequencies (R / 2,), highest first, and returns others for longer texts.
Scaling = Callable[[Tensor], Tensor]


def rotary_frequencies(dim: int, theta: float = 10_000.0) -> Tensor:
    """Return the angle by which each pair of features turns from one position to the next.

    The frequencies fall from 1 to about 1 / theta, each by the same factor. They are
    computed in float32 in just this order, as models were trained: at position 100,000
    a difference in the last digit is a hundredth of a radian.

    Shapes:
        returns: `(dim / 2,)`, radians per position
    """
    exponents = torch.arange(0, dim, 2, dtype=torch.float32, device="cpu") / dim
    return 1.0 / theta**exponents


def linear_scaling(factor: float) -> Scaling:
    """Slow every frequency, so that `factor` times the positions use the same angles.

    Reference:
        Chen et al. 2023, https://arxiv.org/abs/2306.15595
    """
    return lambda frequencies: frequencies / factor


def llama3_scaling(
    factor: float, original_length: int, *, slow: float = 1.0, fast: float = 4.0
) -> Scaling:
    """Slow only the pairs that turn little over the length of the training texts.

    Args:
        factor: How much slower.
        original_length: Number of positions in training.
        slow: Pairs of fewer turns over that length are slowed by all of `factor`
            (`low_freq_factor` in published files).
        fast: Pairs of more turns stay (`high_freq_factor`); between is a blend.

    Reference:
        Dubey et al. 2024, https://arxiv.org/abs/2407.21783
    """

    def scale(frequencies: Tensor) -> Tensor:
        turns = original_length * frequencies / (2 * math.pi)
        keep = ((turns - slow) / (fast - slow)).clamp(0, 1)
        return keep * frequencies + (1 - keep) * frequencies / factor

    return scale


def yarn_scaling(
    factor: float,
    original_length: int,
    *,
    slow: float = 1.0,
    fast: float = 32.0,
    truncate: bool = True,
) -> Scaling:
    """Slow the pairs that turn little, with a blend that is even over the pairs' numbers.

    Llama 3 blends by turns, YaRN by the index of the pair. YaRN also makes the scores
    larger: pass `attention_factor=yarn_attention_factor(factor)` to the rotary embedding.

    Args:
        factor: How much slower.
        original_length: Number of positions in training.
        slow: Turns over that length below which a pair is slowed (`beta_slow`).
        fast: Turns above which it stays (`beta_fast`).
        truncate: Widen the blend to whole indices, as most published models do.

    Raises:
        ValueError: There is a single pair (when the scaling is applied).

    Reference:
        Peng et al. 2023, https://arxiv.org/abs/2309.00071
    """

    def scale(frequencies: Tensor) -> Tensor:
        n_pairs = len(frequencies)
        if n_pairs < 2:
            raise ValueError("YaRN blends over the pairs and needs at least two")
        step = -math.log(frequencies[-1].item()) / (n_pairs - 1)

        def pair_of(turns: float) -> float:
            """Return the index of the pair with that many turns, as a fraction."""
            return math.log(original_length / (2 * math.pi * turns)) / step

        first, last = pair_of(fast), pair_of(slow)
        if truncate:
            first, last = math.floor(first), math.ceil(last)
        # The upper limit is that of the authors' code: the last feature, not the last pair.
        first, last = max(first, 0), min(last, 2 * n_pairs - 1)
        width = last - first or 0.001
        keep = 1 - ((torch.arange(n_pairs, device=frequencies.device) - first) / width).clamp(0, 1)
        return keep * frequencies + (1 - keep) * frequencies / factor

    return scale


def yarn_attention_factor(factor: float, mscale: float = 1.0) -> float:
    """Return by how much YaRN lengthens queries and keys, each.

    Reference:
        Peng et al. 2023, https://arxiv.org/abs/2309.00071
    """
    return 0.1 * mscale * math.log(factor) + 1.0 if factor > 1 else 1.0


class RotaryEmbedding(nn.Module):
    """Turn pairs of features by angles proportional to the position.

    A pair (a, b) becomes (a cos - b sin, b cos + a sin). Both lines are one, with a
    partner and a signed angle: `x cos(angle) + partner sin(angle)`. One object serves
    all layers.

    Args:
        dim: Number R of features that turn; those behind them stay.
        theta: Base of the frequencies.
        scaling: Changes the frequencies, as `llama3_scaling(8, 8192)` does.
        attention_factor: Multiplies what is turned.
        interleaved: Pair neighbors (0, 1), (2, 3), … instead of (0, R / 2), (1, R / 2 + 1), ….

    Shapes:
        x: `(B, T, H, D)` with `D >= dim`
        positions: `(T,)` or `(B, T)`
        returns: `(B, T, H, D)`

    Raises:
        ValueError: `dim` is odd or below 2, or larger than D, or theta is not above 0.

    Reference:
        Su et al. 2021, https://arxiv.org/abs/2104.09864
    """

    def __init__(
        self,
        dim: int,
        theta: float = 10_000.0,
        *,
        scaling: Scaling | None = None,
        attention_factor: float = 1.0,
        interleaved: bool = False,
    ) -> None:
        super().__init__()
        if dim < 2 or dim % 2:
            raise ValueError(f"dim={dim}, expected an even number of at least 2")
        if theta <= 0:
            raise ValueError(f"theta={theta}, expected a number above 0")
        frequencies = rotary_frequencies(dim, theta)
        if scaling is not None:
            frequencies = scaling(frequencies)
        pairs = torch.stack((-frequencies, frequencies), -1 if interleaved else 0)
        # No buffers: `model.bfloat16()` would round them, and `to_empty` forget them.
        self.signed_frequencies = {torch.device("cpu"): pairs.flatten()}  # (R,)
        self.dim = dim
        self.attention_factor = attention_factor
        self.interleaved = interleaved

    def cos_sin(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return cosine and signed sine of every angle, `(..., T, 1, R)`."""
        device = positions.device
        if device not in self.signed_frequencies:
            on_cpu = self.signed_frequencies[torch.device("cpu")]
            self.signed_frequencies[device] = on_cpu.to(device)
        frequencies = self.signed_frequencies[device].to(dtype)
        angles = positions[..., None, None] * frequencies  # one for all heads
        cos, sin = angles.cos(), angles.sin()
        if self.attention_factor != 1:
            cos, sin = cos * self.attention_factor, sin * self.attention_factor
        return cos, sin

    def forward(self, x: Tensor, positions: Tensor) -> Tensor:
        """Turn the first features of every head, in float32 at least."""
        if x.shape[-1] < self.dim:
            raise ValueError(f"dim={self.dim} features turn, but x has only {x.shape[-1]}")
        wide = torch.promote_types(x.dtype, torch.float32)
        cos, sin = self.cos_sin(positions, wide)
        turning = x[..., : self.dim].to(wide)
        if self.interleaved:
            partner = turning.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
        else:
            partner = turning.roll(self.dim // 2, -1)
        turned = torch.addcmul(turning * cos, partner, sin).to(x.dtype)
        if x.shape[-1] == self.dim:
            return turned
        return torch.cat((turned, x[..., self.dim :]), -1)
