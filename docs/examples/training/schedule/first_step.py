import torch

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.adamw import AdamW
from llm_book.training.loss import next_token_loss

text = "".join(StoryGrammar("en").sample(1))
letters = sorted(set(text))
tokens = torch.tensor([[letters.index(letter) for letter in text[:129]]])

print("width   largest stretch before   of one step at 0.003")
for dim in (32, 128, 512):
    torch.manual_seed(0)
    sizes = {"context_length": 128, "dim": dim, "n_layers": 1, "n_heads": 4}
    model = GPT2(GPT2Config(vocab_size=len(letters), **sizes))
    optimizer = AdamW(model.parameters(), lr=0.003, weight_decay=0)
    next_token_loss(model(tokens[:, :-1]), tokens[:, 1:]).backward()
    matrix = model.blocks[0].feed_forward.up_proj.weight
    before = matrix.detach().clone()
    optimizer.step()
    both = before, matrix - before
    norms = [torch.linalg.matrix_norm(m, ord=2) for m in both]
    print(f"{dim:5} {norms[0]:18.2f} {norms[1]:24.2f}")
