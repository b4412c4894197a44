import torch

from llm_book.nn.attention_variants import Running, attend_in_tiles
from llm_book.nn.self_attention import attend, causal_mask

seen = causal_mask(torch.arange(2048), torch.arange(2048))


def plain(q, k, v):
    return attend(q, k, v, seen)


def online_only(q, k, v):
    running = Running.start(q)
    for columns in torch.arange(2048).split(256):
        scores = q @ k[:, columns].mT * 64**-0.5
        scores = scores.masked_fill(~seen[:, columns], -torch.inf)
        running = running.take_in(scores, v[:, columns])
    return running.mixed / running.total


for function in (plain, online_only, attend_in_tiles):
    inputs = torch.randn(3, 4, 2048, 64, requires_grad=True)
    kept = {}

    def note(tensor, inputs=inputs, kept=kept):
        if tensor.untyped_storage().data_ptr() != inputs.data_ptr():
            kept[tensor.data_ptr()] = tensor.nbytes / 2**20
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        mixed = function(*inputs)
    print(f"{function.__name__:16} {sum(kept.values()):6.1f} MiB")
