from llm_book.tokenizers.bpe import train_bpe

tokenizer = train_bpe("fox foxes fox", vocab_size=260, special_tokens=["<|endoftext|>"])
print(tokenizer.special_tokens)

text = "fox<|endoftext|>fox"
print(tokenizer.encode(text))
print(tokenizer.encode(text, allowed_special={"<|endoftext|>"}))
