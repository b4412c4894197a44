import torch

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.adamw import AdamW, parameter_groups

torch.manual_seed(0)
sizes = {"context_length": 32, "dim": 64, "n_layers": 2, "n_heads": 2}
model = GPT2(GPT2Config(vocab_size=100, **sizes))
optimizer = AdamW(parameter_groups(model, weight_decay=0.1))
model(torch.randint(100, (1, 32))).sum().backward()
optimizer.step()

n = count_parameters(model)
names = ("exp_avg", "exp_avg_sq")
state = [s[name] for s in optimizer.state.values() for name in names]
for name, tensors in {
    "weights": list(model.parameters()),
    "gradients": [parameter.grad for parameter in model.parameters()],
    "state": state,
}.items():
    print(f"{name:10} {sum(t.nbytes for t in tensors) / n:.0f} bytes a parameter")
for group in optimizer.param_groups:
    shapes = {parameter.dim() for parameter in group["params"]}
    share = sum(parameter.numel() for parameter in group["params"]) / n
    decay = group["weight_decay"]
    print(f"decay {decay}: dimensions {shapes}, {share:.1%} of all numbers")
