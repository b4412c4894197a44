from llm_book.tokenizers.bpe import train_bpe

tokenizer = train_bpe("fox foxes, a fox, two foxes; 狐狸，小狐狸，老狐狸。", vocab_size=267)
ids = tokenizer.encode("老狐狸")
print([tokenizer.decode([i]) for i in ids])
print(tokenizer.decode(ids))
