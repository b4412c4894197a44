"""Generation: choose a token, append it, and ask again."""

from collections.abc import Collection, Iterator, Sequence

import torch
from torch import Tensor, nn

from llm_book.generation.sampling import check_sampling, sample
from llm_book.models.causal_lm import CausalLM, check_token_ids, evaluating


def generate(
    model: CausalLM,
    prompts: Tensor | Sequence[Sequence[int]],
    max_new_tokens: int,
    *,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    eos_id: int | Collection[int] | None = None,
    use_cache: bool = True,
    slide: bool = False,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Continue every prompt, and return the new token ids of each.

    Args:
        model: The model; its mode, gradients, and weights are left as they are.
        prompts: A tensor `(B, T)`, or lists of ids that may differ in length.
        max_new_tokens: Largest number of new tokens in each row.
        temperature: 0 always takes the likeliest token; see `sample`.
        top_k: See `sample`.
        top_p: See `sample`.
        eos_id: The id, or several, that ends a row. It is the last id of that row.
        use_cache: Read each token once; otherwise read the whole row again at each step.
        slide: Past the context length, forget the oldest tokens instead of raising. The
            positions of all others change, so that every further step reads them again.
        generator: Makes the draws repeatable.

    Raises:
        ValueError: A prompt is empty or text, holds an id outside the vocabulary, or leaves no
            room for `max_new_tokens`; or as `sample`.
    """
    rows: list[list[int]] = [[] for _ in prompts]
    for step in stream(
        model,
        prompts,
        max_new_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        eos_id=eos_id,
        use_cache=use_cache,
        slide=slide,
        generator=generator,
    ):
        for row, token in zip(rows, step, strict=True):
            if token is not None:
                row.append(token)
    return rows


def stream(
    model: CausalLM,
    prompts: Tensor | Sequence[Sequence[int]],
    max_new_tokens: int,
    *,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    eos_id: int | Collection[int] | None = None,
    use_cache: bool = True,
    slide: bool = False,
    generator: torch.Generator | None = None,
) -> Iterator[list[int | None]]:
    """Do as `generate`, and yield every step: one id for each row, None after its end."""
    check_sampling(temperature, top_k, top_p)
    tokens, pads = _pad_left(prompts, next(model.parameters()).device)
    check_token_ids(tokens, model.vocab_size)
    context, total = model.config.context_length, tokens.shape[1] + max_new_tokens
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens={max_new_tokens}, expected at least 0")
    if total > context and not slide:
        raise ValueError(
            f"a prompt of {tokens.shape[1]} tokens and {max_new_tokens} new ones "
            f"do not fit the context length {context}"
        )
    ends = {eos_id} if isinstance(eos_id, int) else set(eos_id or ())
    cache = model.make_cache(len(tokens), min(total, context)) if use_cache else None
    modules = list(model.modules())

    # A function that yields runs nothing before its first step, but errors come at once.
    @torch.inference_mode()
    def steps(tokens: Tensor) -> Iterator[list[int | None]]:
        n_read, going = 0, [True] * len(tokens)
        for _ in range(max_new_tokens):
            first = max(0, tokens.shape[1] - context)  # the oldest token in sight
            memory = None if first else cache
            start = first if memory is None else n_read
            columns = torch.arange(start, tokens.shape[1], device=tokens.device)
            with evaluating(modules):
                hidden = model.hidden_states(
                    tokens[:, start:], memory, columns - pads.clamp(min=first)
                )
                logits = model.head(hidden[:, -1])  # (B, V), of the last token alone
            chosen = sample(logits, temperature, top_k, top_p, generator)
            ids = chosen.tolist()
            yield [token if on else None for token, on in zip(ids, going, strict=True)]
            going = [on and token not in ends for token, on in zip(ids, going, strict=True)]
            if not any(going):
                return
            n_read = tokens.shape[1]
            tokens = torch.cat((tokens, chosen[:, None]), 1)

    return steps(tokens)


def _pad_left(
    prompts: Tensor | Sequence[Sequence[int]], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return tokens `(B, T)`, and the number of pads in front: `(B, 1)`, or 0."""
    rows = prompts.tolist() if isinstance(prompts, Tensor) else prompts
    if not rows or not all(isinstance(row, Sequence) for row in rows):
        raise ValueError("prompts must be a (B, T) tensor or lists of ids, at least one")
    lengths = [len(row) for row in rows]
    if min(lengths) == 0:
        raise ValueError(f"prompt {lengths.index(0)} is empty, expected at least 1 token")
    text = next((row for row in rows if isinstance(row[0], str)), None)
    if text is not None:
        raise ValueError(f"prompt {text!r} is text, expected token ids: encode it first")
    pads = [max(lengths) - length for length in lengths]
    tokens = torch.tensor(
        [[0] * pad + list(row) for pad, row in zip(pads, rows, strict=True)], device=device
    )
    if tokens.dtype != torch.int64:
        raise ValueError(f"prompts hold {tokens.dtype}, expected integers")
    if not any(pads):
        return tokens, torch.tensor(0, device=device)
    return tokens, torch.tensor(pads, device=device).unsqueeze(1)


class OneDnnLinear(nn.Linear):
    """An `nn.Linear` whose float32 products are left to oneDNN: the same, but sooner.

    PyTorch brings two libraries for products on a CPU, and takes MKL for float32. MKL is
    at home on Intel's processors; on others it may read a matrix with one thread only.
    The call below is not documented and knows no gradient, hence the conditions.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the weight, and add the bias."""
        float32 = x.dtype == self.weight.dtype == torch.float32
        if not float32 or x.device.type != "cpu" or torch.is_grad_enabled():
            return super().forward(x)
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


def use_onednn(model: nn.Module) -> None:
    """Turn every `nn.Linear` into an `OneDnnLinear`; the weights stay where they are."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = OneDnnLinear
