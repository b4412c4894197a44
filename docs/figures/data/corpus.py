"""Figures of the page data/corpus."""

import contextlib
import hashlib
import os
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from llm_book.data.corpus import CATALOGUE, fetch
from llm_book.publishing.figures import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    RED,
    arrow,
    box,
    canvas,
    cell,
)

STORY = b"The fox isn't lost. " * 1000
CUTS = {0: 7000, 7000: 12_000}
COLORS = (BLUE, ORANGE, GREEN)
HOSTS = {
    "raw.githubusercontent.com": "GitHub",
    "huggingface.co": "Hugging Face",
    "www.gutenberg.org": "Gutenberg",
}
WORDS = {
    "en": {
        "title": "A download that is interrupted twice and resumed",
        "description": (
            "Three requests on an axis of 20,000 bytes. The first brings 7,000 bytes and breaks "
            "off, the second goes on from there and breaks off at 12,000, the third brings the "
            "rest. Until then the file is called story.txt.part. After the checksum it gets its "
            "name, story.txt."
        ),
        "request": "request",
        "folder": "in the folder",
        "cut": "hung up",
        "checked": "SHA-256 is right: rename",
        "whole": "the whole file",
        "head": ["name", "language", "licence", "size", "source"],
        "languages": {"en": "English", "zh": "Chinese"},
        "licences": {},
        "size": "{:,.2f} MB",
        "varies": "changes",
        "trusted": "The first download counts where no fingerprint is known: {}.",
        "comma": ", ",
    },
    "zh": {
        "title": "断了两次又接上的一次下载",
        "description": (
            "横轴是 20,000 个字节，一共三次请求。第一次拿到 7,000 字节就断了；第二次从那里接着拿，"
            "到 12,000 又断了；第三次拿完剩下的。在这之前文件一直叫 story.txt.part，校验和对上之后，"
            "才改名为 story.txt。"
        ),
        "request": "请求",
        "folder": "文件夹里",
        "cut": "断开",
        "checked": "SHA-256 相符：改名",
        "whole": "整个文件",
        "head": ["名字", "语言", "许可", "大小", "来源"],
        "languages": {"en": "英文", "zh": "中文"},
        "licences": {
            "public domain (Edith Wharton, 1908)": "公有领域（Edith Wharton，1908）",
            "public domain": "公有领域",
            "public domain in the United States (Lu Xun, 1923), Project Gutenberg License": (
                "在美国属公有领域（鲁迅，1923），Project Gutenberg 许可"
            ),
        },
        "size": "{:,.2f} MB",
        "varies": "会变",
        "trusted": "没有已知校验和的，以首次下载为准：{}。",
        "comma": "、",
    },
}


class HangingUp(BaseHTTPRequestHandler):
    """Hang up at 7,000 bytes, then at 12,000, then keep the promise; write down what was asked."""

    def do_GET(self):
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        stop = CUTS.get(start, len(STORY))
        self.server.events.append({"range": asked, "start": start, "stop": stop})
        self.send_response(206 if start else 200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(STORY) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(STORY) - 1}/{len(STORY)}")
        self.end_headers()
        self.wfile.write(STORY[start:stop])

    def log_message(self, *_):
        pass


def events() -> list[dict]:
    """Fetch from a server that hangs up twice; return each request and the files after it."""
    os.environ["no_proxy"] = "127.0.0.1"
    with HTTPServer(("127.0.0.1", 0), HangingUp) as server, tempfile.TemporaryDirectory() as folder:
        server.events = []
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/story.txt"
        for request in range(3):
            with contextlib.suppress(ConnectionError):
                fetch(url, hashlib.sha256(STORY).hexdigest(), folder=folder, attempts=1)
            files = sorted(file.name for file in Path(folder).rglob("story*"))
            server.events[request]["files"] = files
        server.shutdown()
    return server.events


def resumed(language: str):
    """Draw the requests of a real run over the bytes of the file."""
    words = WORDS[language]
    figure, axes = canvas(690, 262, title=words["title"], description=words["description"])
    left, scale, height = 152, 350 / len(STORY), 30
    axes.text(4, 18, words["request"], va="center", fontsize=11, color=MUTED)
    axes.text(540, 18, words["folder"], va="center", fontsize=11, color=MUTED)
    for place in (0, 7000, 12_000, 20_000):
        x = left + place * scale
        axes.text(x, 18, f"{place:,}", ha="center", va="center", fontsize=10, color=MUTED)
        axes.plot([x, x], [30, 218], color=MUTED, linewidth=0.8, alpha=0.4)
    run = events()
    for row, event in enumerate(run):
        y = 42 + 52 * row
        asked = f"bytes={event['start']}-" if event["range"] else words["whole"]
        family = "monospace" if event["range"] else "DejaVu Sans"
        axes.text(4, y + 15, asked, va="center", fontsize=11, family=family)
        for before, color in zip(run[:row], COLORS, strict=False):
            x, width = left + before["start"] * scale, (before["stop"] - before["start"]) * scale
            box(axes, x, y, width, height, facecolor=color, alpha=0.12, edgecolor="none")
        box(axes, left, y, len(STORY) * scale, height, linestyle=":")
        x, width = left + event["start"] * scale, (event["stop"] - event["start"]) * scale
        received = f"{event['stop'] - event['start']:,}"
        cell(axes, x, y, width, height, received, color=COLORS[row], strength=0.35)
        if event["stop"] < len(STORY):
            end = x + width
            axes.plot([end, end], [y - 5, y + height + 5], color=RED, linewidth=2.5)
            axes.text(end + 7, y + 15, words["cut"], va="center", fontsize=10.5, color=RED)
        for line, name in enumerate(event["files"]):
            weight = "bold" if name == "story.txt" else "normal"
            shift = 15 + 15 * (line - (len(event["files"]) - 1) / 2)
            axes.text(
                540, y + shift, name, va="center", fontsize=10, family="monospace", weight=weight
            )
    middle = left + len(STORY) * scale / 2
    arrow(axes, (middle, 180), (middle, 204), color=INK)
    axes.text(middle + 10, 192, words["checked"], va="center", fontsize=10.5)
    y = 210
    for event, color in zip(run, COLORS, strict=True):
        x, width = left + event["start"] * scale, (event["stop"] - event["start"]) * scale
        cell(axes, x, y, width, height, color=color, strength=0.35)
    axes.text(4, y + 15, "story.txt", va="center", fontsize=11, family="monospace", weight="bold")
    return figure


def whole(text: str) -> str:
    """Keep a cell on one line."""
    return f'<span style="white-space: nowrap">{text}</span>'


def catalogue(language: str) -> str:
    """Table the catalogue."""
    words = WORDS[language]
    lines = [[whole(title) for title in words["head"]], ["---", "---", "---", "---:", "---"]]
    for name, corpus in CATALOGUE.items():
        size = words["varies"] if corpus.size is None else words["size"].format(corpus.size / 1e6)
        lines.append(
            [
                whole(name),
                whole(words["languages"][corpus.language]),
                words["licences"].get(corpus.licence, corpus.licence),
                whole(size),
                f"[{whole(HOSTS[urlsplit(corpus.url).netloc])}]({corpus.url})",
            ]
        )
    rows = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    trusted = [f"`{name}`" for name, corpus in CATALOGUE.items() if corpus.sha256 is None]
    return f"{rows}\n\n{words['trusted'].format(words['comma'].join(trusted))}"


FIGURES = {"resumed": resumed, "catalogue": catalogue}
