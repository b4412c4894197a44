import torch

from llm_book.nn.feed_forward import FeedForward

torch.manual_seed(0)
layer = FeedForward(8, 32)
sentence = torch.randn(1, 4, 8)
changed = sentence.clone()
changed[0, 1] = 0.0

with torch.no_grad():
    difference = (layer(sentence) - layer(changed)).abs().amax(-1)[0]
print(difference.numpy().round(2))
