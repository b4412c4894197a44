from llm_book.data.gutenberg import decode
from llm_book.tokenizers.bpe import BPETokenizer

tokenizer = BPETokenizer([])
latin, utf8 = "Zoë's café".encode("latin-1"), "Zoë's café".encode()

for name, text in {
    "Latin-1 read as UTF-8": latin.decode("utf-8", errors="replace"),
    "UTF-8 read as Latin-1": utf8.decode("latin-1"),
    "UTF-8 with its mark": b"\xef\xbb\xbf".decode("utf-8") + utf8.decode("utf-8"),
    "decode, Latin-1": decode(latin),
    "decode, UTF-8": decode(b"\xef\xbb\xbf" + utf8),
}.items():
    print(f"{name:<22} {text!r:<17} {len(tokenizer.encode(text))} tokens")
