from llm_book.models.gpt2 import GPT2, GPT2_1_5B
from llm_book.pretrained.load import EmptyOnMeta

with EmptyOnMeta():
    model = GPT2(GPT2_1_5B)

real = sum(p.nbytes for p in model.parameters() if not p.is_meta)
without = sum(p.nbytes for p in model.parameters() if p.is_meta)
print(f"without memory: {without:13,} bytes")
print(f"real:           {real:13,} bytes")
print([name for name, p in model.named_parameters() if not p.is_meta][:2])
