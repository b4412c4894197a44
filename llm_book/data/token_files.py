"""Token files: a corpus larger than memory, encoded once and read from the disk."""

import hashlib
import os
import shutil
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, count, islice, pairwise, repeat
from multiprocessing import get_context
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from tqdm import tqdm

if TYPE_CHECKING:
    from torch import Tensor

MAGIC = b"llm_book"
VERSION = 1
HEADER = Struct("<8sIIQQ32s")  # magic, version, bytes a token, vocabulary size, count, hash
BLOCK = 2**20  # tokens held in memory while writing


class StreamingTokenizer(Protocol):
    """What is asked of a tokenizer: its ids, what they mean, and texts of any length."""

    @property
    def vocab_size(self) -> int:
        """Number of ids."""

    @property
    def vocab(self) -> Mapping[Any, int]:
        """Tokens and their ids."""

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """Tokens that are not text, such as the end of one, and their ids."""

    def encode_iterable(
        self, chunks: Iterable[str], allowed_special: Collection[str]
    ) -> Iterator[int]:
        """Yield the ids of a text that comes in chunks."""


def vocabulary_hash(tokenizer: StreamingTokenizer) -> bytes:
    """Return 32 bytes that differ for vocabularies whose ids mean different tokens."""
    entries = [*tokenizer.vocab.items(), *tokenizer.special_tokens.items()]
    lines = [str(tokenizer.vocab_size), *sorted(map(repr, entries))]
    return hashlib.sha256("\n".join(lines).encode()).digest()


def write_token_file(
    path: str | Path, tokens: Iterable[int], tokenizer: StreamingTokenizer
) -> None:
    """Write token ids behind a header that says how many they are and what they mean.

    A token takes 2 bytes if every id is below 65,536, otherwise 4. The stream is never
    held whole. Until the last token is on the disk the file is called `….tmp`.

    Args:
        path: Where to write.
        tokens: Ids, such as `tokenizer.encode_iterable(chunks)`.
        tokenizer: The tokenizer that the ids come from.

    Raises:
        ValueError: There are no tokens, or an id is outside the vocabulary.
    """
    width = 2 if tokenizer.vocab_size <= 2**16 else 4
    stream, written = iter(tokens), 0
    unfinished = Path(f"{path}.tmp")
    with unfinished.open("wb") as file:
        file.write(bytes(HEADER.size))  # filled in at the end
        while len(block := np.fromiter(islice(stream, BLOCK), np.int64)):
            outside = block[(block < 0) | (block >= tokenizer.vocab_size)]
            if len(outside):
                raise ValueError(f"token id {outside[0]} is outside [0, {tokenizer.vocab_size})")
            file.write(block.astype(f"<u{width}").tobytes())
            written += len(block)
        if written == 0:
            raise ValueError(f"there are no tokens to write to {path}")
        file.seek(0)
        identity = vocabulary_hash(tokenizer)
        file.write(HEADER.pack(MAGIC, VERSION, width, tokenizer.vocab_size, written, identity))
        file.flush()
        os.fsync(file.fileno())  # else a power cut could keep the new name and lose the bytes
    unfinished.replace(path)


@dataclass(frozen=True)
class TextPart:
    """The lines of a UTF-8 file that begin at bytes `start` to `stop`, read one by one."""

    path: Path
    start: int
    stop: int

    def __iter__(self) -> Iterator[str]:
        with self.path.open("rb") as file:
            if self.start > 0:
                file.seek(self.start - 1)
                file.readline()  # a line that began earlier belongs to the part before
            while file.tell() < self.stop and (line := file.readline()):
                yield line.decode()


def split_text(path: str | Path, parts: int) -> list[TextPart]:
    """Divide a text file into parts of about equal size, each of whole lines.

    Encoding the parts one by one gives the tokens of the whole text, except that a token
    cannot reach over a cut.
    """
    size = Path(path).stat().st_size
    cuts = [size * part // parts for part in range(parts + 1)]
    return [TextPart(Path(path), start, stop) for start, stop in pairwise(cuts)]


def write_token_shards(
    folder: str | Path,
    sources: Sequence[Iterable[str]],
    tokenizer: StreamingTokenizer,
    *,
    allowed_special: Collection[str] = frozenset(),
    workers: int = 1,
) -> list[Path]:
    """Write one token file a source, several at a time, and return their paths in order.

    The folder gets its name when all of them are complete. With several workers a script
    must guard its start by `if __name__ == "__main__":`, because each worker imports it.

    Args:
        folder: A folder that does not exist yet.
        sources: Chunks of text: open files for one worker; lists, or the parts from
            `split_text`, where they have to travel to another process.
        tokenizer: Encodes every source by itself.
        allowed_special: The special tokens to look for in the text.
        workers: Number of processes.

    Raises:
        FileExistsError: The folder exists: it might hold shards of another text.
        ValueError: As `write_token_file`.
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; delete it to write it anew")
    unfinished = Path(f"{folder}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)  # what an interrupted run has left
    unfinished.mkdir(parents=True)
    paths = [unfinished / f"{number:05d}.tokens" for number in range(len(sources))]
    jobs = (paths, sources, repeat(tokenizer), repeat(allowed_special))
    bar = tqdm(total=len(sources), desc=folder.name, unit="shard", disable=None)
    with bar:
        if workers == 1:
            for _ in map(_write_shard, *jobs):
                bar.update()
        else:
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                for _ in pool.map(_write_shard, *jobs):
                    bar.update()
    unfinished.rename(folder)
    return [folder / path.name for path in paths]


def _write_shard(
    path: Path,
    source: Iterable[str],
    tokenizer: StreamingTokenizer,
    allowed_special: Collection[str],
) -> None:
    write_token_file(path, tokenizer.encode_iterable(source, allowed_special), tokenizer)


class TokenFile:
    """A token file, open for reading: the system brings in the pages that are looked at.

    Args:
        path: Written by `write_token_file`.
        tokenizer: If given, the file must have been written with its vocabulary.

    Attributes:
        tokens: All ids, memory-mapped, `(len(self),)`, uint16 or uint32.
        vocabulary: The hash of the vocabulary they belong to.

    Raises:
        ValueError: It is no token file, it is cut off, or its vocabulary is another.
    """

    def __init__(self, path: str | Path, tokenizer: StreamingTokenizer | None = None) -> None:
        self.path = Path(path)
        with self.path.open("rb") as file:
            header = file.read(HEADER.size)
        if len(header) < HEADER.size or not header.startswith(MAGIC):
            raise ValueError(f"{path} is not a token file, or its writing was interrupted")
        _, version, width, vocab_size, n_tokens, self.vocabulary = HEADER.unpack(header)
        if version != VERSION:
            raise ValueError(f"{path} has format version {version}, expected {VERSION}")
        size, expected = self.path.stat().st_size, HEADER.size + n_tokens * width
        if size != expected:
            raise ValueError(
                f"{path} has {size} bytes, but its {n_tokens} tokens take {expected}: "
                "it was cut off or changed"
            )
        if tokenizer is not None and self.vocabulary != vocabulary_hash(tokenizer):
            raise ValueError(
                f"the {vocab_size} tokens of the vocabulary that {path} was written with are not "
                f"the {tokenizer.vocab_size} of this tokenizer"
            )
        self.tokens = np.memmap(self.path, f"<u{width}", "r", HEADER.size, (n_tokens,))

    def __len__(self) -> int:
        return len(self.tokens)


class RandomWindows:
    """Draw batches of windows from anywhere in a corpus, every window equally often.

    Batch `step` is a function of the seed and the step alone, so that training resumes
    in the middle without anything to restore. Processes that train together each need
    a seed of their own.

    Args:
        files: The shards of the corpus.
        context_length: Tokens T in an input.
        batch_size: Windows B in a batch.
        seed: At least 0.

    Shapes:
        each batch: inputs `(B, T)` and targets `(B, T)`, torch.int64

    Raises:
        ValueError: A size is below 1, there is no shard, the shards have different
            vocabularies, or one has fewer than `context_length + 1` tokens.
    """

    def __init__(
        self, files: Sequence[TokenFile], context_length: int, batch_size: int, *, seed: int = 0
    ) -> None:
        if context_length < 1 or batch_size < 1:
            raise ValueError(f"{context_length=} and {batch_size=} must be at least 1")
        if not files:
            raise ValueError("there is no shard to draw windows from")
        for file in files:
            if file.vocabulary != files[0].vocabulary:
                raise ValueError(f"{files[0].path} and {file.path} have different vocabularies")
            if len(file) < context_length + 1:
                raise ValueError(
                    f"{file.path} has {len(file)} tokens, too few for a window of "
                    f"{context_length} and the target after it"
                )
        self.files, self.context_length = files, context_length
        self.batch_size, self.seed = batch_size, seed
        sizes = (len(file) - context_length for file in files)
        self.starts = list(accumulate(sizes, initial=0))  # the first window of each shard

    def batch(self, step: int) -> "tuple[Tensor, Tensor]":
        """Return the inputs and targets of one step."""
        import torch  # here, so that the processes that only write start without it

        generator = np.random.default_rng((self.seed, step))
        rows = np.empty((self.batch_size, self.context_length + 1), np.int64)
        drawn = generator.integers(self.starts[-1], size=self.batch_size).tolist()
        for row, window in zip(rows, drawn, strict=True):
            shard = bisect_right(self.starts, window) - 1
            first = window - self.starts[shard]
            row[:] = self.files[shard].tokens[first : first + len(row)]  # uint16 to int64
        windows = torch.from_numpy(rows)
        return windows[:, :-1], windows[:, 1:]

    def __iter__(self) -> "Iterator[tuple[Tensor, Tensor]]":
        return map(self.batch, count())
