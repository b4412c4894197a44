from llm_book.tokenizers.bpe import BYTE_TOKENS, BPETokenizer, token_to_text, train_bpe
from llm_book.tokenizers.character_bpe import BYTE_NAMES, CharacterBPETokenizer


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


def test_an_unknown_character_falls_back_to_its_bytes(exercise):
    vocab = {token: 9 + i for i, token in enumerate(["狐", "<", *BYTE_NAMES])}
    ids = exercise.fall_back("狐在\n<0x41>", vocab)
    assert ids[0] == 9
    assert ids[1:4] == [vocab[f"<0x{byte:02X}>"] for byte in "在".encode()]
    assert ids == CharacterBPETokenizer({}, vocab, {}, space_in_front="never").encode(
        "狐在\n<0x41>"
    )
    assert exercise.fall_back("", vocab) == []
