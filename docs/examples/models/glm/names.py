import torch

from llm_book.models.causal_lm import published_name
from llm_book.models.glm import CHATGLM3_6B, WEIGHT_NAMES, Glm
from llm_book.pretrained.families.glm import CHATGLM_NAMES

with torch.device("meta"):
    model = Glm(CHATGLM3_6B)
for name, _ in model.named_parameters():
    if "blocks.27." in name and "_proj.weight" in name:
        print(name.removeprefix("blocks.27."))
        for table in (CHATGLM_NAMES, WEIGHT_NAMES):
            stem, marks = published_name(name, table)
            print(f"    {stem.partition('.27.')[2]:40} {marks}")
