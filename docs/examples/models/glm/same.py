import tempfile

import torch
import transformers

from llm_book.generation.generate import generate
from llm_book.pretrained.load import from_pretrained

transformers.utils.logging.disable_progress_bar()
sizes = {
    "vocab_size": 100, "hidden_size": 64, "intermediate_size": 216, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "attention_bias": True,
    "max_position_embeddings": 256, "pad_token_id": None, "eos_token_id": None,
}  # fmt: skip
for name in ("Glm", "Glm4"):
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**sizes)
    theirs = getattr(transformers, f"{name}ForCausalLM")(config)
    for parameter in theirs.parameters():  # norms of 1 and biases of 0 would hide a mistake
        torch.nn.init.normal_(parameter, mean=float(parameter.dim() == 1), std=0.2)
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = from_pretrained(folder)
    tokens = torch.randint(100, (2, 64))
    with torch.no_grad():
        difference = (ours(tokens) - theirs(tokens).logits).abs().max().item()
    expected = theirs.generate(
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=40, do_sample=False,
        pad_token_id=0,
    )  # fmt: skip
    print(f"{name}ForCausalLM: logits agree to 0.0001: {difference < 1e-4},", end=" ")
    print("the same 40 tokens:", generate(ours, tokens, 40) == expected[:, 64:].tolist())
