import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

weight = torch.arange(6.0).view(2, 3)
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "x.safetensors"
    try:
        save_file({"w": weight.t()}, file)
    except ValueError as error:
        print(str(error).split(":")[0])
    save_file({"w": weight.t().contiguous()}, file)
    print("stored:", load_file(file)["w"].flatten().tolist())
print("ours:  ", weight.flatten().tolist())
