import torch

from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding


class TurnedFirst(RotaryEmbedding):
    def forward(self, x, positions):
        return norm(super().forward(x, positions))  # the fault: too late


torch.manual_seed(0)
norm = RMSNorm(32)  # one for queries and keys, to keep this short
right = GroupedQueryAttention(
    64, 4, 2, head_dim=32, rotary=RotaryEmbedding(32), q_norm=norm, k_norm=norm
)
wrong = GroupedQueryAttention(64, 4, 2, head_dim=32, rotary=TurnedFirst(32))
wrong.load_state_dict(right.state_dict(), strict=False)
x, positions = torch.randn(1, 50, 64), torch.arange(50)
for name in ("of 1", "drawn"):
    difference = (right(x, positions) - wrong(x, positions)).abs().max().item()
    print(f"norm weights {name:5}: results differ by up to {difference:.2f}")
    torch.nn.init.uniform_(norm.weight, 0.5, 2.0)
