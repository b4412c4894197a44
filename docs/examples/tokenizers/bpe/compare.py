from llm_book.tokenizers.bpe import train_bpe

tokenizer = train_bpe("fox foxes, a fox, two foxes; 狐狸，小狐狸，老狐狸。", vocab_size=270)
encoding = tokenizer.to_tiktoken("foxes")

for text in ("The foxes nap.", "狐狸在打盹。", "🦊\u00a0\tfox  "):
    print(tokenizer.encode(text) == encoding.encode(text), len(text), len(tokenizer.encode(text)))
