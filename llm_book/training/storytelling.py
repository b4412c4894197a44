"""Stories in and out of training: batches of them, the lowest loss, and what a model tells."""

import torch
from torch import nn

from llm_book.data.stories import Grammar
from llm_book.generation.generate import generate
from llm_book.models.causal_lm import CausalLM
from llm_book.tokenizers.bpe import BPETokenizer
from llm_book.training.loss import IGNORED, Batch

END = "<|endoftext|>"


def lowest_loss(grammar: Grammar, stories: list[str]) -> float:
    """Return the nats per character of these stories that no model can go below."""
    return -sum(map(grammar.log_prob, stories)) / sum(map(len, stories))


def story_batch(stories: list[str], tokenizer: BPETokenizer) -> Batch:
    """Lay every story into a row of its own, from its beginning to the sign of its end.

    A row begins with the sign as well, so that the first token of the story is a target.
    Rows are padded to the longest; the padding is no target.

    Shapes:
        returns: inputs `(B, T)` and targets `(B, T)`
    """
    end = tokenizer.special_tokens[END]
    rows = [torch.tensor([end, *tokenizer.encode(story), end]) for story in stories]
    inputs = nn.utils.rnn.pad_sequence([row[:-1] for row in rows], True, end)
    targets = nn.utils.rnn.pad_sequence([row[1:] for row in rows], True, IGNORED)
    return inputs, targets


class StoryBatches:
    """Batches of stories that were never told before; batch `step` depends on it alone.

    Args:
        grammar: Writes the stories.
        tokenizer: One that knows the token `END`.
        batch_size: Stories B in a batch.
        seed: Another seed gives other stories; at least 0.

    Shapes:
        each batch: inputs `(B, T)` and targets `(B, T)`, T the longest of its stories

    Raises:
        ValueError: `batch_size` is below 1.
    """

    def __init__(
        self, grammar: Grammar, tokenizer: BPETokenizer, batch_size: int, *, seed: int = 0
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}, expected at least 1")
        self.grammar, self.tokenizer = grammar, tokenizer
        self.batch_size, self.seed = batch_size, seed

    def batch(self, step: int) -> Batch:
        """Write, encode, and lay out the stories of one step."""
        stories = self.grammar.sample(self.batch_size, seed=2**32 * (self.seed + 1) + step)
        return story_batch(stories, self.tokenizer)


def tell(
    model: CausalLM,
    tokenizer: BPETokenizer,
    n: int = 1,
    *,
    seed: int = 0,
    temperature: float = 1.0,
    length: int | None = None,
) -> list[str]:
    """Let the model write `n` stories, until each is over or has `length` tokens.

    At temperature 1 it writes them as it thinks them likely.
    """
    end, device = tokenizer.special_tokens[END], next(model.parameters()).device
    rows = generate(
        model,
        [[end]] * n,
        model.config.context_length - 1 if length is None else length,
        temperature=temperature,
        eos_id=end,
        generator=torch.Generator(device).manual_seed(seed),
    )
    return [tokenizer.decode([token for token in row if token != end]) for row in rows]
