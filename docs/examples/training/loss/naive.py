import torch

for row in ([2.0, 1.0, 0.0], [1000.0, 0.0, 0.0], [0.0, -200.0, 0.0]):
    logits = torch.tensor(row)
    powers = logits.exp()
    naive = -torch.log(powers / powers.sum())
    shifted = logits - logits.max()
    better = shifted.exp().sum().log() - shifted
    print(f"logits {row}")
    for name, losses in (("naive", naive), ("better", better)):
        print(f"  {name:6}", [round(loss, 4) for loss in losses.tolist()])
