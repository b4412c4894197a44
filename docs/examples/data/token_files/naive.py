import tempfile
from pathlib import Path

import numpy as np

ids = [464, 21831, 2125, 470, 2626, 13, 50256]
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "ids.bin"
    np.array(ids, np.uint16).tofile(path)
    print(path.stat().st_size, "bytes", np.fromfile(path, np.uint16).tolist())
    print("other width  ", np.fromfile(path, np.uint32).tolist())

    path.write_bytes(path.read_bytes()[:9])
    print("cut off      ", np.fromfile(path, np.uint16).tolist())
print("id too large ", np.array([464, 100_257]).astype(np.uint16).tolist())
