import torch
from torch.utils._python_dispatch import TorchDispatchMode

from llm_book.training.loss import next_token_loss
from llm_book.training.speed import linear_cross_entropy


class CountLarge(TorchDispatchMode):
    """Count the tensors as large as the logits that get memory of their own."""

    def __init__(self, size):
        super().__init__()
        self.size, self.kept = size, {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.numel() >= self.size:
            self.kept.setdefault(out.untyped_storage()._cdata, (function.__name__, out))
        return out


n_tokens, dim, vocab_size = 64, 16, 1000
targets = torch.randint(vocab_size, (1, n_tokens))
for dtype in (torch.float32, torch.bfloat16):
    hidden = torch.randn(1, n_tokens, dim, dtype=dtype, requires_grad=True)
    weight = torch.randn(vocab_size, dim, dtype=dtype, requires_grad=True)
    with CountLarge(n_tokens * vocab_size) as plain:
        next_token_loss(hidden @ weight.T, targets).backward()
    with CountLarge(n_tokens * vocab_size) as fused:
        linear_cross_entropy(hidden, weight, targets, n_rows=8).backward()
    print(str(dtype).removeprefix("torch."))
    print("  one after the other:", ", ".join(name for name, _ in plain.kept.values()))
    print("  fused:              ", ", ".join(name for name, _ in fused.kept.values()))
