"""Books of our own writing in the form of Project Gutenberg's, for the page on such books."""

import textwrap
from pathlib import Path

from llm_book.data.stories import StoryGrammar

ACTS = ("copy", "print", "read aloud", "translate", "shorten", "illustrate", "bind", "lend")
SECTION = (
    "Section {number}. To {act}.\n\nAnyone may {act} this work, alone or with others, at home or "
    "away, for nothing. Whoever wants money for it asks first, and sends with each copy the whole "
    "of this notice. No promise is made that the work is complete, correct, or fit to {act}, and "
    "nobody answers for what may come of it.\n\n"
)
NOTICE = (
    "THE FULL NOTICE\n\nSTART: please read this to its END before you use the work.\n\n"
    + "".join(
        textwrap.fill(SECTION.format(number=number, act=act), 70, replace_whitespace=False) + "\n\n"
        for number, act in enumerate(ACTS, 1)
    )
)
FRENCH = (
    "La petite fille marche dans la forêt avec son chien. Elle cherche une clé que le vieux "
    "meunier a perdue. Les arbres sont hauts et la nuit est douce pour tous.\n\n"
)


def stories(n: int, language: str = "en", *, seed: int = 0, width: int = 70) -> str:
    """Return stories with their lines broken, as in a book."""
    told = StoryGrammar(language).sample(n, seed)
    if language == "zh":
        told = ["\n".join(textwrap.wrap(story, width // 2)) for story in told]
    else:
        told = [textwrap.fill(story, width) for story in told]
    return "\n\n".join(told)


def publish(
    text: str, title: str, author: str, language: str, *, style: str = "new", encoding: str = ""
) -> str:
    """Put a text between header and notice: in the form of today, of 2005, or of 1995 ("old")."""
    head = f"The Project Gutenberg eBook of {title}\n\nTitle: {title}\n\nAuthor: {author}\n\n"
    head += f"Language: {language}\n\n" if language else ""
    head += f"Character set encoding: {encoding}\n\n" if encoding else ""
    if style == "old":
        start = "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*"
        return f"{head}{NOTICE}{start}\n\n{text}\n\nEnd of The Project Gutenberg Etext of {title}\n"
    the = {"new": "THE", "2005": "THIS"}[style]
    marker = textwrap.fill(f"*** START OF {the} PROJECT GUTENBERG EBOOK {title.upper()} ***", 72)
    return f"{head}{marker}\n\n{text}\n\n{marker.replace('START', 'END', 1)}\n\n{NOTICE}"


def write_library(folder: str | Path) -> Path:
    """Write nine files into `folder`, of which three are English books to keep."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cafe = "For Zoë, who liked the café.\n\n" + stories(12)
    books = {
        "101-0.txt": publish(cafe, "The Café", "Zoë Müller", "English").encode("utf-8-sig"),
        "101-8.txt": publish(
            "For Zoë, who liked the café.\n\n" + stories(12, width=60),
            "The Café",
            "Zoë Müller",
            "English",
            style="2005",
            encoding="ISO-8859-1",
        ).encode("latin-1"),
        "102.txt": publish(
            stories(8, seed=1),
            "What a Fox, a Mole, and a Very Small Girl Found in the Legend of START and END",
            "Ada Book",
            "English",
        ).encode(),
        "103.txt": publish(stories(8, seed=2), "Old Tales", "Bo Book", "", style="old").encode(),
        "104.txt": publish(stories(20, "zh"), "小石的故事", "书中人", "Chinese").encode(),
        "105.txt": publish(FRENCH * 20, "La Clé", "Léa Livre", "French").encode(),
        "106.txt": publish(FRENCH * 20, "The Key", "Léa Livre", "English").encode(),
        "107.txt": publish("A fox sat on the mat.", "A Fox", "Bo Book", "English").encode(),
        "readme.txt": b"Books of our own writing. There is no marker in this file.\n",
    }
    for name, content in books.items():
        (folder / name).write_bytes(content)
    return folder
