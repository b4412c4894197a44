"""Byte-level byte-pair encoding: learn which bytes to join, then encode any text with them.

A token is a string of bytes. The 256 single bytes are tokens from the start, and every merge
joins two tokens into a longer one. A pattern first splits text into words; no merge crosses them.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from heapq import heapify, heappop, heappush
from itertools import chain, islice, pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import regex

if TYPE_CHECKING:
    import tiktoken

Pair = tuple[int, int]
Merge = tuple[bytes, bytes]
Symbol = TypeVar("Symbol")

GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
PIECE_SIZE = 2**16  # characters of a stream that are encoded at once
COUNTED_SIZE = 2**20  # characters of a text whose words are counted at once
CACHE_SIZE = 2**16  # words whose ids are remembered
CACHED_LENGTH = 64  # characters of the longest word that is remembered

# GPT-2's files write a token with one printable character a byte: 188 bytes look as in Latin-1,
# the other 68 borrow the characters from U+0100 on. Its ids number the bytes in this order.
_SHOWN = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_HIDDEN = tuple(byte for byte in range(256) if byte not in _SHOWN)
BYTE_TOKENS = tuple(bytes([byte]) for byte in _SHOWN + _HIDDEN)
_CHARACTER = {b: chr(b) for b in _SHOWN} | {b: chr(256 + i) for i, b in enumerate(_HIDDEN)}
_BYTE = {character: byte for byte, character in _CHARACTER.items()}


def token_to_text(token: bytes) -> str:
    """Write a token with one printable character a byte: `b" the"` becomes `"Ġthe"`."""
    return token.decode("latin-1").translate(_CHARACTER)


def text_to_token(text: str) -> bytes:
    """Read a token that `token_to_text` wrote."""
    try:
        return bytes(map(_BYTE.__getitem__, text))
    except KeyError:
        raise ValueError(f"{text!r} has a character that stands for no byte") from None


def mend_surrogates(text: str) -> str:
    """Join surrogate pairs, and replace half a pair, which UTF-8 cannot write, by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def any_of(special_tokens: Collection[str]) -> str:
    """Return a pattern of the special tokens: where several begin, the longest is found."""
    return "|".join(map(regex.escape, sorted(special_tokens, key=len, reverse=True)))


def split_special(text: str, special_tokens: frozenset[str]) -> list[str]:
    """Split text at special tokens; they stand at the odd places of the list."""
    return _splitter(special_tokens).split(text) if special_tokens else [text]


@lru_cache(maxsize=16)
def _splitter(special_tokens: frozenset[str]) -> regex.Pattern[str]:
    return regex.compile(f"({any_of(special_tokens)})")


def compile_words(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern of words, which must hold together and capture no groups."""
    try:
        word = regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"pattern {pattern!r} is no regular expression: {error}") from None
    if word.groups:
        raise ValueError(f"pattern {pattern!r} has a capturing group; write (?:...)")
    return word


def split_words(text: str, pattern: regex.Pattern[str]) -> list[str]:
    """Split text into the words of a pattern.

    Raises:
        ValueError: if the words leave out a part of the text, which then could not be decoded.
    """
    words = pattern.findall(text)
    if sum(map(len, words)) != len(text):
        raise ValueError(f"pattern {pattern.pattern!r} leaves out a part of {text[:60]!r}")
    return words


def last_safe_cut(text: str, word: regex.Pattern[str], reach: int) -> int:
    """Return the last place where a stream may be cut without changing its words, or 0.

    No word that begins up to `reach` characters before a safe cut notices it: the word ends where
    it ends, whether or not it sees the text behind the cut. White space is never cut from what
    follows it, for how it splits may be decided by a character far behind.
    """

    def end(start: int, limit: int) -> int:
        found = word.match(text, start, limit)
        return found.end() if found else start

    for cut in range(len(text) - reach, 0, -1):
        starts = range(cut - 1, max(cut - reach, 0) - 1, -1)
        if text[cut - 1].isspace():
            continue
        if all(end(start, cut) == end(start, cut + reach) for start in starts):
            return cut
    return 0


def cut_pieces(
    chunks: Iterable[str],
    pattern: str,
    special_tokens: Collection[str] = (),
    size: int = PIECE_SIZE,
) -> Iterator[str]:
    """Cut a stream, however it comes, into pieces whose words are those of the whole text.

    A piece has about `size` characters; more only where no safe cut is found.
    """
    word = regex.compile(f"{any_of(special_tokens)}|{pattern}" if special_tokens else pattern)
    reach = max(16, *map(len, special_tokens), 0)
    buffer, wanted = "", size
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            buffer += chunk[start : start + size]
            if len(buffer) >= wanted:
                cut = last_safe_cut(buffer, word, reach)
                yield buffer[:cut]
                buffer = buffer[cut:]
                wanted = size if cut else 2 * len(buffer)
    yield buffer


def count_words(text: str, pattern: str, special_tokens: frozenset[str]) -> Counter[str]:
    """Count the words of a text; special tokens are no words."""
    word = regex.compile(pattern)
    ordinary = split_special(mend_surrogates(text), special_tokens)[::2]
    return Counter(chain.from_iterable(split_words(part, word) for part in ordinary))


def merge_pair(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """Replace each occurrence of a pair, from left to right, by one new id."""
    left, right = pair
    merged: list[int] = []
    for i in ids:
        if i == right and merged and merged[-1] == left:
            merged[-1] = new_id
        else:
            merged.append(i)
    return merged


class PairCounts:
    """The distinct words of a text as ids, and the count of every pair of neighbors in them."""

    def __init__(self, word_counts: Mapping[str, int]) -> None:
        byte_ids = {token[0]: i for i, token in enumerate(BYTE_TOKENS)}
        self.words = [[byte_ids[byte] for byte in word.encode()] for word in word_counts]
        self.word_counts = list(word_counts.values())
        self.counts: dict[Pair, int] = defaultdict(int)
        self.where: dict[Pair, set[int]] = defaultdict(set)  # pair -> indices of words
        for index, word in enumerate(self.words):
            for pair in pairwise(word):
                self.counts[pair] += self.word_counts[index]
                self.where[pair].add(index)

    def merge(self, pair: Pair, new_id: int) -> set[Pair]:
        """Merge a pair in the words that hold it, and return the pairs this creates."""
        created = set()
        for index in self.where.pop(pair):
            count, word = self.word_counts[index], self.words[index]
            for old in pairwise(word):
                self.counts[old] -= count
            self.words[index] = word = merge_pair(word, pair, new_id)
            for new in pairwise(word):
                self.counts[new] += count
                if new_id in new:
                    self.where[new].add(index)
                    created.add(new)
        return created


def learn_merges(word_counts: Mapping[str, int], n_merges: int) -> list[Merge]:
    """Merge the most frequent pair of tokens, again and again, while there is one.

    Of equally frequent pairs, the one with the smaller ids is merged: left ids are compared
    first, then right ids. A pair's count only falls once both its tokens exist, so an entry of
    the heap may come up too early but never too late; it then goes back with its true count.
    """
    tokens = list(BYTE_TOKENS)
    merges: list[Merge] = []
    pairs = PairCounts(word_counts)
    heap = [(-n, pair) for pair, n in pairs.counts.items()]
    heapify(heap)
    while heap and len(merges) < n_merges:
        n, pair = heappop(heap)
        changed = {pair}
        if -n == pairs.counts[pair]:
            merges.append((tokens[pair[0]], tokens[pair[1]]))
            tokens.append(b"".join(merges[-1]))
            changed = pairs.merge(pair, len(tokens) - 1)
        for pair in changed:
            if pairs.counts[pair]:
                heappush(heap, (-pairs.counts[pair], pair))
    return merges


def number_tokens(merges: Sequence[Merge]) -> dict[bytes, int]:
    """Number the bytes in GPT-2's order, then the tokens that the merges make."""
    tokens = [*BYTE_TOKENS, *(left + right for left, right in merges)]
    ids = {token: i for i, token in enumerate(tokens)}
    if len(ids) < len(tokens):
        twice = Counter(tokens).most_common(1)[0][0]
        raise ValueError(f"{len(tokens) - len(ids)} merges make a known token, as {twice!r}")
    return ids


def number_special_tokens(
    special_tokens: Sequence[str] | Mapping[str, int], first_id: int
) -> dict[str, int]:
    """Give special tokens the ids from `first_id` on, or leave them those they have."""
    if isinstance(special_tokens, str):
        raise ValueError(f"special_tokens is one string, {special_tokens!r}; pass a sequence")
    if isinstance(special_tokens, Mapping):
        ids = dict(special_tokens)
    else:
        ids = {token: first_id + i for i, token in enumerate(special_tokens)}
    if "" in ids or len(ids) < len(special_tokens):
        raise ValueError(f"special_tokens are empty or occur twice in {list(special_tokens)}")
    return ids


def check_allowed(
    allowed_special: Collection[str], special_tokens: Mapping[str, int]
) -> frozenset[str]:
    """Return the special tokens to look for; `"all"` means each of them."""
    if allowed_special == "all":
        return frozenset(special_tokens)
    allowed = frozenset(allowed_special)
    if not allowed <= special_tokens.keys():
        unknown = sorted(allowed - special_tokens.keys())
        raise ValueError(f"{unknown} are not among the special tokens {dict(special_tokens)}")
    return allowed


def merge_by_rank(
    word: Sequence[Symbol], merges: Mapping[tuple[Symbol, Symbol], tuple[int, Symbol]]
) -> list[Symbol]:
    """Merge neighbors, lowest rank first and from the left, in O(n log n) for n symbols.

    A heap holds the possible merges by rank and place. The symbol after the last and those that
    are merged away are None, which no merge knows; so entries that are out of date fall through.

    Args:
        word: The symbols to begin with.
        merges: For each pair that may be merged, its rank and the symbol that it becomes.
    """
    n = len(word)
    symbols: list[Any] = [*word, None]
    before, after = list(range(-1, n)), [*range(1, n + 1), n]
    find = merges.get
    found = enumerate(map(find, pairwise(symbols)))
    heap = [(merge[0], left) for left, merge in found if merge is not None]
    heapify(heap)
    while heap:
        rank, left = heappop(heap)
        right = after[left]
        merge = find((symbols[left], symbols[right]))
        if merge is None or merge[0] != rank:
            continue
        symbols[left], symbols[right] = merge[1], None
        after[left] = after[right]
        before[after[right]] = left
        for place in (before[left], left):
            merge = find((symbols[place], symbols[after[place]]))
            if merge is not None:
                heappush(heap, (merge[0], place))
    return [symbol for symbol in symbols if symbol is not None]


def encode_words(
    words: Iterable[str], encode: Callable[[str], list[int]], memory: dict[str, list[int]]
) -> list[int]:
    """Encode word by word; the ids of short words are remembered, since most come again."""
    ids: list[int] = []
    for word in words:
        known = memory.get(word)
        if known is None:
            known = encode(word)
            if len(word) <= CACHED_LENGTH:
                if len(memory) >= CACHE_SIZE:
                    memory.clear()
                memory[word] = known
        ids += known
    return ids


def save_json(content: Mapping[str, Any], path: Path) -> None:
    """Write a file that is called `….tmp` until all of it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("wb") as file:
        file.write(json.dumps(content, ensure_ascii=False).encode())
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


class BPETokenizer:
    """Encode text with learned merges, and decode ids into the very same text.

    Args:
        merges: Pairs of tokens to join, the first learned first.
        special_tokens: Tokens for what is not text, as `"<|endoftext|>"`. They get the ids behind
            all others, or in a mapping the ids it gives.
        pattern: Regular expression whose matches are the words of a text.
        vocab: The ids of the tokens that are not special. By default they number the bytes in
            GPT-2's order, then the merges.

    Attributes:
        merges, pattern: As above.
        vocab, special_tokens: Mappings of tokens to ids, without a token or an id in common.
        vocab_size: One more than the largest id.

    Raises:
        ValueError: if a byte, or a token that a merge joins or makes, is not in the vocabulary;
            if a merge, a token or an id occurs twice; if a special token is empty; if the pattern
            is no regular expression or captures groups.

    Reference:
        Sennrich et al. 2016, https://arxiv.org/abs/1508.07909 (merges); Radford et al. 2019,
        Language Models are Unsupervised Multitask Learners (bytes and pattern)
    """

    def __init__(
        self,
        merges: Iterable[Merge],
        special_tokens: Sequence[str] | Mapping[str, int] = (),
        pattern: str = GPT2_PATTERN,
        *,
        vocab: Mapping[bytes, int] | None = None,
    ) -> None:
        self.merges = list(merges)
        self.pattern = pattern
        self.vocab = number_tokens(self.merges) if vocab is None else dict(vocab)
        self.special_tokens = number_special_tokens(special_tokens, max(self.vocab.values()) + 1)
        self._tokens = {i: token for token, i in self.vocab.items()}
        self._tokens |= {i: token.encode() for token, i in self.special_tokens.items()}
        self.vocab_size = max(self._tokens) + 1
        self._check()
        self._word = compile_words(pattern)
        self._byte_ids = [self.vocab[bytes([byte])] for byte in range(256)]
        self._merges = {
            (self.vocab[a], self.vocab[b]): (rank, self.vocab[a + b])
            for rank, (a, b) in enumerate(self.merges)
        }
        self._cache: dict[str, list[int]] = {}

    def _check(self) -> None:
        if len(self._tokens) < len(self.vocab) + len(self.special_tokens) or min(self._tokens) < 0:
            raise ValueError("an id is negative or stands for two tokens")
        needed = chain(BYTE_TOKENS, *((a, b, a + b) for a, b in self.merges))
        missing = next((token for token in needed if token not in self.vocab), None)
        if missing is not None:
            raise ValueError(f"{missing!r}, a byte or part of a merge, is not in the vocabulary")
        if len(set(self.merges)) < len(self.merges):
            raise ValueError("a merge occurs twice")

    def encode(self, text: str, allowed_special: Collection[str] = frozenset()) -> list[int]:
        """Return the ids of the text's tokens.

        Args:
            text: Any string. Half a surrogate pair counts as U+FFFD.
            allowed_special: The special tokens to look for in the text, or `"all"`. Others are
                encoded as the ordinary text they look like (tiktoken raises by default).
        """
        ids: list[int] = []
        parts = split_special(
            mend_surrogates(text), check_allowed(allowed_special, self.special_tokens)
        )
        for place, part in enumerate(parts):
            ids += [self.special_tokens[part]] if place % 2 else self._encode_ordinary(part)
        return ids

    def encode_iterable(
        self, chunks: Iterable[str], allowed_special: Collection[str] = frozenset()
    ) -> Iterator[int]:
        """Yield the ids of the joined chunks, wherever they are cut, in constant memory.

        The memory does grow with the longest run of text in which nothing ends a word.
        """
        allowed = check_allowed(allowed_special, self.special_tokens)
        pieces = cut_pieces(chunks, self.pattern, allowed)
        return chain.from_iterable(self.encode(piece, allowed) for piece in pieces)

    def _encode_ordinary(self, text: str) -> list[int]:
        words = split_words(text, self._word)
        return encode_words(words, lambda word: self._encode_word(word.encode()), self._cache)

    def _encode_word(self, word: bytes) -> list[int]:
        return merge_by_rank([self._byte_ids[byte] for byte in word], self._merges)

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the bytes of the tokens, which need not be whole characters."""
        try:
            return b"".join([self._tokens[i] for i in ids])
        except KeyError as error:
            message = f"id {error} is not among the {self.vocab_size} of the vocabulary"
            raise ValueError(message) from None

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the tokens; bytes that are not UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def to_json(self) -> dict[str, Any]:
        """Return the content of the `tokenizer.json` that Hugging Face's tokenizers reads."""
        split = {"type": "Split", "pattern": {"Regex": self.pattern}, "behavior": "Isolated"}
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
        plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        ordinary = {token_to_text(token): i for token, i in self.vocab.items()}
        return {
            "version": "1.0",
            "added_tokens": [
                {"id": i, "content": token, "special": True, **plain}
                for token, i in self.special_tokens.items()
            ],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [{**split, "invert": False}, {**byte_level, "use_regex": False}],
            },
            "decoder": {**byte_level, "use_regex": False},
            "model": {
                "type": "BPE",
                "vocab": ordinary | self.special_tokens,
                "merges": [[token_to_text(a), token_to_text(b)] for a, b in self.merges],
            },
        }

    def save(self, folder: str | Path) -> None:
        """Write the tokenizer to `tokenizer.json` in a folder, whole or not at all."""
        save_json(self.to_json(), Path(folder) / "tokenizer.json")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote; anything else in its place is a ValueError."""
        path = Path(folder) / "tokenizer.json"
        try:
            data = json.loads(path.read_text("utf-8"))
            special_tokens = {token["content"]: token["id"] for token in data["added_tokens"]}
            vocab = data["model"]["vocab"]
            tokenizer = cls(
                [(text_to_token(a), text_to_token(b)) for a, b in data["model"]["merges"]],
                special_tokens,
                data["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"],
                vocab={text_to_token(t): vocab[t] for t in vocab if t not in special_tokens},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a saved tokenizer: {error}") from error
        if tokenizer.to_json() != data:
            raise ValueError(f"{path} was not written by save; try load_tokenizer_json")
        return tokenizer

    def to_tiktoken(self, name: str) -> "tiktoken.Encoding":
        """Return the same tokenizer in the format of tiktoken."""
        import tiktoken

        return tiktoken.Encoding(
            name,
            pat_str=self.pattern,
            mergeable_ranks=self.vocab,
            special_tokens=self.special_tokens,
        )


def train_bpe(
    text: str | Iterable[str],
    vocab_size: int,
    *,
    special_tokens: Sequence[str] = (),
    pattern: str = GPT2_PATTERN,
    workers: int = 1,
) -> BPETokenizer:
    """Learn a vocabulary from text.

    Args:
        text: The text, or chunks of it, wherever they are cut; only a few are held in memory.
        vocab_size: The number of tokens: 256 bytes, the merges and the special tokens. It is
            smaller if every word of the text becomes a token before that.
        special_tokens: Left out of what is learned, as between two documents, and numbered last.
        pattern: Regular expression whose matches are the words of the text.
        workers: Processes that count words. With more than one, a script that calls this needs
            the usual `if __name__ == "__main__":`.

    Raises:
        ValueError: if vocab_size is below 256 and the special tokens, or workers below 1.
    """
    smallest = BPETokenizer((), special_tokens, pattern).vocab_size
    if vocab_size < smallest:
        raise ValueError(f"vocab_size={vocab_size} is below 256 bytes + special tokens={smallest}")
    if workers < 1:
        raise ValueError(f"workers={workers} is below 1")
    special = frozenset(special_tokens)
    pieces = cut_pieces([text] if isinstance(text, str) else text, pattern, special, COUNTED_SIZE)
    count = partial(count_words, pattern=pattern, special_tokens=special)
    words = Counter[str]()
    if workers == 1:
        for piece in pieces:
            words.update(count(piece))
    else:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            while batch := list(islice(pieces, 4 * workers)):
                for counted in pool.map(count, batch):
                    words.update(counted)
    return BPETokenizer(learn_merges(words, vocab_size - smallest), special_tokens, pattern)
