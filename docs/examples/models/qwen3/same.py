import tempfile

import torch
import transformers

from llm_book.generation.generate import generate
from llm_book.pretrained.load import from_pretrained

transformers.utils.logging.disable_progress_bar()
sizes = {
    "vocab_size": 100, "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
    "max_position_embeddings": 256, "bos_token_id": None, "eos_token_id": None,
}  # fmt: skip
experts = {
    "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 48, "norm_topk_prob": True
}  # fmt: skip
torch.manual_seed(0)
for theirs in (
    transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**sizes)),
    transformers.Qwen3MoeForCausalLM(transformers.Qwen3MoeConfig(**sizes, **experts)),
):
    for parameter in theirs.parameters():  # norms that are all 1 would hide a mistake
        torch.nn.init.normal_(parameter, mean=float(parameter.dim() == 1), std=0.2)
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = from_pretrained(folder)
    tokens = torch.randint(100, (2, 64))
    with torch.no_grad():
        difference = (ours(tokens) - theirs(tokens).logits).abs().max().item()
    visible = torch.ones_like(tokens)
    longer = theirs.generate(tokens, attention_mask=visible, max_new_tokens=40, do_sample=False)
    print(type(theirs).__name__)
    print("  logits agree to 0.0001:", difference < 1e-4)
    print("  the same 40 tokens:", generate(ours, tokens, 40) == longer[:, 64:].tolist())
