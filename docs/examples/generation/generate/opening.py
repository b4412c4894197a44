import torch

from llm_book.models.gpt2 import GPT2, GPT2Config

torch.manual_seed(206)
sizes = {"vocab_size": 50, "context_length": 64, "dim": 24, "n_layers": 2, "n_heads": 3}
model = GPT2(GPT2Config(**sizes, tie_embeddings=False))
for parameter in model.parameters():
    if parameter.dim() == 2:  # larger than usual, so that the model has opinions
        torch.nn.init.normal_(parameter, std=0.5)
prompts = [[11, 12, 13, 14, 15], [21, 22], [31, 32, 33]]


@torch.no_grad()
def naive(tokens: torch.Tensor, n_new: int) -> list[list[int]]:
    """Continue each row with its likeliest tokens: read all, append one, repeat."""
    n_prompt = tokens.shape[1]
    for _ in range(n_new):
        chosen = model(tokens)[:, -1].argmax(-1)
        tokens = torch.cat((tokens, chosen[:, None]), 1)
    return tokens[:, n_prompt:].tolist()


together = torch.tensor([prompt + [0] * (5 - len(prompt)) for prompt in prompts])
for prompt, row in zip(prompts, naive(together, 6), strict=True):
    print(naive(torch.tensor([prompt]), 6)[0], row)
