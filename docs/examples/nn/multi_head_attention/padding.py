import torch

from llm_book.nn.multi_head_attention import MultiHeadAttention

torch.manual_seed(0)
layer = MultiHeadAttention(12, 3)
short, long = torch.randn(1, 3, 12), torch.randn(1, 5, 12)

pads = torch.full((1, 2, 12), 9.0)  # what stands there must not matter
batch = torch.cat((torch.cat((pads, short), 1), long))  # (2, 5, 12)
positions = torch.tensor([[-2, -1, 0, 1, 2], [0, 1, 2, 3, 4]])
together = layer(batch, positions)

alone = layer(short, torch.arange(3))
print("the short row as if alone:", torch.allclose(together[:1, 2:], alone, atol=1e-6))
alone = layer(long, torch.arange(5))
print("the long row as if alone: ", torch.allclose(together[1:], alone, atol=1e-6))
print("NaN anywhere:             ", together.isnan().any().item())
