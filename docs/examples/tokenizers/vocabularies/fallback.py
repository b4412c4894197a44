from llm_book.tokenizers.character_bpe import BYTE_NAMES, CharacterBPETokenizer

tokens = [*BYTE_NAMES, *"▁foxes狐狸在", "▁f", "ox", "▁fox", "狐狸"]
merges = {("▁", "f"): 0, ("o", "x"): 1, ("▁f", "ox"): 2, ("狐", "狸"): 3}
vocab = {token: i for i, token in enumerate(tokens, 2)}
tokenizer = CharacterBPETokenizer(merges, vocab, {"<s>": 0, "</s>": 1})

names = {i: token for token, i in vocab.items()}
for text in ("fox foxes", "狐狸在跑"):
    ids = tokenizer.encode(text)
    print([names[i] for i in ids], repr(tokenizer.decode(ids)))
