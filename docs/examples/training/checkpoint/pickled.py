import io
import pickle

import torch


class Weights:
    def __reduce__(self):  # what a pickle shall do when it is read
        return eval, ("print('this could have deleted your files')",)


file = io.BytesIO()
pickle.dump({"weights": Weights()}, file, protocol=2)

file.seek(0)
pickle.load(file)

file.seek(0)
try:
    torch.load(file, weights_only=True)
except pickle.UnpicklingError:
    print("torch.load with weights_only=True refuses")
