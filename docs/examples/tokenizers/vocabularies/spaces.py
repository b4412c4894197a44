from llm_book.tokenizers.character_bpe import BYTE_NAMES, CharacterBPETokenizer

words = ["▁the", "▁fox", "▁naps"]
merges = {}
for word in words:
    for end in range(1, len(word)):
        merges[word[:end], word[end]] = len(merges)
tokens = [*BYTE_NAMES, *dict.fromkeys("".join(words)), *map("".join, merges)]
vocab = {token: i for i, token in enumerate(tokens)}
tokenizer = CharacterBPETokenizer(merges, vocab, special_tokens={})

ids = tokenizer.encode("the fox naps")
print("together   :", repr(tokenizer.decode(ids)))
print("one by one :", repr("".join(tokenizer.decode([i]) for i in ids)))
pieces = [tokenizer.decode_bytes([i]) for i in ids]
print("their bytes:", repr(b"".join(pieces).decode()))
halves = tokenizer.encode("the") + tokenizer.encode(" fox naps")
print("two halves :", repr(tokenizer.decode(halves)))

month = "月".encode()
broken = [vocab[f"<0x{byte:02X}>"] for byte in month + month[:1]]
print("cut off    :", tokenizer.decode(broken[:3]), tokenizer.decode(broken))
print("their bytes:", tokenizer.decode_bytes(broken).decode(errors="replace"))
