import json
import re
import sys
import tracemalloc

import pytest

from llm_book.data import gutenberg, token_files
from llm_book.data.gutenberg import (
    END_OF_TEXT,
    Shelf,
    Verdict,
    decode,
    fill_shelves,
    fingerprint,
    guess_language,
    judge_all,
    prepare,
    read_book,
)
from llm_book.data.stories import StoryGrammar
from llm_book.data.token_files import TokenFile
from llm_book.publishing.own_books import FRENCH, publish, stories, write_library
from llm_book.tokenizers.bpe import BPETokenizer


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return write_library(tmp_path_factory.mktemp("books"))


def on_disk(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("style", ["new", "2005", "old"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_nothing_but_the_book_is_left(tmp_path, style, language, line_end):
    text = stories(3, language)
    published = publish(text, "A Title", "An Author", "English", style=style)
    path = on_disk(tmp_path / "1.txt", published.replace("\n", line_end))
    book = read_book(path)
    assert book.text == text + "\n"
    assert (book.title, book.author, book.language) == ("A Title", "An Author", "english")
    assert book.notes == len(published) - len(book.text)


@pytest.mark.parametrize(
    "marker",
    [
        "*** START OF THE PROJECT GUTENBERG EBOOK A TITLE ***",
        "*** START OF THIS PROJECT GUTENBERG EBOOK A TITLE ***",
        "***START OF THE PROJECT GUTENBERG EBOOK A TITLE***",
        "*** START OF THIS PROJECT GUTENBERG ETEXT A TITLE ***",
        "*** Start of the Project Gutenberg eBook A Title ***",
        "*** START OF THE PROJECT GUTENBERG EBOOK A TITLE SO LONG THAT\nIT RUNS OVER ***",
        "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
        "*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.03.08.92*END*",
    ],
)
@pytest.mark.parametrize(
    "end",
    [
        "*** END OF THE PROJECT GUTENBERG EBOOK A TITLE ***",
        "***END OF THIS PROJECT GUTENBERG EBOOK A TITLE***",
        "End of the Project Gutenberg EBook of A Title\n\n*** END OF THIS PROJECT GUTENBERG EBOOK",
        "End of Project Gutenberg's A Title, by An Author",
    ],
)
def test_the_markers_of_all_times_are_known(tmp_path, marker, end):
    path = on_disk(tmp_path / "1.txt", f"Title: A\n\n{marker}\n\nThe fox.\n\n{end}\n\nNotice.\n")
    assert read_book(path).text == "The fox.\n"


def test_the_words_start_and_end_inside_a_text_cut_nothing(tmp_path):
    text = (
        "*** START ***\n\n"
        "START OF THE PROJECT, said the fox.\n\n"
        "He read: *** END OF THE PROJECT GUTENBERG EBOOK *** and went on.\n\n"
        "THE END OF THE ROAD\n\nEND\n\n***"
    )
    path = on_disk(tmp_path / "1.txt", publish(text, "A", "B", "English"))
    assert read_book(path).text == text + "\n"


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        ("A fox.\n", "no start marker"),
        (publish("A fox.", "A", "B", "English").partition("*** END")[0], "no end marker"),
    ],
)
def test_a_file_without_a_marker_is_not_guessed_at(tmp_path, content, missing):
    with pytest.raises(ValueError, match=missing):
        read_book(on_disk(tmp_path / "1.txt", content))


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", ""),
        ("latin-1", "ISO-8859-1"),
        ("latin-1", "ISO-646-US (US-ASCII)"),
        ("latin-1", ""),
        ("latin-1", "UTF-8"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_every_encoding_gives_the_same_text(encoding, declared):
    text = publish("Zoë’s café." if encoding != "latin-1" else "Zoë's café.", "A", "B", "English")
    head = f"Character set encoding: {declared}\n" if declared else ""
    assert decode((head + text).encode(encoding)) == head + text


def test_chinese_in_its_old_encoding_is_read_as_declared():
    text = "Character set encoding: Big5\n\n狐狸找到了一盞燈。\n"
    assert decode(text.encode("big5")) == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (stories(2), "en"),
        (stories(2, "zh"), "zh"),
        (FRENCH, "fr"),
        ("Der Fuchs und die Katze sind nicht auf dem Dach, und sie sehen sich an.", "de"),
        ("lorem ipsum dolor sit amet consectetur adipiscing elit", "unknown"),
        ("きつねが森の中であかりを見つけました。", "unknown"),
        ("", "unknown"),
        ("12 34 ***", "unknown"),
    ],
)
def test_a_text_tells_its_language(text, language):
    assert guess_language(text) == language


def test_editions_of_one_text_have_one_fingerprint():
    text = StoryGrammar().sample(1)[0] + " Zoë’s café"
    editions = [
        text.replace(" ", "\n"),
        text.upper(),
        text.replace("’", "'").replace("ë", "e").replace("é", "e"),
        text.replace(".", " .").replace("\n", "\r\n"),
    ]
    assert {fingerprint(edition) for edition in editions} == {fingerprint(text)}


def test_one_letter_more_is_another_text():
    assert fingerprint("The foxes sleep.") != fingerprint("The fox sleeps")
    assert fingerprint("狐狸睡了。") != fingerprint("狐狸睡着了。")


def test_each_file_is_kept_or_dropped_for_its_reason(library):
    verdicts = judge_all(sorted(library.glob("*.txt")), "en", min_characters=500)
    assert [verdict.dropped for verdict in verdicts] == [
        "",
        "duplicate",
        "",
        "",
        "header says chinese",
        "header says french",
        "text looks like fr",
        "too short",
        "no start marker",
    ]


def test_a_book_that_is_dropped_does_not_make_its_twin_a_duplicate(tmp_path):
    text = stories(2)
    paths = [
        on_disk(tmp_path / "1.txt", publish(text, "A", "B", "French")),
        on_disk(tmp_path / "2.txt", publish(text, "A", "B", "English")),
    ]
    assert [verdict.dropped for verdict in judge_all(paths, "en")] == ["header says french", ""]


@pytest.mark.parametrize(("language", "workers"), [("en", 2), ("zh", 1)])
def test_the_tokens_are_the_books_with_an_end_behind_each(tmp_path, library, language, workers):
    report = prepare(library, tmp_path / "out", language, vocab_size=300, workers=workers)
    tokenizer = BPETokenizer.load(tmp_path / "out")
    shards = sorted((tmp_path / "out" / "tokens").iterdir())
    assert len(shards) == report["shards"]
    ids = [i for shard in shards for i in TokenFile(shard, tokenizer).tokens.tolist()]
    assert len(ids) == report["tokens"]
    names = {"en": ["101-0", "102", "103"], "zh": ["104"]}[language]
    texts = [read_book(library / f"{name}.txt").text for name in names]
    assert tokenizer.decode(ids) == "".join(text + END_OF_TEXT for text in texts)
    assert ids.count(tokenizer.special_tokens[END_OF_TEXT]) == len(texts)
    assert report["characters"] == sum(map(len, texts))


def test_the_report_accounts_for_every_file(tmp_path, library):
    report = prepare(library, tmp_path / "out", vocab_size=300)
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["files"] == 9 == report["kept"] + sum(report["dropped"].values())
    lines = (tmp_path / "out" / "books.jsonl").read_text("utf-8").splitlines()
    books = [json.loads(line) for line in lines]
    assert [book["path"] for book in books] == [str(path) for path in sorted(library.iterdir())]
    assert books[0]["author"] == "Zoë Müller"


def test_a_book_cannot_end_itself(tmp_path):
    text = f"{stories(2)} The fox said {END_OF_TEXT} and went on."
    path = on_disk(tmp_path / "1.txt", publish(text, "A", "B", "English"))
    *pieces, end = Shelf([str(path)])
    assert end == END_OF_TEXT
    assert END_OF_TEXT not in "".join(pieces)


def test_shelves_keep_the_order_and_hold_what_they_should():
    books = [Verdict(path=str(i), characters=40) for i in range(7)]
    assert [shelf.paths for shelf in fill_shelves(books, 100)] == [
        ["0", "1", "2"],
        ["3", "4", "5"],
        ["6"],
    ]
    assert len(fill_shelves(books, 1)) == 7
    assert len(fill_shelves(books, 10_000)) == 1


def test_the_memory_does_not_grow_with_the_corpus(tmp_path, monkeypatch):
    """Twelve books of 50,000 characters take hardly more than two of them."""
    monkeypatch.setattr(token_files, "BLOCK", 1000)
    text, peaks = stories(50), []
    for n in (2, 12):
        folder = tmp_path / str(n)
        folder.mkdir()
        for number in range(n):
            tale = f"{text}\n\nBook {number}."
            on_disk(folder / f"{number}.txt", publish(tale, str(number), "Ada", "English"))
        tracemalloc.start()
        prepare(folder, tmp_path / f"{n}-out", tokenizer=BPETokenizer([], [END_OF_TEXT]))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_a_second_run_into_the_same_folder_is_refused(tmp_path, library):
    prepare(library, tmp_path / "out", vocab_size=300)
    with pytest.raises(FileExistsError, match="tokens exists already"):
        prepare(library, tmp_path / "out", vocab_size=300)


def test_a_folder_in_which_no_book_is_left_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"of 0 \.txt files below .* no book is kept"):
        prepare(tmp_path, tmp_path / "out")


def test_an_unknown_language_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="language='xx' is not one of en, zh, fr, de"):
        prepare(tmp_path, tmp_path / "out", "xx")


def test_a_large_corpus_is_sampled_to_train_the_tokenizer(tmp_path, library, monkeypatch):
    monkeypatch.setattr(gutenberg, "TRAINING_CHARACTERS", 15_000)
    kept = [v for v in judge_all(sorted(library.iterdir()), "en") if not v.dropped]
    seen = []
    monkeypatch.setattr(
        gutenberg, "train_bpe", lambda texts, *_, **__: seen.extend(texts) or BPETokenizer([])
    )
    gutenberg.choose_tokenizer(kept, 300, 1)
    assert seen == [read_book(kept[0].path).text, END_OF_TEXT]


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["gutenberg", *map(str, arguments)])
    gutenberg.main()


def test_the_command_line_says_what_it_did(tmp_path, library, monkeypatch, capsys):
    command(monkeypatch, library, tmp_path / "out", "--vocab-size", 300)
    printed = capsys.readouterr().out
    assert re.search(r"3 of 9 books kept: 30,\d{3} characters", printed)
    assert "1 dropped: duplicate" in printed


@pytest.mark.parametrize("name", ["workers", "shard_characters"])
def test_numbers_below_one_are_refused_before_a_book_is_read(tmp_path, library, name):
    with pytest.raises(ValueError, match=f"^{name}=0, expected at least 1$"):
        prepare(library, tmp_path / "out", **{name: 0})
    assert not (tmp_path / "out").exists()


def test_a_tokenizer_that_exists_can_be_used(tmp_path, library, monkeypatch):
    BPETokenizer([], [END_OF_TEXT]).save(tmp_path / "bytes")
    command(monkeypatch, library, tmp_path / "out", "--tokenizer", tmp_path / "bytes")
    assert BPETokenizer.load(tmp_path / "out").vocab_size == 257


def test_an_error_on_the_command_line_is_one_line(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="2"):
        command(monkeypatch, tmp_path, tmp_path / "out")
    printed = capsys.readouterr().err
    assert printed.endswith("\n")
    assert printed.count("\n") == 1
    assert "no book is kept" in printed
