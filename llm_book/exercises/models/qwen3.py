"""Exercises of models/qwen3."""

from collections.abc import Mapping, Sequence

from llm_book.models.qwen3 import Qwen3Config


def active_parameters(config: Qwen3Config) -> int:
    """Return how many parameters take part when one token is read.

    Count the whole embedding and the head, tied or not as the config says, the norms, the
    router with all its rows, and of the experts those that a token uses. Build no model.
    """
    raise NotImplementedError


def without_thoughts(messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return a conversation in which no answer shows its thoughts any more.

    In the content of an assistant everything up to the first `</think>` goes, and so do
    newlines behind it. Other messages stay as they are, even with `</think>` in them, and
    the given messages are not changed.
    """
    raise NotImplementedError
