import torch

from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.rotary_embedding import RotaryEmbedding

rotary = RotaryEmbedding(32, interleaved=True)
attention = GroupedQueryAttention(64, 1, 1, rotary=rotary, qkv_bias=True)
tokens, positions = torch.zeros(1, 9, 64), torch.arange(9)  # nine that say nothing
for bias in (0.0, 0.7):
    torch.nn.init.constant_(attention.q_proj.bias, bias)
    torch.nn.init.constant_(attention.k_proj.bias, bias)
    query, key = (
        rotary(project(tokens).view(1, 9, 1, 64), positions)[0, :, 0]
        for project in (attention.q_proj, attention.k_proj)
    )
    weights = (query[-1] @ key.T * attention.scale).softmax(-1)
    print(f"bias {bias}:", [round(weight, 2) for weight in weights.tolist()])
