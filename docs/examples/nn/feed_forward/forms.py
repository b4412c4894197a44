import torch

from llm_book.nn.feed_forward import gelu

numbers = torch.linspace(-6, 6, 10_001, dtype=torch.float64)
difference = (gelu(numbers) - gelu(numbers, "tanh")).abs()
print(f"{difference.max():.6f} at {numbers[difference.argmax()]:.2f}")
