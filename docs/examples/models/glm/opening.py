import torch

from llm_book.models.glm import CHATGLM3_6B, Glm
from llm_book.pretrained.families.glm import CHATGLM_NAMES
from llm_book.pretrained.weights import lay_out

with torch.device("meta"):
    parameters = dict(Glm(CHATGLM3_6B).named_parameters())
for name, published in lay_out(parameters, CHATGLM_NAMES).items():
    if "layers.27." in name:
        short = name.partition("layers.27.")[2]
        print(f"{short:38} {published.shape(parameters)}")
