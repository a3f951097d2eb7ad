"""What a person sees: a page's words, tags and tooltips, and whether a text steers a terminal."""

import unicodedata
from html.parser import HTMLParser


class Page(HTMLParser):
    """The tags of a page with their attributes, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.open, self.text = [], [], []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple]) -> None:
        """Keep a tag; but for a place where a word may break, and a part of a text, it ends a word."""
        if tag not in ("wbr", "span"):
            self.text.append(" ")
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_data(self, data: str) -> None:
        """Keep a text that is shown."""
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag, and those inside that need no end."""
        while self.open and self.open.pop() != tag:
            pass

    def words(self) -> str:
        """The text as a person reads it."""
        return " ".join("".join(self.text).split())

    def tooltips(self) -> list[str]:
        """What the marks of the overlap and of the charts say, from the top."""
        return [attributes["data-tip"] for _, attributes in self.tags if "data-tip" in attributes]


def is_harmless(text: str) -> bool:
    """Whether a text steers no terminal: no control character but line breaks, nothing that turns its direction."""
    return not [each for each in text if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp")]
