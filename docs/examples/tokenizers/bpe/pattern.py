import regex

from llm_book.tokenizers.bpe import GPT2_PATTERN

for text in ("The fox isn't 12 years old!", "  two  spaces\n", "小狐狸，今年3岁。"):
    print(regex.findall(GPT2_PATTERN, text))
