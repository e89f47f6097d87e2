"""The registry of well-known names that ships in `data/registry`: facts, not guesses."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lineage.errors import ImportRefused
from lineage.identity import DatasetId
from lineage.model import NodeKind, PartialDate
from lineage.words import all_generic

_GENERIC = re.compile(r"\b(?:the|data ?sets?|corpus|corpora)\b")
_ODD_CASE = re.compile(r"\d|[^\W\d_][A-Z]")  # no ordinary word is written so: GPT4all, webGPT
_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_MARK = re.compile(r"[\d_-]")
_MARKS = re.compile(r"[\W_]+")


_MODELS = frozenset({NodeKind.MODEL})
_HOSTED = frozenset({NodeKind.DATASET, NodeKind.BENCHMARK})


def name_key(written: str) -> str:
    """The key under which spellings of one name meet: NFKC, case-folded, letters and digits
    only, without `the`, `dataset(s)` and `corpus`; empty where nothing is left.

    `+` is kept as `plus`, because HumanEval+ is not HumanEval.

    >>> name_key("the Hotpot_QA dataset") == name_key("HotpotQA")
    True
    """
    return "".join(name_words(written))


def name_words(text: str) -> list[str]:
    """The words of a text as `name_key` sees them, in order: joined, they are its key."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("+", " plus ")
    return _GENERIC.sub(" ", _MARKS.sub(" ", folded)).split()


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
    def family(self) -> str:
        """`model` or `data`: names of the two are spaces apart."""
        return "model" if self.kind is NodeKind.MODEL else "data"

    @property
    def plain_names(self) -> tuple[str, ...]:
        """Names that count wherever they stand: id, name and aliases, less the word ones."""
        words = {name_key(word) for word in self.word_aliases}
        names = (self.name, *self.aliases)
        return tuple(dict.fromkeys(n for n in names if name_key(n) not in words))


class Claim(IntEnum):
    """How strong a name's tie to an entry is; the smaller the stronger."""

    NAME = 0  # the name its authors gave it, or its whole Hub id
    ALIAS = 1
    WORD = 2  # a name that is also an ordinary word
    LAST_PART = 3  # only the last part of its Hub id


class Registry:
    """All entries, and the indexes of their names, ids and addresses. Lines of one id are
    one entry: the first one's, with the names of all and what it lacks from the others.

    Where two entries claim one name, the stronger `Claim` wins, then the entry read first;
    models and everything else are apart, so that Alpaca the data set and Alpaca the model
    can both be known. `contested` lists the names that two entries of one family claim
    equally.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: tuple[Entry, ...] = _united(entries)
        self.by_id: dict[str, Entry] = {}
        self.contested: set[str] = set()
        self._by_key: dict[str, list[tuple[Claim, Entry]]] = {}
        self._words: dict[str, list[tuple[Claim, Entry]]] = {}
        self._words_by_key: dict[str, list[tuple[Claim, Entry]]] = {}
        self._hub_ids: dict[str, Entry] = {}
        self._former_ids: dict[str, Entry] = {}
        self._copies: set[str] = set()
        self._tails: dict[str, list[Entry]] = {}
        self._urls: dict[str, Entry | None] = {}
        for entry in self.entries:
            self.by_id.setdefault(entry.id.casefold(), entry)
            self._enter(entry)
        indexes = (self._by_key, self._words, self._words_by_key)
        for claims in (claims for index in indexes for claims in index.values()):
            # of equal claims a website's comes first: it must not turn into a repository
            claims.sort(key=lambda claim: (claim[0], claim[1].kind is not NodeKind.SOURCE))
        self.orgs = frozenset(
            entry.id.partition("/")[0].casefold() for entry in self.entries if "/" in entry.id
        )

    def _enter(self, entry: Entry) -> None:
        words = {name_key(word) for word in entry.word_aliases}
        claims = [(Claim.NAME, entry.name), (Claim.NAME, entry.id)]
        aliases = [alias for alias in entry.aliases if not _is_other_repository(entry, alias)]
        claims += [(Claim.ALIAS, alias) for alias in aliases]
        if "/" in entry.id:
            tail = entry.id.rpartition("/")[2]
            if not all_generic(tail.replace("_", " ")):
                claims.append((Claim.LAST_PART, tail))
            self._tails.setdefault(_id_key(entry.family, tail), []).append(entry)
        for claim, name in claims:
            key = name_key(name)
            if key and key not in words and not _all_but_said(name):
                self._claim(self._by_key.setdefault(key, []), claim, entry, key)
        for word in entry.word_aliases:
            key = name_key(word)
            self._claim(self._words.setdefault(word, []), Claim.WORD, entry, key)
            self._claim(self._words_by_key.setdefault(key, []), Claim.WORD, entry, key)
        self._hub_ids.setdefault(_id_key(entry.family, entry.id), entry)
        hosted = entry.kind is not NodeKind.SOURCE  # a website has no former id on the Hub
        for name in (*aliases, *entry.word_aliases) if hosted else ():
            if "/" in name and "/" not in entry.id and _ends_in_name(entry, name):
                self._copies.add(name.casefold())
            else:
                self._former_ids.setdefault(_id_key(entry.family, name), entry)
        if entry.url:
            address = url_key(entry.url)
            # a page that several entries share tells none of them
            self._urls[address] = None if address in self._urls else entry

    def _claim(
        self, claims: list[tuple[Claim, Entry]], claim: Claim, entry: Entry, key: str
    ) -> None:
        if any(known is entry for _, known in claims):
            return
        if any(strength is claim and known.family == entry.family for strength, known in claims):
            self.contested.add(key)
        claims.append((claim, entry))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def exact(
        self, written: str, *, words: bool = False, kinds: Collection[NodeKind] | None = None
    ) -> Entry | None:
        """The entry that this spelling names, or None. Names that are ordinary words count
        only with `words=True`, and only in their own case or one that no word has (webGPT).
        With `kinds`, only entries of those kinds; without, a model only where nothing else
        has the name.
        """
        return next((entry for _, entry in self.claims(written, words=words, kinds=kinds)), None)

    def claims(
        self, written: str, *, words: bool = False, kinds: Collection[NodeKind] | None = None
    ) -> list[tuple[Claim, Entry]]:
        """Every entry that may be meant, the strongest claim first; see `exact`."""
        key = name_key(written)
        found = self._by_key.get(key, ())
        if words:
            as_word = self._words.get(written.strip())
            if as_word is None and _ODD_CASE.search(written):
                as_word = self._words_by_key.get(key)
            found = [*(as_word or ()), *found]
        if kinds is not None:
            return [claim for claim in found if claim[1].kind in kinds]
        return sorted(found, key=lambda claim: claim[1].kind is NodeKind.MODEL)

    def by_hub_id(self, name: str, *, model: bool = False) -> Entry | None:
        """The entry whose Hub id this is, today's or a former one, or None.

        A bare name (`squad`) is an id of the time before organisations: it means the entry
        that has it whole, else the one whose id ends in it or that lists it, where those are
        one. An `org/name` never matches by its last part alone: it may be somebody's copy.
        """
        key = _id_key("model" if model else "data", name)
        entry = self._hub_ids.get(key)
        if entry is not None and entry.kind is not NodeKind.SOURCE:
            return entry
        former = self._former_ids.get(key)
        if "/" in name:
            return former
        meant = [*self._tails.get(key, ()), *([former] if former else ())]
        if not meant and name_key(name) not in self.contested:
            kinds = _MODELS if model else _HOSTED
            meant = [entry for _, entry in self.claims(name, kinds=kinds)][:1]
        own = [entry for entry in meant if name_key(entry.name) == name_key(name)]
        distinct = {entry.id for entry in own or meant}
        return (own or meant)[0] if len(distinct) == 1 else None

    def by_entry_id(self, entry_id: str, *, model: bool = False) -> Entry | None:
        """The entry that has exactly this id, its case aside, or None."""
        return self._hub_ids.get(_id_key("model" if model else "data", entry_id))

    def is_copy(self, hub_id: str) -> bool:
        """Whether this Hub id is listed for an entry that itself has none: one of several
        places where its rows can be had, which stays the place that a document names.
        """
        return hub_id.casefold() in self._copies

    def by_url(self, address: str) -> Entry | None:
        """The one entry whose page this is, or None; deeper pages do not count."""
        return self._urls.get(url_key(address))

    def among(self, datasets: Iterable[DatasetId]) -> Registry:
        """This registry with an entry for each dataset of one run that it lacks, known by
        the last part of its id, so that the cards of a collection can name each other.

        A last part that the registry knows already, that two of the datasets share, or that
        is shorter than four letters gives no entry; one that is a single plain word counts
        only as written, beside the word dataset or a link.
        """
        known: dict[str, list[DatasetId]] = {}
        for dataset in datasets:
            short = dataset.short_name
            taken = self.by_hub_id(dataset.name) or self.exact(short, words=True)
            if dataset.hub == "hf" and "/" in dataset.name and not taken:
                known.setdefault(name_key(short), []).append(dataset.base)
        alone = [ids[0] for key, ids in known.items() if len(key) > 3 and len({*ids}) == 1]
        entries = [
            Entry(
                id=one.name,
                name=one.name,
                kind=NodeKind.DATASET,
                aliases=() if one.short_name.isalpha() else (one.short_name,),
                word_aliases=(one.short_name,) if one.short_name.isalpha() else (),
            )
            for one in alone
        ]
        return Registry((*self.entries, *entries)) if entries else self

    def spellings(self) -> Iterator[tuple[str, Entry]]:
        """Every plain name with the entry it means: what a finder of mentions looks for."""
        for entry in self.entries:
            for name in entry.plain_names:
                if self.exact(name) is entry:
                    yield name, entry

    def word_spellings(self) -> Iterator[tuple[str, Entry]]:
        """Every name that is also an ordinary word, with its entry."""
        for word, claims in self._words.items():
            yield word, claims[0][1]


def url_key(address: str) -> str:
    """An address without scheme, `www.`, query, fragment and last slash, case-folded."""
    bare = re.sub(r"^[a-z]+://", "", address.strip(), flags=re.IGNORECASE)
    return re.sub(r"^www\.", "", re.split(r"[?#]", bare)[0].rstrip("/").casefold())


def _united(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    by_id: dict[str, Entry] = {}
    for entry in entries:
        key = _id_key(entry.family, entry.id)
        first = by_id.setdefault(key, entry)
        if first is entry:
            continue
        lacking = {
            field: value
            for field in Entry.model_fields
            if not getattr(first, field) and (value := getattr(entry, field))
        }
        words = dict.fromkeys((*first.word_aliases, *entry.word_aliases))
        # a spelling that one author holds for an ordinary word is one
        names = dict.fromkeys((*first.aliases, entry.name, *entry.aliases))
        names.pop(first.name, None)
        lacking["word_aliases"], lacking["aliases"] = tuple(words), tuple(names)
        by_id[key] = first.model_copy(update=lacking)
    return tuple(by_id.values())


def _all_but_said(name: str) -> bool:
    """Whether only the word `dataset` keeps it from being an ordinary word (math_dataset)."""
    words = name.rpartition("/")[2].casefold().replace("_", " ").replace("-", " ")
    return _GENERIC.search(words) is not None and all_generic(_GENERIC.sub(" ", words))


def _is_other_repository(entry: Entry, alias: str) -> bool:
    """Whether an alias is a Hub id whose last part is no name of the entry: a repository
    made from it (`lab/TACO-verified`), not the same under a former or second address.
    """
    marked = alias == alias.lower() or _MARK.search(alias)
    return bool(_ID.fullmatch(alias) and marked and not _ends_in_name(entry, alias))


def _ends_in_name(entry: Entry, alias: str) -> bool:
    tail = alias.rpartition("/")[2]
    names = (entry.name, entry.id, entry.id.rpartition("/")[2], *entry.word_aliases)
    plain = (name for name in entry.aliases if "/" not in name)
    return name_key(tail) in {name_key(name) for name in (*names, *plain)}


def _id_key(family: str, name: str) -> str:
    """The Hub finds an id in any case, but `lab/my_set` and `lab/my-set` are two repositories."""
    return f"{family}:{name.casefold()}"


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
