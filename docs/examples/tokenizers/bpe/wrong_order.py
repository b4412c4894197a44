from llm_book.tokenizers.bpe import train_bpe

tokenizer = train_bpe("on on on on no no no", vocab_size=259)
print(tokenizer.merges)


def longest_first(text: str) -> list[bytes]:
    """Take the longest token that fits, again and again: a tempting mistake."""
    data, tokens = text.encode(), []
    while data:
        fits = [data[:n] for n in range(len(data), 0, -1) if data[:n] in tokenizer.vocab]
        tokens.append(fits[0])
        data = data[len(fits[0]) :]
    return tokens


print(longest_first("non"))
print([tokenizer.decode_bytes([i]) for i in tokenizer.encode("non")])
