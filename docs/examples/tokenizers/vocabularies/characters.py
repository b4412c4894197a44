import io
import tempfile
from pathlib import Path

from sentencepiece import SentencePieceTrainer

from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.bpe import train_bpe
from llm_book.tokenizers.sentencepiece_files import load_sentencepiece_model

VOCAB_SIZE = 1600
AS_LLAMA_2 = {
    "model_type": "bpe",
    "byte_fallback": True,
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
}
english, chinese = (StoryGrammar(language).sample(170, seed=0) for language in ("en", "zh"))
new = "\n".join(chinese[150:])
distinct = {character for character in new if not character.isspace()}


def train_characters(stories):
    content = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(stories),
        model_writer=content,
        vocab_size=VOCAB_SIZE,
        num_threads=1,
        minloglevel=2,
        **AS_LLAMA_2,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tokenizer.model")
        path.write_bytes(content.getvalue())
        return load_sentencepiece_model(path)


def report(name, tokenizer, known):
    price = len(tokenizer.encode(new)) / len(new)
    whole = sum(character in known for character in distinct) / len(distinct)
    print(f"{name:10} {price:.2f} tokens a character, {whole:3.0%} of characters are tokens")


for n in (15, 150):
    stories = english + chinese[:n]
    print(f"{len(english)} English and {n} Chinese stories")
    tokenizer = train_bpe("\n".join(stories), VOCAB_SIZE)
    report("bytes", tokenizer, {t.decode(errors="ignore") for t in tokenizer.vocab})
    tokenizer = train_characters(stories)
    report("characters", tokenizer, tokenizer.vocab)
