import torch

from llm_book.nn.rms_norm import RMSNorm, rms_norm

token, weight = torch.tensor([1.0, 5.0, 7.0]), torch.tensor([2.0, 1.0, 0.5])

layer, theirs = RMSNorm(3), torch.nn.RMSNorm(3, eps=1e-6)
for module in (layer, theirs):
    module.weight.data = weight

for result in (rms_norm(token, weight), layer(token), theirs(token)):
    print([round(number, 4) for number in result.tolist()])
