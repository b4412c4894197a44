"""What every test shares: one thread each, as small tensors gain nothing from more."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported, here and in children
