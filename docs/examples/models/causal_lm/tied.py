from torch import nn

from llm_book.models.causal_lm import count_parameters

model = nn.ModuleDict(
    {"embedding": nn.Embedding(50_257, 768), "head": nn.Linear(768, 50_257, bias=False)}
)
print("two matrices", count_parameters(model))
model["head"].weight = model["embedding"].weight
print("one matrix  ", count_parameters(model))

by_part = sum(count_parameters(part) for part in model.values())
by_file = sum(weight.numel() for weight in model.state_dict().values())
print("added by part", by_part, "by state_dict", by_file)
