from llm_book.tokenizers.word_tokenizer import split_words

print(split_words("狐狸没有迷路，它在打盹。"))
print(split_words("狐狸没有迷路，它只是在雪地里打盹。"))
