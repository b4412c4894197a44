import torch

from llm_book.generation.sampling import sample

unsure = torch.tensor([[40.0, 20, 10, 10, 8, 6, 4, 2]]).log()
for logits in (unsure, unsure / 0.5):  # the second: temperature 0.5
    probabilities = logits.softmax(-1)  # likeliest first already
    kept = probabilities.cumsum(-1) <= 0.5
    print(probabilities[0, :3].numpy().round(3), "kept:", int(kept.sum()))
    try:
        print(torch.where(kept, probabilities, 0.0).multinomial(1))
    except RuntimeError as error:
        print("RuntimeError:", str(error)[:55])
    print("sample:", sample(logits, top_p=0.5).tolist())
