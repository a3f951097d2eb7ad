"""A page as a person and a screen reader have it: its words, its tags, and its charts."""

import json
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
