import torch

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.adamw import AdamW
from llm_book.training.loss import next_token_loss

torch.set_num_threads(1)
story = "".join(StoryGrammar("en").sample(4)).encode()
rows = torch.tensor(list(story[: 8 * 65])).view(8, 65)
inputs, targets = rows[:, :-1], rows[:, 1:]
config = GPT2Config(vocab_size=256, context_length=64, dim=32, n_layers=2, n_heads=2)


def start():
    torch.manual_seed(0)
    model = GPT2(config)
    return model, AdamW(model.parameters(), lr=3e-3)


def loss_of(model, mine):
    loss = next_token_loss(model(inputs[mine]), targets[mine])
    loss.backward()
    return loss.item()


alone, pair = start(), (start(), start())
for step in range(30):
    expected = loss_of(alone[0], slice(0, 8))
    losses = [loss_of(pair[0][0], slice(0, 4)), loss_of(pair[1][0], slice(4, 8))]
    parameters = zip(*(model.parameters() for model, _ in pair), strict=True)
    for a, b in parameters:  # the only line in which the two meet:
        a.grad = b.grad = (a.grad + b.grad) / 2
    for _, optimizer in (alone, *pair):
        optimizer.step()
        optimizer.zero_grad()
    if step in (0, 9, 29):
        print(f"step {step:2}: one {expected:.3f}, mean of two {sum(losses) / 2:.3f}")

weights = [model.head.weight for model, _ in (alone, *pair)]
print("the two are equal:", torch.equal(weights[1], weights[2]))
print("as one process:   ", torch.allclose(weights[0], weights[1], atol=1e-4))
