from llm_book.tokenizers.bpe import train_bpe

mine = train_bpe("fox foxes fox foxes", vocab_size=262)
yours = train_bpe("old older oldest old", vocab_size=262)

ids = mine.encode("fox foxes")
print(ids)
print(repr(yours.decode(ids)))
