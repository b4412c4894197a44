import torch

from llm_book.nn.embedding import TokenPositionEmbedding
from llm_book.tokenizers.word_tokenizer import WordTokenizer

sentences = ["foxes chase hares", "hares chase foxes"]
tokenizer = WordTokenizer(sentences[0])
tokens = torch.tensor([tokenizer.encode(sentence) for sentence in sentences])
torch.manual_seed(0)
table = torch.randn(tokenizer.vocab_size, 4)
embedding = TokenPositionEmbedding(tokenizer.vocab_size, 5, 4)
for name, vectors in {
    "lookup alone": table[tokens],
    "with positions": embedding(tokens, torch.arange(5)),
}.items():
    first, second = vectors.tolist()
    print(f"{name}: the same five vectors: {sorted(first) == sorted(second)}")
