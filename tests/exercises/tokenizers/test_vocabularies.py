from llm_book.tokenizers.bpe import BYTE_TOKENS, BPETokenizer, token_to_text, train_bpe


def test_every_byte_is_written_as_gpt2_writes_it(exercise):
    characters = exercise.byte_characters()
    assert characters == {token[0]: token_to_text(token) for token in BYTE_TOKENS}


def test_the_bytes_come_in_the_order_of_gpt2(exercise):
    order = [bytes([byte]) for byte in exercise.byte_characters()]
    assert order == list(BYTE_TOKENS)


def test_bytes_alone_are_whole_characters_only_in_ascii(exercise):
    assert exercise.whole_characters(BPETokenizer([]), "sea 海海") == 4 / 5


def test_training_on_chinese_makes_characters_whole(exercise):
    learned = train_bpe("海，海，船", 1000)
    assert exercise.whole_characters(learned, "海船浪") == 2 / 3
