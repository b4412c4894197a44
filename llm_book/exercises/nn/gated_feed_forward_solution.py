"""Solutions to the exercises of nn/gated_feed_forward."""

from torch import Tensor

from llm_book.nn.gated_feed_forward import GatedFeedForward


def gated_hidden_dim(dim: int, *, multiplier: float = 1.0, multiple_of: int = 256) -> int:
    """Return the hidden width of a Llama."""
    wanted = int(multiplier * (2 * 4 * dim // 3))
    return -(-wanted // multiple_of) * multiple_of  # rounded up


def from_fused(gate_up: Tensor, down: Tensor) -> GatedFeedForward:
    """Return a network with the weights of a file that stores gate and up as one matrix."""
    dim, hidden_dim = down.shape
    gate, up = gate_up.split(hidden_dim)
    network = GatedFeedForward(dim, hidden_dim)
    network.load_state_dict(
        {"gate_proj.weight": gate, "up_proj.weight": up, "down_proj.weight": down}
    )
    return network
