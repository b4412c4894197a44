from llm_book.tokenizers.word_tokenizer import WordTokenizer, split_words

text = "The fox isn't lost.  The fox naps."
print(split_words(text))

tokenizer = WordTokenizer(text)
for word, number in tokenizer.vocab.items():
    print(number, repr(word))

ids = tokenizer.encode(text)
print(ids)
print(tokenizer.decode(ids) == text)
