from llm_book.models.gpt2 import GPT2, GPT2Config

config = GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2)
weights = {name: weight.clone() for name, weight in GPT2(config).state_dict().items()}

for assign in (False, True):
    model = GPT2(config)
    model.load_state_dict(weights, assign=assign)
    model.embedding.token.weight.data[7] = 99.0
    tied = bool((model.head.weight[7] == 99).all())
    count = sum(p.numel() for p in model.parameters())
    print(f"assign={assign}: tied {tied}, {count} parameters")
