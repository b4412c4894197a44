from llm_book.tokenizers.bpe import train_bpe
from llm_book.tokenizers.vocabularies import extend_tiktoken

encoding = train_bpe("fox foxes fox foxes", vocab_size=262).to_tiktoken("foxes")
extended = extend_tiktoken(encoding, ["<|user|>", "<|assistant|>"])
print(encoding.n_vocab, extended.n_vocab)

text = "<|user|>two foxes"
print(extended.encode(text, allowed_special="all"))
print(extended.encode("two foxes") == encoding.encode("two foxes"))
