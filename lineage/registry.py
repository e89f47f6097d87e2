"""The registry of well-known names that ships in `data/registry`: facts, not guesses."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lineage.errors import ImportRefused
from lineage.identity import DatasetId
from lineage.model import NodeKind, PartialDate

_GENERIC = re.compile(r"\b(?:the|data ?sets?|corpus|corpora)\b")


def name_key(written: str) -> str:
    """The key under which spellings of one name meet: NFKC, case-folded, letters and digits
    only, without `the`, `dataset(s)` and `corpus`; empty where nothing is left.

    `+` is kept as `plus`, because HumanEval+ is not HumanEval.

    >>> name_key("the Hotpot_QA dataset") == name_key("HotpotQA")
    True
    """
    text = unicodedata.normalize("NFKC", written).casefold().replace("+", " plus ")
    plain = re.sub(r"[\W_]+", " ", text).strip()
    return re.sub(r"\s+", "", _GENERIC.sub(" ", plain))


class Entry(BaseModel):
    """One line of the registry; `data/registry/README.md` gives the meaning of each key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    kind: NodeKind
    aliases: tuple[str, ...] = ()
    word_aliases: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    arxiv: Annotated[str, StringConstraints(pattern=r"^\d{4}\.\d{4,5}$")] | None = None
    date: PartialDate | None = None
    licence: str | None = None
    url: str | None = None
    teachers: tuple[str, ...] = ()
    members: tuple[str, ...] = Field(default=())

    @property
    def dataset_id(self) -> DatasetId:
        """The id of the node: on the Hub where the entry has an `org/name`, else by name."""
        if self.kind is NodeKind.MODEL:
            return DatasetId(hub="model", name=self.id)
        if "/" in self.id and self.kind is not NodeKind.SOURCE:
            return DatasetId(name=self.id)
        return DatasetId(hub="name", name=self.id)

    @property
    def plain_names(self) -> tuple[str, ...]:
        """Names that count wherever they stand: id, name and aliases, less the word ones."""
        words = {name_key(word) for word in self.word_aliases}
        names = (self.name, *self.aliases)
        return tuple(dict.fromkeys(n for n in names if name_key(n) not in words))


class Registry:
    """All entries, and the index of their names.

    Where two entries claim one name, the entry read first keeps it, unless only one has it
    as its own name; `contested` lists those names.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: tuple[Entry, ...] = tuple(entries)
        self.by_id: dict[str, Entry] = {}
        self.contested: set[str] = set()
        self._by_key: dict[str, Entry] = {}
        self._words: dict[str, Entry] = {}
        for entry in self.entries:
            self.by_id.setdefault(entry.id.casefold(), entry)
        for entry in self.entries:
            self._claim(name_key(entry.name), entry)
        for entry in self.entries:
            for name in entry.plain_names:
                self._claim(name_key(name), entry)
            for word in entry.word_aliases:
                self._words.setdefault(word, entry)
        for entry in self.entries:  # an id's last part is the weakest claim
            self._by_key.setdefault(name_key(entry.id), entry)
            if "/" in entry.id and name_key(entry.id.rpartition("/")[2]) not in {
                name_key(word) for word in entry.word_aliases
            }:
                self._by_key.setdefault(name_key(entry.id.rpartition("/")[2]), entry)

    def _claim(self, key: str, entry: Entry) -> None:
        if key and self._by_key.setdefault(key, entry) is not entry:
            self.contested.add(key)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def exact(self, written: str, *, words: bool = False) -> Entry | None:
        """The entry that this spelling names, or None. Names that are ordinary words count
        only with `words=True`, and only in their own case.
        """
        entry = self.by_id.get(written.strip().casefold()) or self._by_key.get(name_key(written))
        if entry is None and words:
            entry = self._words.get(written.strip())
        if entry is not None and not words and written.strip() in entry.word_aliases:
            return None
        return entry

    def spellings(self) -> Iterator[tuple[str, Entry]]:
        """Every plain name with its entry: what a finder of mentions looks for."""
        for entry in self.entries:
            for name in entry.plain_names:
                yield name, entry

    def word_spellings(self) -> Iterator[tuple[str, Entry]]:
        """Every name that is also an ordinary word, with its entry."""
        yield from self._words.items()


def data_folder() -> Path:
    """Where `data/` lies: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "_data"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "data"


def read_registry(folder: Path) -> Registry:
    """The registry in `folder/*.jsonl`, files in the order of their names; ImportRefused
    with file and line where a line is not an entry.
    """
    entries: list[Entry] = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    entries.append(Entry.model_validate(json.loads(line)))
                except (ValueError, ValidationError) as error:
                    raise ImportRefused(f"{path.name}: {error}", line=number) from error
    return Registry(entries)


@lru_cache(maxsize=1)
def default_registry() -> Registry:
    """The registry that ships with the project, read once."""
    return read_registry(data_folder() / "registry")
