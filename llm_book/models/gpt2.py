"""GPT-2: learned positions, normalization before each part, a tied head."""

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from llm_book.models.causal_lm import Block, CausalLM
from llm_book.nn.embedding import TokenPositionEmbedding
from llm_book.nn.feed_forward import FeedForward
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.layer_norm import LayerNorm
from llm_book.nn.multi_head_attention import MultiHeadAttention


@dataclass(frozen=True, kw_only=True)
class GPT2Config:
    """The sizes of a GPT-2.

    Args:
        hidden_dim: Width of the feed-forward network; four times `dim` by default.
        exact_gelu: Use the exact GELU instead of the tanh form.
        dropout: After the embedding, on the attention weights, and after each part.
        tie_embeddings: Let the head share the matrix of the token embedding.

    Raises:
        ValueError: A size is below 1, the heads do not fit, or dropout is not in [0, 1).
    """

    vocab_size: int = 50_257
    context_length: int = 1024
    dim: int
    n_layers: int
    n_heads: int
    hidden_dim: int | None = None
    exact_gelu: bool = False
    norm_eps: float = 1e-5
    dropout: float = 0.0
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context_length", "dim", "n_layers", "n_heads", "hidden_dim"):
            size = getattr(self, name)
            if size is not None and size < 1:
                raise ValueError(f"{name}={size}, expected at least 1")
        if self.dim % self.n_heads:
            raise ValueError(f"dim={self.dim} is not a multiple of n_heads={self.n_heads}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout={self.dropout}, expected at least 0 and below 1")


GPT2_124M = GPT2Config(dim=768, n_layers=12, n_heads=12)
GPT2_355M = GPT2Config(dim=1024, n_layers=24, n_heads=16)
GPT2_774M = GPT2Config(dim=1280, n_layers=36, n_heads=20)
GPT2_1_5B = GPT2Config(dim=1600, n_layers=48, n_heads=25)

# Our module -> the published one; `published_name` says how to read it.
WEIGHT_NAMES = {
    "embedding.token": "wte",
    "embedding.position": "wpe",
    "blocks.*.attention_norm": "h.*.ln_1",
    "blocks.*.attention.qkv_proj": "h.*.attn.c_attn.T",
    "blocks.*.attention.o_proj": "h.*.attn.c_proj.T",
    "blocks.*.feed_forward_norm": "h.*.ln_2",
    "blocks.*.feed_forward.up_proj": "h.*.mlp.c_fc.T",
    "blocks.*.feed_forward.down_proj": "h.*.mlp.c_proj.T",
    "norm": "ln_f",
    "head": "lm_head",  # not in the file where it is tied
}


class GPT2Block(Block):
    """Normalize, attend, add; normalize, transform, add."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        norm = partial(LayerNorm, eps=config.norm_eps)
        self.attention_norm = norm(config.dim)
        self.attention = MultiHeadAttention(config.dim, config.n_heads, dropout=config.dropout)
        self.feed_forward_norm = norm(config.dim)
        self.feed_forward = FeedForward(
            config.dim, config.hidden_dim or 4 * config.dim,
            approximate="none" if config.exact_gelu else "tanh",
        )  # fmt: skip
        self.dropout = nn.Dropout(config.dropout) if config.dropout else nn.Identity()

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Add to the stream what attention finds, then what each token makes of it."""
        x = x + self.dropout(self.attention(self.attention_norm(x), positions, cache))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class GPT2(CausalLM):
    """Token ids `(B, T)` to next-token logits `(B, T, V)`.

    Reference:
        Radford et al. 2019, Language Models are Unsupervised Multitask Learners
    """

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = TokenPositionEmbedding(
            config.vocab_size, config.context_length, config.dim
        )
        self.dropout = nn.Dropout(config.dropout) if config.dropout else nn.Identity()
        self.blocks = nn.ModuleList(GPT2Block(config) for _ in range(config.n_layers))
        self.norm = LayerNorm(config.dim, config.norm_eps)
        self.head = nn.Linear(config.dim, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.token.weight
        self.reset_parameters()

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Return the sum of the vectors of the token and of the position."""
        return self.dropout(self.embedding(tokens, positions))
