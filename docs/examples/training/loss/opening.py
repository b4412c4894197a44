import torch

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.loss import next_token_loss

[story] = StoryGrammar("en").sample(1)
letters = sorted(set(story))
tokens = torch.tensor([[letters.index(c) for c in story[:201]]])
inputs, targets = tokens[:, :-1], tokens[:, 1:]

torch.manual_seed(0)
sizes = {"context_length": 200, "dim": 32, "n_layers": 2, "n_heads": 2}
model = GPT2(GPT2Config(vocab_size=len(letters), **sizes))
next_token_loss(model(inputs), targets).backward()

print("change  right guesses  loss")
for change in (0.0, 0.01, 0.02, 0.03, 0.04):
    with torch.no_grad():
        logits = model(inputs)
        right = (logits.argmax(-1) == targets).sum()
        loss = next_token_loss(logits, targets)
        for weight in model.parameters():  # 0.01 further for the next line
            weight -= 0.01 * weight.grad
    print(f"{change:6.2f}  {right:6} of 200  {loss:.3f}")
