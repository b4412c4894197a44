import re
import textwrap

import torch

from llm_book.data.stories import StoryGrammar
from llm_book.generation.sampling import sample

words = re.findall(r"\w+|[.,]", " ".join(StoryGrammar("en").sample(2000, 0)))
vocabulary = {word: i for i, word in enumerate(dict.fromkeys(words))}
ids = torch.tensor([vocabulary[word] for word in words])
counts = torch.zeros(len(vocabulary), len(vocabulary))
counts.index_put_((ids[:-1], ids[1:]), torch.tensor(1.0), accumulate=True)
logits = counts.log()  # (V, V): row i holds the logits of what follows token i

for settings in ({"temperature": 0.5}, {"temperature": 3.0}, {"top_p": 0.5}):
    generator, text = torch.Generator().manual_seed(1), [vocabulary["The"]]
    while len(text) < 20:
        row = logits[text[-1]].unsqueeze(0)  # (1, V)
        text.append(sample(row, generator=generator, **settings).item())
    written = " ".join(list(vocabulary)[i] for i in text)
    print(settings, textwrap.fill(written, 76), sep="\n")
