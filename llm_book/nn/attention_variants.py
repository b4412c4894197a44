"""Nine ways to write multi-head causal attention: the same weights, the same numbers.

Each variant is a function of a `MultiHeadAttention`, which lends its weights, and of
tokens `x` at positions 0 to T - 1. It makes `(B, T, C)` of `(B, T, C)`, as the layer does.
"""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.self_attention import attend, causal_mask

Variant = Callable[[MultiHeadAttention, Tensor], Tensor]


def weights_by_head(layer: MultiHeadAttention) -> tuple[Tensor, Tensor]:
    """Return the matrices that make queries, keys, and values, cut into heads.

    Shapes:
        returns: weights `(3, H, D, C)` and biases `(3, H, D)`

    Raises:
        ValueError: The layer has a window, dropout, or no bias.
    """
    bias = layer.qkv_proj.bias
    if layer.window is not None or layer.dropout or bias is None:
        raise ValueError(
            "expected a layer with bias and without window and dropout, got "
            f"bias={bias is not None}, window={layer.window}, "
            f"dropout={layer.dropout}"
        )
    shape = (3, *layer.head_shape)
    return layer.qkv_proj.weight.unflatten(0, shape), bias.unflatten(0, shape)


def split_heads(layer: MultiHeadAttention, x: Tensor) -> tuple[Tensor, ...]:
    """Return queries, keys, and values of one product, each `(B, H, T, D)`."""
    weights, biases = weights_by_head(layer)
    qkv = F.linear(x, weights.flatten(0, 2), biases.flatten())  # (B, T, 3C)
    return qkv.unflatten(-1, biases.shape).transpose(1, 3).unbind(2)


def join_heads(layer: MultiHeadAttention, mixed: Tensor) -> Tensor:
    """Put the heads side by side and project: `(B, H, T, D)` to `(B, T, C)`."""
    return layer.o_proj(mixed.transpose(1, 2).flatten(-2))


def mask_for(x: Tensor) -> Tensor:
    """Return the causal mask, `(T, T)`, of tokens `(..., T, C)`."""
    positions = torch.arange(x.shape[-2], device=x.device)
    return causal_mask(positions, positions)


def one_module_a_head(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Attend in one head after the other, each a `CausalSelfAttention`."""
    weights, biases = weights_by_head(layer)
    mixed = []
    for head in range(len(biases[0])):
        q, k, v = (
            F.linear(x, weight[head], bias[head])
            for weight, bias in zip(weights, biases, strict=True)
        )  # (B, T, D)
        mixed.append(attend(q, k, v, mask_for(x)))
    return layer.o_proj(torch.cat(mixed, -1))


def separate_projections(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Make queries, keys, and values of all heads with one matrix each."""
    heads = []
    for weight, bias in zip(*weights_by_head(layer), strict=True):
        projected = F.linear(x, weight.flatten(0, 1), bias.flatten())  # (B, T, C)
        heads.append(projected.unflatten(-1, layer.head_shape).transpose(1, 2))
    q, k, v = heads  # (B, H, T, D)
    return join_heads(layer, attend(q, k, v, mask_for(x)))


def fused_projections(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Make all three with one matrix: one large product instead of three."""
    q, k, v = split_heads(layer, x)
    return join_heads(layer, attend(q, k, v, mask_for(x)))


def einsum_notation(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Name the axes instead of moving them: n is one of q, k, v, and h a head."""
    weights, biases = weights_by_head(layer)
    q, k, v = torch.einsum("btc,nhdc->nbthd", x, weights) + biases[:, None, None]
    scores = torch.einsum("bthd,bshd->bhts", q, k) * q.shape[-1] ** -0.5
    shares = scores.masked_fill(~mask_for(x), -torch.inf).softmax(-1)
    mixed = torch.einsum("bhts,bshd->bthd", shares, v)
    o_weight = layer.o_proj.weight.unflatten(1, layer.head_shape)
    return torch.einsum("bthd,chd->btc", mixed, o_weight) + layer.o_proj.bias


class Running(NamedTuple):
    """What the online softmax remembers of the keys it has met.

    Attributes:
        maximum: The largest score m, `(..., T, 1)`.
        total: The sum of exp(score - m), `(..., T, 1)`.
        mixed: The sum of exp(score - m) times the value, `(..., T, D)`.
    """

    maximum: Tensor
    total: Tensor
    mixed: Tensor

    @classmethod
    def start(cls, queries: Tensor) -> "Running":
        """Return the memory of queries that have met no key yet."""
        nothing = torch.zeros_like(queries)
        return cls(nothing[..., :1] - torch.inf, nothing[..., :1], nothing)

    def take_in(self, scores: Tensor, values: Tensor) -> "Running":
        """Return the memory with one more tile of keys in it.

        Each query must have a visible key by the end of its first tile.

        Shapes:
            scores: `(..., T, S)`, minus infinity where hidden
            values: `(..., S, D)`

        Reference:
            Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867
        """
        maximum = torch.maximum(self.maximum, scores.amax(-1, keepdim=True))
        shrink = (self.maximum - maximum).exp()
        weights = (scores - maximum).exp()
        return Running(
            maximum,
            self.total * shrink + weights.sum(-1, keepdim=True),
            self.mixed * shrink + weights @ values,
        )


def tile_scores(queries: Tensor, keys: Tensor, rows: slice, columns: slice) -> Tensor:
    """Return the scores of one tile, minus infinity for keys of the future."""
    scores = queries[..., rows, :] @ keys[..., columns, :].mT * keys.shape[-1] ** -0.5
    if rows == columns:  # on the diagonal; other tiles hold past keys only
        scores.masked_fill_(~mask_for(scores), -torch.inf)
    return scores


class TiledAttention(torch.autograd.Function):
    """Causal attention tile by tile, with a backward pass that needs no table either.

    The forward pass keeps one number a query, the logarithm of its total. With it the
    backward pass computes the weights of any tile again, uses them, and forgets them.

    Reference:
        Dao et al. 2022, FlashAttention, https://arxiv.org/abs/2205.14135
    """

    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, values: Tensor, tile: int) -> Tensor:
        """Let each tile of queries meet one tile of keys at a time."""
        mixed, log_total = torch.empty_like(queries), torch.empty_like(queries[..., :1])
        cuts = [slice(i, i + tile) for i in range(0, queries.shape[-2], tile)]
        for i, rows in enumerate(cuts):
            running = Running.start(queries[..., rows, :])
            for columns in cuts[: i + 1]:
                scores = tile_scores(queries, keys, rows, columns)
                running = running.take_in(scores, values[..., columns, :])
            mixed[..., rows, :] = running.mixed / running.total
            log_total[..., rows, :] = running.maximum + running.total.log()
        ctx.save_for_backward(queries, keys, values, mixed, log_total)
        ctx.cuts = cuts
        return mixed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Pass the gradient on, through the same tiles."""
        queries, keys, values, mixed, log_total = ctx.saved_tensors
        grads = [torch.zeros_like(part) for part in (queries, keys, values)]
        mean = (grad * mixed).sum(-1, keepdim=True)  # of g @ values.mT, weighted
        for i, rows in enumerate(ctx.cuts):
            g = grad[..., rows, :]
            for columns in ctx.cuts[: i + 1]:
                scores = tile_scores(queries, keys, rows, columns)
                weights = (scores - log_total[..., rows, :]).exp()  # of sum 1
                pull = g @ values[..., columns, :].mT - mean[..., rows, :]
                pull *= weights * keys.shape[-1] ** -0.5
                grads[0][..., rows, :] += pull @ keys[..., columns, :]
                grads[1][..., columns, :] += pull.mT @ queries[..., rows, :]
                grads[2][..., columns, :] += weights.mT @ g
        return *grads, None


def attend_in_tiles(queries: Tensor, keys: Tensor, values: Tensor, tile: int = 256) -> Tensor:
    """Attend causally without ever holding the table of T x T weights.

    The sums are float32 at least: in bfloat16, 256 + 1 is 256.

    Args:
        queries: One for each position 0 to T - 1.
        keys: One for each.
        values: One for each.
        tile: Number of queries, and of keys, that meet at a time.

    Shapes:
        queries, keys, values: `(..., T, D)`
        returns: `(..., T, D)`

    Raises:
        ValueError: `tile` is below 1.
    """
    if tile < 1:
        raise ValueError(f"tile={tile}, expected at least 1")
    wide = torch.promote_types(queries.dtype, torch.float32)
    mixed = TiledAttention.apply(queries.to(wide), keys.to(wide), values.to(wide), tile)
    return mixed.to(queries.dtype)


def tiled_online(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Attend tile by tile with an online softmax."""
    q, k, v = split_heads(layer, x)
    return join_heads(layer, attend_in_tiles(q, k, v))


def scaled_dot_product(
    layer: MultiHeadAttention, x: Tensor, backend: SDPBackend | None = None
) -> Tensor:
    """Leave it to PyTorch, which chooses a backend itself if none is asked for."""
    q, k, v = split_heads(layer, x)
    with nullcontext() if backend is None else sdpa_kernel(backend):
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return join_heads(layer, mixed)


def torch_module(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Lend the weights to PyTorch's module. Its mask is True where hidden."""
    weights, biases = weights_by_head(layer)
    dim, n_heads = x.shape[-1], layer.head_shape[0]
    theirs = nn.MultiheadAttention(dim, n_heads, batch_first=True, device="meta")
    lent = {
        "in_proj_weight": weights.flatten(0, 2),
        "in_proj_bias": biases.flatten(),
        "out_proj.weight": layer.o_proj.weight,
        "out_proj.bias": layer.o_proj.bias,
    }
    options = {"attn_mask": ~mask_for(x), "is_causal": True, "need_weights": False}
    return functional_call(theirs.train(layer.training), lent, (x, x, x), options)[0]


@functools.cache
def compiled(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return the function compiled, the same object each time it is asked for."""
    return torch.compile(function)


def causal_blocks(length: int, device: torch.device | str = "cpu") -> BlockMask:
    """Find the blocks that FlexAttention may skip, once for all layers."""

    def visible(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return key <= query

    return create_block_mask(visible, None, None, length, length, device=device)


def flexible(layer: MultiHeadAttention, x: Tensor, blocks: BlockMask | None = None) -> Tensor:
    """Write the mask as a function and let the compiler build the kernel around it.

    On a CPU this has no backward pass: call it without gradients.
    """
    q, k, v = split_heads(layer, x)
    blocks = causal_blocks(x.shape[1], x.device) if blocks is None else blocks
    return join_heads(layer, compiled(flex_attention)(q, k, v, block_mask=blocks))


def compiled_fused(layer: MultiHeadAttention, x: Tensor) -> Tensor:
    """Compile the plain form: scale, mask, and softmax in one pass."""
    return compiled(fused_projections)(layer, x)


VARIANTS: dict[str, Variant] = {
    "one module a head": one_module_a_head,
    "separate projections": separate_projections,
    "fused projections": fused_projections,
    "einsum": einsum_notation,
    "tiled online": tiled_online,
    "scaled_dot_product_attention": scaled_dot_product,
    "nn.MultiheadAttention": torch_module,
    "FlexAttention": flexible,
    "compiled": compiled_fused,
}
