import torch
from torch import nn

from llm_book.nn.self_attention import causal_mask

torch.manual_seed(0)
layer, x = nn.MultiheadAttention(8, 2, batch_first=True), torch.randn(1, 4, 8)
visible = causal_mask(torch.arange(4), torch.arange(4))
options = {"is_causal": True, "need_weights": False}
for name, mask in (("hidden", ~visible), ("visible", visible)):
    for training in (True, False):
        layer.train(training)
        with torch.inference_mode():
            mixed, _ = layer(x, x, x, attn_mask=mask, **options)
        mode = "training" if training else "answering"
        print(f"True = {name:8} {mode:10}", mixed[0, :, 0].round(decimals=2))
