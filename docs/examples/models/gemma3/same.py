import tempfile

import torch
import transformers

from llm_book.generation.generate import generate
from llm_book.pretrained.load import from_pretrained

transformers.utils.logging.disable_progress_bar()
torch.manual_seed(0)
theirs = transformers.Gemma3ForCausalLM(
    transformers.Gemma3TextConfig(
        vocab_size=100, hidden_size=64, intermediate_size=96, num_hidden_layers=6,
        head_dim=16, num_attention_heads=4, num_key_value_heads=1, query_pre_attn_scalar=24,
        sliding_window=8, max_position_embeddings=256, eos_token_id=None,
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
        },
    )
).eval()  # fmt: skip
for parameter in theirs.parameters():  # norms that are all 0 would hide a mistake
    torch.nn.init.normal_(parameter, std=0.2)
with tempfile.TemporaryDirectory() as folder:
    theirs.save_pretrained(folder)
    ours = from_pretrained(folder)

tokens = torch.randint(100, (2, 64))
with torch.no_grad():
    difference = (ours(tokens) - theirs(tokens).logits).abs().max().item()
print("windows:", [block.attention.window for block in ours.blocks])
print("logits agree within 0.0001:", difference < 1e-4)
visible = torch.ones_like(tokens)
theirs = theirs.generate(tokens, attention_mask=visible, max_new_tokens=40, do_sample=False)
print("the same 40 tokens:", generate(ours, tokens, 40) == theirs[:, 64:].tolist())
