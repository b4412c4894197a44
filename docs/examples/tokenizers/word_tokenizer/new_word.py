from llm_book.tokenizers.word_tokenizer import WordTokenizer

text = "The fox isn't lost.  The fox naps."
try:
    WordTokenizer(text).encode("The foxes nap.")
except ValueError as error:
    print(error)

tokenizer = WordTokenizer(text, unknown_token="<|unk|>")
ids = tokenizer.encode("The foxes nap.")
print(ids)
print(tokenizer.decode(ids))
