import torch

from llm_book.models.gpt2 import GPT2, GPT2Config

torch.manual_seed(206)
sizes = {"vocab_size": 50, "context_length": 64, "dim": 24, "n_layers": 2, "n_heads": 3}
model = GPT2(GPT2Config(**sizes, tie_embeddings=False))
for parameter in model.parameters():
    if parameter.dim() == 2:  # larger than usual, so that the model has opinions
        torch.nn.init.normal_(parameter, std=0.5)


@torch.no_grad()
def continued(row: list[int], first: int) -> list[int]:
    """Return six likeliest tokens; the positions of the row begin with `first`."""
    n_prompt = len(row)
    for _ in range(6):
        positions = first + torch.arange(len(row))
        row = [*row, int(model(torch.tensor([row]), positions=positions)[0, -1].argmax())]
    return row[n_prompt:]


for prompt in ([21, 22], [31, 32, 33], [41, 42, 43, 44]):
    n_pads = 5 - len(prompt)
    padded = [0] * n_pads + prompt
    print(continued(prompt, 0), continued(padded, -n_pads), continued(padded, 0))
