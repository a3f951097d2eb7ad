"""What a person sees: a page's words, tags and charts, and whether a text steers a terminal."""

import json
import unicodedata
from html.parser import HTMLParser


class Page(HTMLParser):
    """The tags of a page with their attributes, its texts, and the charts' specifications."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.open, self.text, self.specs = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple]) -> None:
        """Keep a tag; but for the place where a word may break, it ends a word."""
        if tag != "wbr":
            self.text.append(" ")
        self.tags.append((tag, dict(attrs)))
        self.open.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text, or a chart's specification."""
        tag, attributes = self.open[-1] if self.open else ("", {})
        if attributes.get("type") == "application/json" and data.strip():
            self.specs.append(json.loads(data))
        elif tag not in ("script", "style"):
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag, and those inside that need no end."""
        while self.open and self.open.pop()[0] != tag:
            pass

    def words(self) -> str:
        """The text as a person reads it."""
        return " ".join("".join(self.text).split())

    def charts(self) -> list[str]:
        """What the charts say to those who do not see them."""
        return [attributes["aria-label"] for _, attributes in self.tags if attributes.get("class") == "chart"]


def is_harmless(text: str) -> bool:
    """Whether a text steers no terminal: no control character but line breaks, nothing that turns its direction."""
    return not [each for each in text if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp")]
