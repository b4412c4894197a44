from statistics import mean

from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.loss import bits_per_byte, perplexity

print("           tokens a story  nats a token  perplexity  bits a byte")
for language in ("en", "zh"):
    grammar = StoryGrammar(language)
    stories = grammar.sample(50)
    nats = mean(-grammar.log_prob(story) for story in stories)
    n_bytes = mean(len(story.encode()) for story in stories)
    bpe = train_bpe(stories, 1000)
    ways = {"bytes": str.encode, "characters": list, "BPE": bpe.encode}
    for name, cut in ways.items():
        n_tokens = mean(len(cut(story)) for story in stories)
        loss = nats / n_tokens
        bits = bits_per_byte(loss, n_tokens, n_bytes)
        numbers = f"{n_tokens:8.0f} {loss:15.4f} {perplexity(loss):11.4f}"
        print(f"{language} {name:10} {numbers} {bits:12.4f}")
    print(f"{language} nats a story: {nats:.1f}")
