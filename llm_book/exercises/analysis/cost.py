"""Exercises of analysis/cost."""


def answer_seconds(
    n_prompt: int,
    n_new: int,
    *,
    weights: int,
    n_layers: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    bytes_per_number: float,
    peak: float,
    bandwidth: float,
) -> float:
    """Return the least seconds between a prompt and the last token of its answer.

    The first pass reads the prompt and yields the first new token; each later pass reads one
    token. A pass reads all weights once and the keys and values of the context, and takes the
    longer of two times: its operations at `peak`, or its bytes at `bandwidth`. Every layer
    sees the whole context. All tokens of the prompt count with the full context, as in a
    square of scores.
    """
    raise NotImplementedError


def free_rows(*, peak: float, bandwidth: float, bytes_per_number: float) -> int:
    """Return the largest batch that multiplies a matrix in the time that reading it takes.

    Then multiply a matrix of 4096 rows and columns by 1, 2, 4, …, 256 vectors at once and
    plot the time. Where does the curve bend?
    """
    raise NotImplementedError
