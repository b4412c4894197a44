import torch

from llm_book.generation.sampling import sample


def careless(logits: torch.Tensor, top_k: int) -> torch.Tensor:
    """Cut by writing into the logits: a tempting mistake."""
    logits[logits < logits.topk(top_k).values[:, -1:]] = -torch.inf
    return logits.softmax(-1).multinomial(1).squeeze(-1)


for choose in (careless, sample):
    logits = torch.tensor([[40.0, 20, 10, 10, 8, 6, 4, 2]]).log()
    choose(logits, top_k=2)
    pie = logits.softmax(-1)[0, 4].item()
    print(f"after {choose.__name__}, pie has {pie:.4f}")
