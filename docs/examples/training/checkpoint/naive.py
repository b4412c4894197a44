import io
import tempfile
from pathlib import Path

import torch

old = {"step": 100, "weights": torch.zeros(1000)}
new = {"step": 200, "weights": torch.ones(1000)}

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "checkpoint.pt"
    torch.save(old, file)

    whole = io.BytesIO()
    torch.save(new, whole)
    with file.open("wb") as stream:  # now step 200 takes the place of step 100
        stream.write(whole.getvalue()[:3000])  # and here the power fails

    try:
        torch.load(file)
    except RuntimeError as error:
        print(str(error).split(":")[0])
