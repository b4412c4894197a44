from llm_book.tokenizers.bpe import train_bpe

text = "fox foxes, a fox, two foxes; 狐狸，小狐狸，老狐狸。"
tokenizer = train_bpe(text, vocab_size=256 + 11)
for left, right in tokenizer.merges:
    print(tokenizer.vocab[left + right], left, "+", right)

for word in ("foxes", " foxhole", "狐狸", "🦊"):
    ids = tokenizer.encode(word)
    print(repr(word), ids, [tokenizer.decode_bytes([i]) for i in ids])
    assert tokenizer.decode(ids) == word
