"""A corpus of books: a folder as Project Gutenberg publishes it becomes token files.

    python -m llm_book.data.gutenberg books corpus --language en --workers 2

Books are read one at a time, twice: to judge them, and to write those that are kept. In memory
stand a line of report and a fingerprint for each book, never the corpus.
"""

import argparse
import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llm_book.data.token_files import TokenFile, write_token_shards
from llm_book.tokenizers.bpe import BPETokenizer, train_bpe

END_OF_TEXT = "<|endoftext|>"
# Since 1971 the marker lines have changed; long titles run over the end of a line.
START = re.compile(
    r"^\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG E(?:BOOK|TEXT)"
    r"[^*]{0,400}\*\*\*.*\n"
    r"|^\*END ?\*? ?THE SMALL PRINT!.*\n",  # where the older notice ends
    re.M | re.I,
)
END = re.compile(
    r"^\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG E(?:BOOK|TEXT)"
    r"|^End of (?:the |this )?Project Gutenberg",
    re.M | re.I,
)
FIELD = re.compile(r"^(Title|Author|Language|Character set encoding): *(.+)$", re.M)
LANGUAGES = {"en": "english", "zh": "chinese", "fr": "french", "de": "german"}
COMMON_WORDS = {
    "en": "the and of to that was his he it with as had her not",
    "fr": "les des dans pour que elle avec sur pas plus et était du une",
    "de": "der die und das nicht ein ich sie mit sich auf den dem ist",
}
JUDGED = 20_000  # characters that decide on the language
TRAINING_CHARACTERS = 100_000_000  # that a tokenizer is trained on at most


@dataclass(frozen=True, kw_only=True)
class Book:
    """The text of a book without its publisher's notes, and what its header says.

    Attributes:
        notes: Number of characters that were cut off before and after the text.
    """

    title: str
    author: str
    language: str
    text: str
    notes: int


def decode(content: bytes) -> str:
    """Return the text of a file: UTF-8 if it is that, else as its header says, else Latin-1.

    Bytes above 127 rarely follow each other as UTF-8 prescribes unless they are UTF-8. The
    other way round, Latin-1 accepts all bytes, so it comes last.
    """
    fields = dict(FIELD.findall(content[:4000].decode("latin-1")))
    declared = fields.get("Character set encoding", "").strip()
    for encoding in ("utf-8-sig", declared):
        try:
            return content.decode(encoding).replace("\r\n", "\n")
        except (LookupError, ValueError):  # no such encoding, or not these bytes
            continue
    return content.decode("latin-1").replace("\r\n", "\n")


def read_book(path: str | Path) -> Book:
    """Read a file of Project Gutenberg and cut off what is not the book.

    Raises:
        ValueError: A marker is missing, so that nobody knows what is book and what is not.
    """
    whole = decode(Path(path).read_bytes())
    start = START.search(whole)
    if start is None:
        raise ValueError("no start marker")
    end = END.search(whole, start.end())
    if end is None:
        raise ValueError("no end marker")
    fields = dict(FIELD.findall(whole[: start.start()]))
    text = whole[start.end() : end.start()].strip() + "\n"
    return Book(
        title=fields.get("Title", "").strip(),
        author=fields.get("Author", "").strip(),
        language=fields.get("Language", "").strip().lower(),
        text=text,
        notes=len(whole) - len(text),
    )


def guess_language(text: str) -> str:
    """Name the language that the letters, or else the most frequent words, speak for."""
    letters = [letter for letter in text[:JUDGED] if letter.isalpha()]
    if 2 * sum("\u4e00" <= letter <= "\u9fff" for letter in letters) > len(letters):
        return "zh"
    words = Counter(re.findall(r"\w+", text[:JUDGED].lower()))
    counts = {
        language: sum(words[word] for word in common.split())
        for language, common in COMMON_WORDS.items()
    }
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] * 20 > words.total() else "unknown"


def fingerprint(text: str) -> bytes:
    """Return 32 bytes that are the same for editions that differ only in their typesetting.

    Line ends, spaces, punctuation, capitals, and accents do not count.
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    return hashlib.sha256("".join(filter(str.isalnum, letters)).encode()).digest()


@dataclass(kw_only=True)
class Verdict:
    """A line of the report: a file, what was found in it, and why it was dropped, if it was."""

    path: str
    title: str = ""
    author: str = ""
    characters: int = 0
    notes: int = 0
    dropped: str = ""


def judge(path: Path, language: str, min_characters: int) -> tuple[Verdict, bytes]:
    """Read one book, and return the verdict on it and the fingerprint of its text."""
    verdict = Verdict(path=str(path))
    try:
        book = read_book(path)
    except ValueError as problem:
        verdict.dropped = str(problem)
        return verdict, b""
    verdict.title, verdict.author = book.title, book.author
    verdict.characters, verdict.notes = len(book.text), book.notes
    guessed = guess_language(book.text)
    if book.language not in ("", language, LANGUAGES[language]):
        verdict.dropped = f"header says {book.language}"
    elif guessed != language:
        verdict.dropped = f"text looks like {guessed}"
    elif len(book.text) < min_characters:
        verdict.dropped = "too short"
    return verdict, fingerprint(book.text)


def judge_all(
    paths: Sequence[Path], language: str, *, min_characters: int = 1000, workers: int = 1
) -> Iterator[Verdict]:
    """Yield the verdict on every book in order; of books with the same text, the first is kept."""
    one = partial(judge, language=language, min_characters=min_characters)
    seen = set()
    with (
        ProcessPoolExecutor(workers, get_context("spawn")) if workers > 1 else nullcontext() as pool
    ):
        judged = pool.map(one, paths, chunksize=16) if pool else map(one, paths)
        for verdict, identity in tqdm(judged, "judging", len(paths), unit="book", disable=None):
            if not verdict.dropped and identity in seen:
                verdict.dropped = "duplicate"
            elif not verdict.dropped:
                seen.add(identity)
            yield verdict


@dataclass(frozen=True)
class Shelf:
    """Some books, read one at a time whenever somebody goes through them."""

    paths: Sequence[str]

    def __iter__(self) -> Iterator[str]:
        for path in self.paths:
            yield read_book(path).text.replace(END_OF_TEXT, "")  # only we may say where a book ends
            yield END_OF_TEXT


def fill_shelves(kept: Sequence[Verdict], characters: int) -> list[Shelf]:
    """Put books side by side until a shelf holds `characters` or more, then take the next."""
    shelves: list[list[str]] = []
    held = characters
    for verdict in kept:
        if held >= characters:
            shelves.append([])
            held = 0
        shelves[-1].append(verdict.path)
        held += verdict.characters
    return [Shelf(paths) for paths in shelves]


def choose_tokenizer(kept: Sequence[Verdict], vocab_size: int, workers: int) -> BPETokenizer:
    """Train a tokenizer on the books, or on a part of them if they are many."""
    characters = sum(verdict.characters for verdict in kept)
    every = -(-characters // TRAINING_CHARACTERS)  # books from everywhere, not the first ones
    sample = Shelf([verdict.path for verdict in kept[::every]])
    return train_bpe(sample, vocab_size, special_tokens=[END_OF_TEXT], workers=workers)


def summarize(verdicts: Sequence[Verdict]) -> tuple[dict[str, Any], list[Verdict]]:
    """Count what was kept and why the rest was dropped; return the kept ones as well."""
    kept = [verdict for verdict in verdicts if not verdict.dropped]
    dropped = Counter(verdict.dropped for verdict in verdicts if verdict.dropped)
    report = {
        "files": len(verdicts),
        "kept": len(kept),
        "dropped": dict(dropped.most_common()),
        "characters": sum(verdict.characters for verdict in kept),
        "notes": sum(verdict.notes for verdict in kept),
    }
    return report, kept


def prepare(
    folder: str | Path,
    out: str | Path,
    language: str = "en",
    *,
    tokenizer: BPETokenizer | None = None,
    vocab_size: int = 8192,
    min_characters: int = 1000,
    shard_characters: int = 200_000_000,
    workers: int = 1,
) -> dict[str, Any]:
    """Turn the books below `folder` into `out/tokens`, and return what was kept and dropped.

    Beside the tokens stand `books.jsonl`, a line for each file, `report.json`, which is what
    this returns, and the `tokenizer.json`.

    Args:
        folder: Where `.txt` files lie, at any depth.
        out: A folder; `report.json` appears there last, when all else is complete.
        language: One of `LANGUAGES`.
        tokenizer: Knows `END_OF_TEXT`; trained on the books that are kept if not given.
        vocab_size: Of a tokenizer that is trained here.
        min_characters: Books that are shorter are dropped.
        shard_characters: About how much text becomes one token file.
        workers: Number of processes.

    Raises:
        ValueError: The language is unknown, a number is below 1, or no book is left.
        FileExistsError: There are tokens in `out` already.
    """
    folder, out = Path(folder), Path(out)
    if language not in LANGUAGES:
        raise ValueError(f"{language=} is not one of {', '.join(LANGUAGES)}")
    for name, number in (("shard_characters", shard_characters), ("workers", workers)):
        if number < 1:
            raise ValueError(f"{name}={number}, expected at least 1")
    if (out / "tokens").exists():
        raise FileExistsError(f"{out / 'tokens'} exists already; delete it to write it anew")
    paths = sorted(folder.rglob("*.txt"))
    verdicts = list(judge_all(paths, language, min_characters=min_characters, workers=workers))
    report, kept = summarize(verdicts)
    if not kept:
        raise ValueError(f"of {len(paths)} .txt files below {folder} no book is kept: {report}")
    tokenizer = tokenizer or choose_tokenizer(kept, vocab_size, workers)
    tokenizer.save(out)
    each = min(shard_characters, -(-report["characters"] // workers))
    shards = write_token_shards(
        out / "tokens",
        fill_shelves(kept, each),
        tokenizer,
        allowed_special={END_OF_TEXT},
        workers=workers,
    )
    report |= {"tokens": sum(len(TokenFile(shard)) for shard in shards), "shards": len(shards)}
    lines = (json.dumps(asdict(verdict), ensure_ascii=False) + "\n" for verdict in verdicts)
    (out / "books.jsonl").write_text("".join(lines), "utf-8")
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return report


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_book.data.gutenberg",
        description="Turn a folder of books from Project Gutenberg into token files.",
    )
    parser.add_argument("folder", type=Path, help="where .txt files lie, at any depth")
    parser.add_argument("out", type=Path, help="where tokens, tokenizer, and report are written")
    parser.add_argument("--language", default="en", choices=LANGUAGES)
    parser.add_argument(
        "--tokenizer", type=Path, help="folder of a tokenizer.json (default: train)"
    )
    parser.add_argument("--vocab-size", type=int, default=8192, help="of a tokenizer trained here")
    parser.add_argument("--min-characters", type=int, default=1000, help="drop shorter books")
    parser.add_argument("--shard-characters", type=int, default=200_000_000, help="text in a file")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    options = vars(parser.parse_args())
    try:
        if options["tokenizer"]:
            options["tokenizer"] = BPETokenizer.load(options["tokenizer"])
        report = prepare(**options)
    except (ValueError, OSError) as problem:
        parser.exit(2, f"{problem}\n")
    print(f"{report['kept']} of {report['files']} books kept: {report['characters']:,} characters,")
    print(
        f"{report['tokens']:,} tokens in {report['shards']} files; notes cut: {report['notes']:,}"
    )
    for reason, count in report["dropped"].items():
        print(f"{count:>6} dropped: {reason}")


if __name__ == "__main__":
    main()
