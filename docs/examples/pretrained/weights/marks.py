import torch

from llm_book.pretrained.weights import lay_out

ours = {
    "blocks.0.q_proj.weight": torch.zeros(4, 4),
    "blocks.0.k_proj.weight": torch.zeros(2, 4),
    "blocks.0.up_proj.weight": torch.zeros(6, 4),
    "blocks.0.q_norm.weight": torch.zeros(2, 4),  # two heads
    "blocks.0.experts.down_proj": torch.zeros(3, 4, 6),  # a stack of three
}
names = {
    "blocks.*.q_proj": "h.*.qk[0]",
    "blocks.*.k_proj": "h.*.qk[1]",
    "blocks.*.up_proj": "h.*.c_fc.T",
    "blocks.*.q_norm": "h.*.q_norm.flat",
    "blocks.*.experts.down_proj": "h.*.expert.#.down.weight",
}
for name, published in lay_out(ours, names).items():
    parts = [part if place is None else f"{part}[{place}]" for part, place in published.parts]
    print(f"{name:24}", published.shape(ours), " + ".join(parts).replace("blocks.0.", ""))
