import tempfile
from pathlib import Path

import psutil
import torch
from safetensors.torch import save_file

from llm_book.pretrained.weights import read_header


def megabytes():
    return psutil.Process().memory_info().rss // 2**20


with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "large.safetensors"
    save_file({"large": torch.ones(5000, 5000)}, file)
    before = megabytes()
    tensor = read_header(file)["large"].map()  # 100 MB
    print("mapped:  more than 10 MB in memory?", megabytes() - before > 10)
    print("one number:", tensor[2500, 2500].item(), megabytes() - before > 10)
    tensor.sum()
    print("read:    more than 90 MB in memory?", megabytes() - before > 90)
