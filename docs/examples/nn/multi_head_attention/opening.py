import torch

torch.manual_seed(0)
who, what = torch.randn(2, 5000, 8)  # two words, 5,000 times other ones
answers = torch.cat((who, what), -1)  # (5000, 16)


def recovered(found):
    # How much of both words the best linear readout gets back: 0 nothing, 1 all.
    read = found @ torch.linalg.lstsq(found, answers).solution
    missed = (answers - read).square().mean(0) / answers.var(0)
    return [round(1 - part.mean().item(), 1) + 0.0 for part in missed.split(8)]


for weight in (1.0, 0.8, 0.6, 0.5):
    mixture = weight * who + (1 - weight) * what  # one softmax, one mixture
    print(f"{weight:.1f} who + {1 - weight:.1f} what: recovered", recovered(mixture))

print("two mixtures: recovered", recovered(torch.cat((who, what), -1)))
