import torch
from torch import nn

from llm_book.tokenizers.word_tokenizer import WordTokenizer

tokenizer = WordTokenizer("The fox lost her red scarf.")
torch.manual_seed(0)
layer = nn.Linear(1, 3, bias=False)
for word in ("fox", "her", "red"):
    number = tokenizer.vocab[word]
    vector = layer(torch.tensor([float(number)]))
    print(f"{word} {number}", [round(value, 2) for value in vector.tolist()])
