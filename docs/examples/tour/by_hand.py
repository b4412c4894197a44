import math

import torch

from llm_book.data.stories import StoryGrammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.storytelling import END, story_batch
from llm_book.training.trainer import count_targets, evaluate_loss

stories = StoryGrammar().sample(20)
tokenizer = train_bpe(stories, 400, special_tokens=[END])
batch = story_batch(stories, tokenizer)
n_tokens, n_characters = count_targets(batch[1]), sum(map(len, stories))

torch.manual_seed(0)
sizes = {"dim": 16, "n_layers": 1, "n_heads": 1}
model = GPT2(GPT2Config(vocab_size=400, context_length=1024, **sizes))
loss = evaluate_loss(model, [batch])
print(f"{math.log(400):.1f} {loss:.1f} nats a token")
print(f"{n_characters / n_tokens:.1f} characters a token")
print(f"{loss * n_tokens / n_characters:.1f} nats a character")
