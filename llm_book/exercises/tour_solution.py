"""Solutions to the exercises of tour."""

import math
import random

from llm_book.tokenizers.bpe import BPETokenizer


def exchange_ids(tokenizer: BPETokenizer, seed: int) -> BPETokenizer:
    """Return a tokenizer with the same tokens and merges, whose ids are dealt out anew."""
    ids = list(tokenizer.vocab.values())
    random.Random(seed).shuffle(ids)
    vocab = dict(zip(tokenizer.vocab, ids, strict=True))
    return BPETokenizer(tokenizer.merges, tokenizer.special_tokens, tokenizer.pattern, vocab=vocab)


def guessing_loss(vocab_size: int, n_tokens: int, n_characters: int) -> float:
    """Return the loss per character, in nats, of guessing among all tokens alike."""
    return math.log(vocab_size) * n_tokens / n_characters
