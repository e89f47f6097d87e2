"""Written name -> registry entry, by rule, or nothing. Never a guess.

A name is compared whole first. Then what only surrounds it is taken off: articles before
it, head nouns, splits, citations and file endings after it. What is left must be a known
name exactly; only long names may differ by a slip of the pen, and never in a number, a
language or a qualifier. So `GSM8K train set` is the train split of GSM8K, `CodeContest` is
CodeContests, and `Alpaca-Chinese` is nothing that we know.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter, ValidationError
from rapidfuzz.distance import OSA, Levenshtein

from lineage.errors import InvalidName
from lineage.forms import Form, forms, guard_of, tidy, words_of
from lineage.identity import DatasetId
from lineage.model import NodeKind, PartialDate
from lineage.registry import Claim, Entry, Registry, default_registry, name_key, name_words, url_key
from lineage.words import GENERIC, SPLITS, all_generic

MAX_NAME: Final = 200
"""Longest written name that is looked at, in characters; longer ones are sentences."""

_MODEL: Final = frozenset({NodeKind.MODEL})
_SOURCE: Final = frozenset({NodeKind.SOURCE})
_HOSTED: Final = frozenset({NodeKind.DATASET, NodeKind.BENCHMARK})
_DATA: Final = _HOSTED | _SOURCE

_WORD_CONTEXT = re.compile(
    rf"\b(?:data ?sets?|corpus|benchmark|subset of|{'|'.join(SPLITS)})\b", re.IGNORECASE
)
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-\d\d)?)?(?!\d)")
_PARTIAL_DATE: Final = TypeAdapter[str](PartialDate)
_SCRIPTS = re.compile(r"[a-z0-9]+|[^a-z0-9]+")  # 用GSM8K数据: a name ends where the script does
_HUB_SHAPE = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")

_MIN_FUZZY: Final = 8  # letters; MedQA and MathQA are two slips apart
_LONG: Final = 12  # from here two slips are allowed
_WORD_FOR_SLIPS: Final = 6  # a slip inside a shorter word makes another word


class How(StrEnum):
    """How a written name met its entry."""

    EXACT = "exact"
    ALIAS = "alias"
    FUZZY = "fuzzy"


@dataclass(frozen=True, slots=True)
class Match:
    """A written name that means `entry`; `score` is 1.0 but for fuzzy ones (0 to 1).

    `config` and `split` are what the written name carried besides the name itself.
    """

    entry: Entry
    how: How
    score: float = 1.0
    config: str | None = None
    split: str | None = None

    @property
    def id(self) -> DatasetId:
        """The entry's id, narrowed as the written name says."""
        return self.entry.dataset_id.narrowed(config=self.config, split=self.split)


@dataclass(frozen=True, slots=True)
class _Spelling:
    name: str
    key: str
    entry: Entry
    words: tuple[str, ...]
    guard: tuple[tuple[str, ...], frozenset[str]]


class Names:
    """The names of one registry, indexed once. Safe to share between threads.

    >>> names = Names(Registry([Entry(id="openai/gsm8k", name="GSM8K", kind="benchmark")]))
    >>> names.match("the GSM8K train set").id
    DatasetId('openai/gsm8k#/train')
    >>> names.match("GSM8K-Chinese") is None
    True
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._spellings = list(dict.fromkeys(_spellings(registry)))
        self._by_words: dict[tuple[str, ...], list[_Spelling]] = defaultdict(list)
        self._by_trigram: dict[str, list[int]] = defaultdict(list)
        for index, spelling in enumerate(self._spellings):
            self._by_words[tuple(sorted(spelling.words))].append(spelling)
            for trigram in _trigrams(spelling.key):
                self._by_trigram[trigram].append(index)
        self._match = lru_cache(maxsize=65_536)(self._match_uncached)

    def match(
        self, written: str, *, kind: NodeKind | None = None, words: bool = False
    ) -> Match | None:
        """The entry that `written` means, or None.

        `kind` is what the name is by its context: a source or a model never meets an entry
        of another kind, nor anything else a model; a data set may be one that the registry
        calls a source (a crawl is called both), by an exact name only. Without `kind`, a
        model is meant only where nothing else has the name. `words` says that the context
        marks it as a name (code font, a link, the word dataset): only then do names count
        that are ordinary words too; a `dataset` or split inside `written` does the same.
        """
        if len(written) > MAX_NAME:
            return None
        return self._match(written, kind, words)

    def canonical(self, dataset: DatasetId) -> DatasetId:
        """The one id of what `dataset` names, narrowing kept: today's Hub id for a former
        or bare one, the registry's id for its address or name. An id that the registry does
        not know stays exactly as it is. Applying it twice changes nothing.

        Every end of every edge, and every seed, goes through here, so that one data set is
        one node.
        """
        entry = self.entry(dataset)
        known = entry.dataset_id if entry is not None else _plain_address(dataset)
        if known == dataset.base:
            return dataset
        return DatasetId(
            hub=known.hub,
            name=known.name,
            revision=dataset.revision,
            config=dataset.config,
            split=dataset.split,
        )

    def entry(self, dataset: DatasetId) -> Entry | None:
        """The registry entry of an id, whatever its narrowing; None where there is none."""
        place = _plain_address(dataset)
        if place.hub in ("hf", "model"):
            return self.registry.by_hub_id(place.name, model=place.hub == "model")
        if place.hub == "github":
            return self.registry.by_url(f"github.com/{place.name}")
        if place.hub == "url":
            return self.registry.by_url(place.name)
        if place.hub == "name":
            known = self.registry.by_entry_id(place.name)
            if known is not None and known.dataset_id.hub == "name":
                return known
            return self.registry.exact(place.name, kinds=_DATA)
        return None

    def _match_uncached(self, written: str, kind: NodeKind | None, words: bool) -> Match | None:
        text = tidy(written)
        if not name_key(text):
            return None
        if _HUB_SHAPE.match(text) and (entry := self.registry.by_hub_id(text)) is not None:
            return Match(entry, How.EXACT) if _allowed(entry, kind) else None
        if is_hub_shaped(text, self.registry):
            return None  # an id that we do not know is that id, not what it looks like
        words = words or _WORD_CONTEXT.search(text) is not None
        for form in forms(text):
            if (found := self._exact(form.name, kind, words)) is not None:
                return _narrowed(found, form)
        if is_generic(text):
            return None
        for form in forms(text):
            if form.config is None and (found := self._fuzzy(form.name, kind)) is not None:
                return _narrowed(found, form)
        return None

    def _exact(self, name: str, kind: NodeKind | None, words: bool) -> Match | None:
        claims = self.registry.claims(name, words=words, kinds=_kinds(kind))
        if not claims:
            return None
        if kind in _HOSTED:  # of equal claims only: a website is no repository of its name
            claims = [c for c in claims if c[0] is claims[0][0]]
            claims.sort(key=lambda c: c[1].kind not in _HOSTED)
        claim, entry = claims[0]
        return Match(entry, How.EXACT if claim is Claim.NAME else How.ALIAS)

    def _fuzzy(self, name: str, kind: NodeKind | None) -> Match | None:
        key = name_key(name)
        if len(key) < _MIN_FUZZY or is_generic(name):
            return None
        words = words_of(name)
        guard = guard_of(name)
        kinds = (
            _HOSTED
            if kind is None
            else (_kinds(kind) or _DATA) - (_SOURCE if kind in _HOSTED else frozenset())
        )
        found: dict[str, tuple[float, Entry]] = {}
        if len(words) > 1 and any(len(w) > 4 and w not in GENERIC for w in words):
            for spelling in self._by_words.get(tuple(sorted(words)), ()):
                if spelling.entry.kind in kinds:
                    found[spelling.entry.id] = (0.95, spelling.entry)
        for spelling in () if found else self._like(key, most=40):
            if spelling.entry.kind not in kinds or spelling.guard != guard:
                continue
            score = _slip(key, words, spelling)
            if score > found.get(spelling.entry.id, (0.0, spelling.entry))[0]:
                found[spelling.entry.id] = (score, spelling.entry)
        ranked = sorted(found.values(), key=lambda pair: -pair[0])
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None  # two entries equally near: neither
        return Match(ranked[0][1], How.FUZZY, score=ranked[0][0])

    def _like(self, key: str, *, most: int) -> Iterator[_Spelling]:
        """The spellings that share most trigrams with `key`, without scanning them all."""
        shared: Counter[int] = Counter()
        for trigram in _trigrams(key):
            shared.update(self._by_trigram.get(trigram, ()))
        for index, _ in sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:most]:
            yield self._spellings[index]


@lru_cache(maxsize=1)
def default_names() -> Names:
    """The names of the registry that ships with the project, indexed once."""
    return Names(default_registry())


def is_generic(written: str) -> bool:
    """Whether every word of it is an ordinary one, so that it names no particular thing.

    >>> is_generic("open access documents"), is_generic("GSM8K problems")
    (True, False)
    """
    return all_generic(tidy(written))


def unresolved(written: str, *, model: bool = False) -> DatasetId:
    """The id of a name that no rule resolves: its key, so that spellings of it meet.

    An `org/name` with the marks of a Hub id stays that id. InvalidName where no letter or
    digit is left.

    >>> unresolved("AIME (up to 2023)") == unresolved("the AIME (up to 2023) dataset")
    True
    """
    text = tidy(written)
    key = name_key(text)
    if not key or len(key) > MAX_NAME:
        raise InvalidName(f"not a name: {written[:80]!r}; a name has letters or digits")
    return DatasetId(hub="model" if model else "name", name=key)


def is_hub_shaped(written: str, registry: Registry) -> bool:
    """Whether a written `org/name` is a Hub id rather than two names side by side: its
    organisation is known, or it is no known name (GSM8K/MATH) and the whole has a mark of
    an id.
    """
    text = tidy(written)
    if not _HUB_SHAPE.match(text) or is_generic(text):
        return False
    org, _, name = text.partition("/")
    if org.casefold() in registry.orgs or registry.is_copy(text):
        return True
    if is_generic(org) or is_generic(name) or registry.exact(org, words=True) is not None:
        return False
    return re.search(r"[\d_-]", text) is not None or text == text.casefold()


def date_conflict(child_date: str | None, parent_date: str | None) -> bool:
    """Whether the parent came out later than the child. Dates are compared at the coarser
    of the two grains; one that is unknown or no date (`YYYY[-MM[-DD]]`) never conflicts.

    >>> date_conflict("2023", "2023-05"), date_conflict("2023-04", "2023-05-02")
    (False, True)
    """
    child, parent = partial_date(child_date), partial_date(parent_date)
    if child is None or parent is None:
        return False
    grain = min(len(child), len(parent))
    return parent[:grain] > child[:grain]


def partial_date(written: str | None) -> str | None:
    """The `YYYY[-MM[-DD]]` that a date or timestamp starts with; None where it does not, or
    where the calendar has no such day.

    >>> partial_date("2023-05-01T12:00:00Z"), partial_date("May 2023"), partial_date("2023-02-30")
    ('2023-05-01', None, None)
    """
    match = _DATE.match(written or "")
    try:
        return str(_PARTIAL_DATE.validate_python(match[0])) if match else None
    except ValidationError:
        return None


def names_in(name: str, text: str) -> bool:
    """Whether `text` holds `name` as whole words, whatever its case and punctuation.

    >>> names_in("HotpotQA", "built on Hotpot_QA"), names_in("Alpaca", "built on CodeAlpaca")
    (True, False)
    """
    key = name_key(name)
    if not key:
        return False
    pieces = [piece for word in name_words(text) for piece in _SCRIPTS.findall(word)]
    starts, position = set(), 0
    for piece in pieces:
        starts.add(position)
        position += len(piece)
    starts.add(position)  # an end is where the next word starts
    squeezed = "".join(pieces)
    at = squeezed.find(key)
    while at >= 0:
        if at in starts and at + len(key) in starts:
            return True
        at = squeezed.find(key, at + 1)
    return False


def _narrowed(found: Match, form: Form) -> Match:
    split = form.split
    if split == "dev" and split not in found.entry.splits and "validation" in found.entry.splits:
        split = "validation"
    return replace(found, config=form.config, split=split)


def _kinds(kind: NodeKind | None) -> frozenset[NodeKind] | None:
    if kind is None:
        return None
    return _MODEL if kind is NodeKind.MODEL else _SOURCE if kind is NodeKind.SOURCE else _DATA


def _allowed(entry: Entry, kind: NodeKind | None) -> bool:
    kinds = _kinds(kind)
    return kinds is None or entry.kind in kinds


def _plain_address(dataset: DatasetId) -> DatasetId:
    """The base id, an address of a known hub turned into that hub's id."""
    if dataset.hub != "url":
        return dataset.base
    address = url_key(dataset.name)
    original = re.sub(r"^(?:[a-z]+://)?(?:www\.)?", "", dataset.name, flags=re.IGNORECASE)
    for host, prefix, hub in _HOSTS:
        if address.startswith(f"{host}/{prefix}"):
            parts = re.split(r"[?#]", original)[0][len(host) + 1 + len(prefix) :].split("/")
            if len(parts) >= 2 and all(parts[:2]):
                name = "/".join(parts[:2]).removesuffix(".git")
                return DatasetId(hub=hub, name=name)
    return dataset.base


_HOSTS: Final = (
    ("huggingface.co", "datasets/", "hf"),
    ("hf.co", "datasets/", "hf"),
    ("github.com", "", "github"),
    ("kaggle.com", "datasets/", "kaggle"),
    ("modelscope.cn", "datasets/", "modelscope"),
)


def _spellings(registry: Registry) -> Iterator[_Spelling]:
    for name, entry in registry.spellings():
        yield _spelling(name, entry)
    for entry in registry:
        if "/" in entry.id:
            tail = entry.id.rpartition("/")[2]
            if registry.exact(tail) is entry:
                yield _spelling(tail, entry)


def _spelling(name: str, entry: Entry) -> _Spelling:
    return _Spelling(name, name_key(name), entry, words_of(name), guard_of(name))


def _trigrams(key: str) -> set[str]:
    return {key[i : i + 3] for i in range(len(key) - 2)}


def _slip(key: str, words: tuple[str, ...], spelling: _Spelling) -> float:
    """How near two keys are if only slips of the pen part them (0 to 1), else 0.0."""
    theirs = spelling.key
    longer, shorter = sorted((key, theirs), key=len, reverse=True)
    if longer == shorter + "s":
        return 0.95
    allowed = 2 if len(shorter) >= _LONG else 1
    if len(shorter) < _MIN_FUZZY or key[:2] != theirs[:2] or key[-1] != theirs[-1]:
        return 0.0
    slips = OSA.distance(key, theirs, score_cutoff=allowed)
    if slips > allowed:
        return 0.0
    for edit in Levenshtein.editops(key, theirs):
        if not (
            _in_long_word(words, edit.src_pos) and _in_long_word(spelling.words, edit.dest_pos)
        ):
            return 0.0
    return round(1.0 - slips / len(longer), 3)


def _in_long_word(words: tuple[str, ...], position: int) -> bool:
    start = 0
    for word in words:
        plain = re.sub(r"[\W_]+", "", word)
        if start <= position < start + len(plain):
            return len(plain) >= _WORD_FOR_SLIPS and plain.isalpha()
        start += len(plain)
    return False
