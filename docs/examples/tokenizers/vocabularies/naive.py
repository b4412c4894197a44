from llm_book.tokenizers.bpe import text_to_token, token_to_text

print(token_to_text(b" fox"), token_to_text("狐狸".encode()), token_to_text(b"\n"))

print("Ġfox".encode())
print(text_to_token("Ġfox"))
