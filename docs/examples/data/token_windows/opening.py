import torch

from llm_book.tokenizers.word_tokenizer import WordTokenizer

sentences = ["The fox lost her scarf in the snow.", "The hare found it."]
tokenizer = WordTokenizer(" ".join(sentences))
ids = [tokenizer.encode(sentence) for sentence in sentences]
print(*ids, sep="\n")
try:
    torch.tensor(ids)
except ValueError as error:
    print(error)
