import io

import torch


class Weights:
    def __reduce__(self):  # tells pickle what to call when it reads this
        return print, ("the file has run a line of code",)


file = io.BytesIO()
torch.save({"wte.weight": Weights()}, file)

file.seek(0)
torch.load(file, weights_only=False)

file.seek(0)
try:
    torch.load(file, weights_only=True)
except Exception as error:
    print(type(error).__name__)
