import torch

from llm_book.data.stories import Grammar
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.storytelling import END, StoryBatches, story_batch, tell
from llm_book.training.trainer import TrainingConfig, count_targets, train

grammar = Grammar("""
[plan]
{hero}

[story]
{hero.name} lost {hero.their} {thing}.

[thing]
hat
{red|blue} ball

[hero: name their]
*3 Mia | her
Tom | his
""")
tokenizer = train_bpe(grammar.sample(100), 270, special_tokens=(END,))
held_out = grammar.sample(400, seed=1)
validation = [story_batch(held_out, tokenizer)]
tokens_per_story = count_targets(validation[0][1]) / len(held_out)

torch.set_num_threads(1)  # small tensors gain nothing from more
torch.manual_seed(0)
model = GPT2(GPT2Config(vocab_size=270, context_length=32, dim=32, n_layers=2, n_heads=2))
config = TrainingConfig(n_steps=160, learning_rate=1e-2, warmup_steps=10, evaluate_every=40)
history = train(model, StoryBatches(grammar, tokenizer, 16), config, validation=validation)

for step, loss in history.validation:
    print(f"step {step:3}: {loss * tokens_per_story:4.1f} nats a story")
print(f"the floor: {grammar.per_story.entropy:.1f}")
for story in tell(model, tokenizer, 3):
    print(story)
