import torch

from llm_book.pretrained.weights import lay_out

torch.manual_seed(0)
x, stored = torch.randn(1, 4), torch.randn(12, 4)  # gate above, up below

for gate, up in ((0, 1), (1, 0)):
    ours = {"gate.weight": torch.empty(6, 4), "up.weight": torch.empty(6, 4)}
    names = {"gate": f"gate_up[{gate}]", "up": f"gate_up[{up}]"}
    lay_out(ours, names)["gate_up.weight"].read(stored, ours)
    hidden = torch.nn.functional.silu(x @ ours["gate.weight"].T) * (x @ ours["up.weight"].T)
    print(f"gate [{gate}], up [{up}]:", [round(h, 2) for h in hidden[0, :4].tolist()])
