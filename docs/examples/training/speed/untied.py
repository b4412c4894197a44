import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.loss import next_token_loss

for tied in (True, False):
    model = GPT2(
        GPT2Config(
            vocab_size=50, context_length=8, dim=8, n_layers=1, n_heads=1, tie_embeddings=tied
        )
    )
    model.embedding.token.sparse = True  # without looking if the head shares the matrix
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    tokens = torch.tensor([[1, 2, 3]])
    next_token_loss(model(tokens), tokens).backward()
    print("tied:" if tied else "untied:", model.embedding.token.weight.grad.layout, end=", ")
    try:
        optimizer.step()
        print("the optimizer steps")
    except (RuntimeError, NotImplementedError) as error:
        print(type(error).__name__)
