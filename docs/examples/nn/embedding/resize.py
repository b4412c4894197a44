import torch
from torch import nn

from llm_book.nn.embedding import resize_embedding

torch.manual_seed(0)
embedding, head = nn.Embedding(1000, 16), nn.Linear(16, 1000)
head.bias.data -= 10  # in trained models too, all logits may lie far below zero
tokens = torch.arange(3)
with torch.no_grad():
    old = head(embedding(tokens))
    zeros = torch.cat((old, torch.zeros(3, 1)), dim=1)  # a row of zeros scores 0
    new_token = zeros.softmax(-1)[:, -1].tolist()
    print("from zeros:", [round(p, 4) for p in new_token])

    resize_embedding(embedding, 1001, head=head)
    new = head(embedding(tokens))
    new_token = new.softmax(-1)[:, -1].tolist()
    print("from the mean:", [round(p, 4) for p in new_token])
    print("old logits unchanged:", torch.allclose(new[:, :1000], old))
    print("new logit is their mean:", torch.allclose(new[:, 1000], old.mean(1)))
