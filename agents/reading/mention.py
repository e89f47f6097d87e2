"""A written name in a page: `Mention`, how sure it is (`Sure`), and the places taken (`Found`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from agents.reading.blocks import Page
from lineage.identity import DatasetId
from lineage.model import NodeKind
from lineage.registry import Entry, name_key


class Sure(IntEnum):
    """How sure it is that the words name a dataset at all."""

    SHAPE = 1  # looks like a name; counts only right after a strong cue
    NAMED = 2  # capitalised words with `dataset`, `corpus`, ... beside them, or a plain link
    KNOWN = 3  # in the registry
    GIVEN = 4  # the document gives an id or an address of a dataset


@dataclass(frozen=True, slots=True)
class Mention:
    """A written name, `text[start:end]`, and what is known of it."""

    start: int
    end: int
    name: str
    sure: Sure
    kind: NodeKind | None = None
    entry: Entry | None = None
    id: DatasetId | None = None
    marked: bool = False  # a link or code font: set apart from the words around it
    seat: tuple[int, int] | None = None  # where it stands in the sentence, if elsewhere
    whole: tuple[int, int] | None = None  # the link that gives the id, markup and all

    @property
    def spot(self) -> tuple[int, int]:
        """Where it stands among the words: a name read off an address sits on the link."""
        return self.seat or (self.start, self.end)

    @property
    def place(self) -> tuple[int, int]:
        """What a quote must hold: the whole link where the address gives the id."""
        return self.whole or self.spot

    @property
    def key(self) -> str:
        """Under which two spellings of this parent meet."""
        if self.entry is not None:
            return name_key(self.entry.id)
        if self.id is not None and self.id.hub != "name":
            return name_key(self.id.name)
        return name_key(self.name)


class Found:
    """Mentions so far, by place, so that later finders do not overlap earlier ones."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taken = bytearray(len(page.plain) + 1)
        self.mentions: list[Mention] = []

    def add(self, mention: Mention) -> bool:
        if mention.end <= mention.start or len(mention.name) > 200:
            return False
        if any(self.taken[mention.start : mention.end]):
            return False
        self.taken[mention.start : mention.end] = b"\x01" * (mention.end - mention.start)
        self.mentions.append(mention)
        return True

    def block(self, start: int, end: int) -> None:
        self.taken[start:end] = b"\x01" * (end - start)

    def sorted(self) -> list[Mention]:
        return sorted(self.mentions, key=lambda mention: mention.spot)
