import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.models.llama import Llama, LlamaConfig

sizes = {"vocab_size": 100, "context_length": 1000, "dim": 64, "n_layers": 2, "n_heads": 4}
torch.manual_seed(0)
models = [
    GPT2(GPT2Config(**sizes)),
    Llama(LlamaConfig(**sizes, n_kv_heads=2, hidden_dim=176)),
]
sentence = torch.randint(100, (1, 12))
exchanged = sentence[:, [0, 1, 2, 4, 3, *range(5, 12)]]
start = torch.arange(12)

for model in models:
    for parameter in model.parameters():  # large enough for attention to choose
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
    with torch.no_grad():
        before = model(sentence, positions=start)[:, -1]
        later = model(sentence, positions=start + 800)[:, -1]
        mixed = model(exchanged, positions=start)[:, -1]
    moved, swapped = ((logits - before).abs().max().item() for logits in (later, mixed))
    print(f"{type(model).__name__:5}  moved: {moved:.1f}   two tokens exchanged: {swapped:.1f}")
