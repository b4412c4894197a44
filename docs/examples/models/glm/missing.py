import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from llm_book.models.glm import Glm
from llm_book.pretrained.families.glm import CHATGLM_NAMES, GlmFamily
from llm_book.pretrained.load import from_pretrained
from llm_book.pretrained.weights import lay_out

fields = {
    "model_type": "chatglm", "padded_vocab_size": 100, "seq_length": 64,
    "hidden_size": 64, "num_layers": 1, "num_attention_heads": 4, "kv_channels": 16,
    "multi_query_group_num": 2, "ffn_hidden_size": 216, "layernorm_epsilon": 1e-5,
    "add_qkv_bias": True,
}  # fmt: skip
model = Glm(GlmFamily.read(fields))
weights = model.state_dict()
layout = lay_out(weights, CHATGLM_NAMES)
tensors = {name: published.write(weights) for name, published in layout.items()}
tokens = torch.arange(20).unsqueeze(0)
with tempfile.TemporaryDirectory() as folder:
    save_file(tensors, f"{folder}/model.safetensors")
    for change in ({}, {"add_qkv_bias": False}, {"rmsnorm": False}):
        Path(folder, "config.json").write_text(json.dumps(fields | change), "utf-8")
        try:
            ours = from_pretrained(folder)
            print("equal:", torch.equal(ours(tokens), model(tokens)))
        except ValueError as error:
            print(error)
