import math

import torch
from transformers.models.glm.modeling_glm import apply_rotary_pos_emb

from llm_book.nn.rotary_embedding import RotaryEmbedding

word = torch.tensor([1.0, 0.0, 2.0, 0.0]).view(1, 1, 1, 4)
rotary = RotaryEmbedding(2, interleaved=True)  # the first two features turn
for distance in range(5):
    ours = rotary(word, torch.tensor([distance]))  # the key stands at 0
    angle = torch.full((1, 1, 2), float(distance))  # their table has it twice
    theirs, _ = apply_rotary_pos_emb(word, word, angle.cos(), angle.sin())
    scores = [math.cos(distance) + 4, (ours * word).sum(), (theirs * word).sum()]
    print(f"distance {distance}:", *(f"{score:.3f}" for score in scores))
