import torch

from llm_book.nn.layer_norm import LayerNorm

torch.manual_seed(0)
sentence = torch.randn(1, 4, 8)  # four tokens
changed = sentence.clone()
changed[0, 3, 0] += 5.0  # one number of the last one is different


def over_time(x: torch.Tensor) -> torch.Tensor:
    """Normalize over the tokens instead of the width: a tempting mistake."""
    return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True, correction=0)


for name, norm in (("over time", over_time), ("over width", LayerNorm(8))):
    difference = (norm(sentence) - norm(changed)).abs().amax(-1)[0]
    print(name, difference.detach().numpy().round(2))
