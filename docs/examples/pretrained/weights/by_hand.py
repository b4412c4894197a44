import json
import struct
import tempfile
from pathlib import Path

from safetensors.torch import load_file

from llm_book.pretrained.weights import read_header

header = b'{"a":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]}}'
numbers = struct.pack("<3f", 1.0, -2.0, 0.5)

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "tiny.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + numbers)
    print(file.stat().st_size, "=", 8, "+", len(header), "+", len(numbers))
    print("the library:", load_file(file)["a"].tolist())
    a = read_header(file)["a"]
    print("ours:       ", a.map().tolist(), "from byte", a.start)
    print("json:       ", json.loads(header)["a"]["shape"])
