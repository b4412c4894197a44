from llm_book.data.gutenberg import fingerprint
from llm_book.publishing.own_books import stories

first = stories(3)
editions = {
    "other lines": stories(3, width=50),
    "one comma more": first.replace(" and", ", and", 1),
    "one letter more": first.replace("the ", "thee ", 1),
    "other stories": stories(3, seed=5),
}


def shingles(text, size=5):
    words = text.split()
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


for name, text in editions.items():
    ours, theirs = shingles(first), shingles(text)
    alike = len(ours & theirs) / len(ours | theirs)
    print(f"{name:<16} {fingerprint(text) == fingerprint(first)!s:<6} {alike:.0%}")
