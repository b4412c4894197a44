"""Exercises of tour."""

from llm_book.tokenizers.bpe import BPETokenizer


def exchange_ids(tokenizer: BPETokenizer, seed: int) -> BPETokenizer:
    """Return a tokenizer with the same tokens and merges, whose ids are dealt out anew.

    The ids of the vocabulary are the same numbers as before, in an order that depends on the
    seed alone. Special tokens keep theirs.
    """
    raise NotImplementedError


def guessing_loss(vocab_size: int, n_tokens: int, n_characters: int) -> float:
    """Return the loss per character, in nats, of guessing among all tokens alike."""
    raise NotImplementedError
