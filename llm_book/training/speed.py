"""Speed: the same training step, with the same numbers, in less time."""

import ctypes
import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from llm_book.models.causal_lm import CausalLM
from llm_book.nn.embedding import resize_embedding
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.training.loss import IGNORED


def keep_memory() -> bool:
    """Keep freed memory for the next step instead of giving it back to the system.

    Memory from the system arrives in pages of 4 KiB, and the first touch of each is an
    interruption. It holds for the whole process, and needs the C library of GNU/Linux.

    Returns:
        True if the library took both settings.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    trim_threshold, mmap_max = -1, -4  # M_TRIM_THRESHOLD, M_MMAP_MAX in malloc.h
    return bool(mallopt(trim_threshold, 2**31 - 1)) and bool(mallopt(mmap_max, 0))


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply `(..., C)` by the transpose of `(N, C)`, on a CPU in float32 with oneDNN."""
    if x.dtype == weight.dtype == torch.float32 and x.device.type == "cpu":
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return F.linear(x, weight, bias)


class Product(torch.autograd.Function):
    """The three products of a linear layer: the result, and the gradients of both factors."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Multiply, and remember the factors."""
        ctx.save_for_backward(x, weight)
        return product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Multiply the gradient by each factor; the sum over rows is that of the bias."""
        x, weight = ctx.saved_tensors
        rows, inputs = grad.flatten(0, -2), x.flatten(0, -2)
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            product(grad, weight.T) if needs_x else None,
            product(rows.T, inputs.T) if needs_weight else None,
            rows.sum(0) if needs_bias else None,
        )


class FastLinear(nn.Linear):
    """An `nn.Linear` that multiplies with oneDNN in both directions, where that is faster."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the weight, and add the bias."""
        if torch.is_autocast_enabled(x.device.type) or x.dtype != torch.float32:
            return super().forward(x)
        return Product.apply(x, self.weight, self.bias)


class FastAttention(MultiHeadAttention):
    """Multi-head attention that builds no mask where the whole text is there.

    In bfloat16 on a CPU it also holds the table of weights, which for short texts is
    faster than a kernel that works in tiles. Elsewhere it does as its parent.
    """

    LONGEST_TABLE = 512

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Split into heads, attend in each, join, and project."""
        plain = cache is None and self.window is None and not self.dropout
        if not plain or not in_order(positions):
            return super().forward(x, positions, cache)
        qkv = self.qkv_proj(x).unflatten(-1, (3, *self.head_shape))  # (B, T, 3, H, D)
        queries, keys, values = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # (B, H, T, D)
        bfloat16_on_cpu = queries.device.type == "cpu" and queries.dtype == torch.bfloat16
        if bfloat16_on_cpu and x.shape[1] <= self.LONGEST_TABLE:
            mixed = attend_with_table(queries, keys, values)
        else:
            mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).flatten(-2))


def in_order(positions: Tensor) -> bool:
    """Say if the positions are 0, 1, 2, … for all rows, so that a triangle is their mask."""
    if positions.dim() != 1 or torch.compiler.is_compiling():
        return positions.dim() == 1
    return torch.equal(positions, torch.arange(len(positions), device=positions.device))


def attend_with_table(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attend causally with two products and a softmax: `(B, H, T, D)` to the same."""
    n_rows, length = queries.shape[:2], queries.shape[2]
    hidden = torch.full((length, length), -torch.inf, dtype=queries.dtype).triu(1)
    q, k, v = (part.flatten(0, 1) for part in (queries, keys, values))  # (B H, T, D)
    scores = torch.baddbmm(hidden, q, k.mT, alpha=q.shape[-1] ** -0.5)
    return (scores.softmax(-1) @ v).unflatten(0, n_rows)


def _at_least_float32(x: Tensor) -> torch.dtype:
    return torch.promote_types(x.dtype, torch.float32)


class LinearCrossEntropy(torch.autograd.Function):
    """The head and the loss in one: the gradient is written where the logits were.

    Reference:
        Hsu et al. 2024, Liger Kernel, https://arxiv.org/abs/2410.10989
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, targets: Tensor, n_rows: int) -> Tensor:
        """Score a few rows at a time, and turn them into softmax minus one-hot."""
        logits = product(x, weight)  # (N, V)
        scored = targets != IGNORED
        n_scored = scored.sum().clamp(min=1)
        total = torch.zeros((), dtype=_at_least_float32(x), device=x.device)
        parts = zip(*(part.split(n_rows) for part in (logits, targets, scored)), strict=True)
        for rows, wanted, used in parts:
            wanted = wanted.where(used, 0).unsqueeze(1)
            wide = rows.to(total.dtype)  # a copy of these rows alone, or none
            log_total = wide.logsumexp(-1, keepdim=True)
            total += (log_total - wide.gather(1, wanted)).squeeze(1).where(used, 0).sum()
            share = wide.sub_(log_total).exp_()
            share.scatter_add_(1, wanted, -torch.ones_like(log_total))
            rows.copy_(share.mul_(used.unsqueeze(1) / n_scored))
        ctx.save_for_backward(logits, x, weight)
        return total / n_scored

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Pass on what the forward pass has prepared."""
        gradient, x, weight = ctx.saved_tensors
        if grad != 1:
            gradient = gradient * grad.to(gradient.dtype)
        return product(gradient, weight.T), product(gradient.T, x.T), None, None


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, n_rows: int = 64
) -> Tensor:
    """Return `next_token_loss(hidden @ weight.T, targets)`, with one copy of the logits.

    Args:
        hidden: What the head reads.
        weight: The matrix of the head.
        targets: Ids in `[0, V)`, or IGNORED.
        n_rows: How many tokens are scored at a time.

    Shapes:
        hidden: `(B, T, C)`
        weight: `(V, C)`
        targets: `(B, T)`
        returns: a scalar

    Raises:
        ValueError: The targets do not have the shape of `hidden` without `C`.
    """
    if hidden.shape[:-1] != targets.shape:
        raise ValueError(
            f"hidden states of shape {tuple(hidden.shape)} need targets of shape "
            f"{tuple(hidden.shape[:-1])}, not {tuple(targets.shape)}"
        )
    if torch.is_autocast_enabled(hidden.device.type):
        dtype = torch.get_autocast_dtype(hidden.device.type)
        hidden, weight = hidden.to(dtype), weight.to(dtype)
    return LinearCrossEntropy.apply(hidden.flatten(0, -2), weight, targets.flatten(), n_rows)


def pad_vocabulary(model: CausalLM, multiple: int = 64) -> None:
    """Add rows that no text uses, until the vocabulary is a multiple of `multiple`.

    Make the optimizer afterwards. When writing, forbid the ids that were added.
    """
    head = model.head
    vocab_size = -(-model.vocab_size // multiple) * multiple
    embedding: Any = model.embedding
    resize_embedding(embedding.token, vocab_size, head=head)
    model.config = dataclasses.replace(model.config, vocab_size=vocab_size)


class MasterWeights:
    """Turn a model into bfloat16, and keep its weights in float32 beside it.

    The optimizer steps on `parameters`. Call `take_gradients` before it, `give_weights`
    after it.

    Args:
        model: Changed in place; tied weights stay tied.

    Attributes:
        parameters: The float32 copies, in the order of `model.parameters()`.
    """

    def __init__(self, model: nn.Module) -> None:
        self.weights = list(model.parameters())
        self.parameters = [nn.Parameter(weight.detach().float().clone()) for weight in self.weights]
        model.to(torch.bfloat16)

    def take_gradients(self) -> None:
        """Move the gradients of the model to the float32 copies."""
        for master, weight in zip(self.parameters, self.weights, strict=True):
            master.grad = None if weight.grad is None else weight.grad.float()
            weight.grad = None

    @torch.no_grad()
    def give_weights(self) -> None:
        """Round the float32 copies into the model."""
        torch._foreach_copy_([*self.weights], [*self.parameters])


def use_fast_layers(model: CausalLM) -> None:
    """Let a GPT-2 use the layers of this page; its weights stay where they are."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = FastLinear
        elif type(module) is MultiHeadAttention:
            module.__class__ = FastAttention
    embedding: Any = model.embedding
    if model.head.weight is embedding.token.weight:
        embedding.token.sparse = True  # the head's gradient is dense, and so is their sum


def training_step(
    model: CausalLM,
    optimizer: torch.optim.Optimizer,
    inputs: Tensor,
    targets: Tensor,
    *,
    masters: MasterWeights | None = None,
    clip_norm: float = 1.0,
    hidden_states: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Do one step with the fused loss, and return the loss without waiting for its value.

    Args:
        model: Prepared by `use_fast_layers`.
        optimizer: Over the model's parameters, or over those of `masters`.
        inputs: Token ids `(B, T)`.
        targets: Ids `(B, T)`, or IGNORED.
        masters: If the model is in bfloat16, its float32 weights.
        clip_norm: Largest norm of all gradients together.
        hidden_states: In place of the model's own, such as a compiled one.
    """
    hidden = (hidden_states or model.hidden_states)(inputs)
    loss = linear_cross_entropy(hidden, model.head.weight, targets)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    if masters is not None:
        masters.take_gradients()
    optimizer.step()
    optimizer.zero_grad()
    if masters is not None:
        masters.give_weights()
    return loss.detach()
