import torch

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.adamw import AdamW
from llm_book.training.loss import next_token_loss

torch.set_num_threads(1)
story = "".join(StoryGrammar("en").sample(4)).encode()
rows = torch.tensor(list(story[: 8 * 65])).view(8, 65)  # a batch of 8 rows of bytes
inputs, targets = rows[:, :-1], rows[:, 1:]
config = GPT2Config(vocab_size=256, context_length=64, dim=32, n_layers=2, n_heads=2)


def train(mine):
    torch.manual_seed(0)  # every worker starts from the same weights
    model = GPT2(config)
    optimizer = AdamW(model.parameters(), lr=3e-3)
    for _ in range(30):
        next_token_loss(model(inputs[mine]), targets[mine]).backward()
        optimizer.step()
        optimizer.zero_grad()
    return model


first, last = slice(0, 4), slice(4, 8)
workers = {"all rows": slice(0, 8), "rows 0 to 3": first, "rows 4 to 7": last}
print("trained on   loss on rows 0 to 3   on rows 4 to 7")
models = []
for name, mine in workers.items():
    models.append(train(mine))
    with torch.no_grad():
        a, b = (next_token_loss(models[-1](inputs[r]), targets[r]) for r in (first, last))
    print(f"{name:11}  {a:19.1f}   {b:14.1f}")

one, other = (model.head.weight for model in models[1:])
apart = (one - other).norm() / one.norm()
print(f"the heads of the two halves are {apart:.0%} apart")
