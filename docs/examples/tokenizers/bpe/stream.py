from llm_book.tokenizers.bpe import train_bpe

tokenizer = train_bpe("fox foxes fox foxes", vocab_size=262)
text = "a fox, two foxes" * 10_000
whole = tokenizer.encode(text)

letter_by_letter = tokenizer.encode_iterable(iter(text))
print(next(letter_by_letter), next(letter_by_letter))
print(list(tokenizer.encode_iterable(iter(text))) == whole)
print(sum(len(tokenizer.encode(letter)) for letter in text) / len(whole))
