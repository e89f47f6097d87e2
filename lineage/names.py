"""Written name -> registry entry, by rule, or nothing. Never a guess.

A name is compared whole first. Then what only surrounds it is taken off: articles before
it, head nouns, splits, citations and file endings after it. What is left must be a known
name exactly; only long names may differ by a slip of the pen, and never in a number, a
language or a qualifier. So `GSM8K train set` is the train split of GSM8K, `CodeContest` is
CodeContests, and `Alpaca-Chinese` is nothing that we know.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, Levenshtein

from lineage.errors import InvalidName
from lineage.identity import DatasetId
from lineage.model import NodeKind
from lineage.registry import Claim, Entry, Registry, default_registry, name_key, name_words, url_key
from lineage.words import GENERIC, HEAD_NOUNS, LANGUAGES, LEADING, QUALIFIERS, SPLITS, all_generic

MAX_NAME: Final = 200
"""Longest written name that is looked at, in characters; longer ones are sentences."""

_MODEL: Final = frozenset({NodeKind.MODEL})
_SOURCE: Final = frozenset({NodeKind.SOURCE})
_HOSTED: Final = frozenset({NodeKind.DATASET, NodeKind.BENCHMARK})
_DATA: Final = _HOSTED | _SOURCE

_SPLIT_WORD: Final = "|".join(SPLITS)
_PIECE: Final = "|".join(sorted(HEAD_NOUNS, key=len, reverse=True))
_EXTENSION = re.compile(
    r"\.(?:jsonl?|parquet|csv|tsv|txt|zip|tgz|tar|gz|zst|arrow|md)$", re.IGNORECASE
)
_CITATION = re.compile(
    r"\s*(?:\[[\d,;\s–-]+\]|\[\^\w+\]"
    r"|[(\[](?:[^()\[\]]*\bet al\b[^()\[\]]*|[A-Z][\w&\s-]+,?\s(?:19|20)\d\d[a-z]?)[)\]])$"
)
_PARENTHESIS = re.compile(
    r"^(?P<outer>.+?)\s*[(\[](?P<inner>[^()\[\]]+)[)\]]\s*(?P<tail>[\w\s-]*)$"
)
_SPLIT_LAST = re.compile(
    rf"^(?P<name>.+?)(?:[\s_:/,-]+|'s\s+)(?P<split>{_SPLIT_WORD})(?:[\s_-]+(?:{_PIECE}))?$",
    re.IGNORECASE,
)
_SPLIT_FIRST = re.compile(
    rf"^(?:the\s+)?(?P<split>{_SPLIT_WORD})(?:[\s-]+(?:{_PIECE}))?\s+(?:of|from|in)\s+(?P<name>.+)$",
    re.IGNORECASE,
)
_PIECE_OF = re.compile(
    rf"^(?:(?:an?|the|some|all|[\d.,]+\s?[kKmM]?)\s+)?(?:(?P<config>[\w.-]+)\s+)?"
    rf"(?:{_PIECE})\s+(?:of|from|in)\s+(?P<name>.+)$"
)
_OWNER = re.compile(r"^[A-Z][\w.&-]*(?:\s[A-Z][\w.&-]*)?['’]s\s+(?P<name>.+)$")
_WORD_CONTEXT = re.compile(
    rf"\b(?:data ?sets?|corpus|benchmark|subset of|{_SPLIT_WORD})\b", re.IGNORECASE
)
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:\.\d+)*|[^\W\dA-Za-z_]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)*[kmb]?(?![a-z])|\d+(?:\.\d+)*")
_COUNT = re.compile(r"[~≈]?[\d.,]+\s?[kKmM]?(?:\s\w+)?")
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?(?!\d)")
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
class Candidate:
    """A known name near a written one, for "did you mean": never a resolution."""

    name: str
    entry: Entry
    score: float


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

    def near(
        self, written: str, *, limit: int = 3, kind: NodeKind | None = None
    ) -> tuple[Candidate, ...]:
        """Known names like this one, the nearest first, one an entry; for "did you mean"."""
        key = name_key(written[:MAX_NAME])
        best: dict[str, Candidate] = {}
        for spelling in self._like(key, most=200):
            if not _allowed(spelling.entry, kind):
                continue
            score = fuzz.WRatio(key, spelling.key) / 100
            known = best.get(spelling.entry.id)
            if score >= 0.6 and (known is None or score > known.score):
                best[spelling.entry.id] = Candidate(spelling.name, spelling.entry, round(score, 3))
        ranked = sorted(best.values(), key=lambda near: (-near.score, near.entry.id))
        return tuple(ranked[:limit])

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
        text = _tidy(written)
        if not name_key(text):
            return None
        if _HUB_SHAPE.match(text) and (entry := self.registry.by_hub_id(text)) is not None:
            return Match(entry, How.EXACT) if _allowed(entry, kind) else None
        words = words or _WORD_CONTEXT.search(text) is not None
        for form in _forms(text):
            if (found := self._exact(form.name, kind, words)) is not None:
                return _narrowed(found, form)
        if _HUB_SHAPE.match(text) or is_generic(text):
            return None
        for form in _forms(text):
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
        words = _words(name)
        guard = _guard(name)
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
    return all_generic(_tidy(written))


def unresolved(written: str, *, model: bool = False) -> DatasetId:
    """The id of a name that no rule resolves: its key, so that spellings of it meet.

    An `org/name` with the marks of a Hub id stays that id. InvalidName where no letter or
    digit is left.

    >>> unresolved("AIME (up to 2023)") == unresolved("the AIME (up to 2023) dataset")
    True
    """
    text = _tidy(written)
    key = name_key(text)
    if not key or len(text) > MAX_NAME:
        raise InvalidName(f"not a name: {written[:80]!r}; a name has letters or digits")
    return DatasetId(hub="model" if model else "name", name=key)


def is_hub_shaped(written: str, registry: Registry) -> bool:
    """Whether a written `org/name` is a Hub id rather than two names side by side: its
    organisation is known, or it is no known name (GSM8K/MATH) and the whole has a mark of
    an id.
    """
    text = _tidy(written)
    if not _HUB_SHAPE.match(text) or is_generic(text):
        return False
    org, _, name = text.partition("/")
    if org.casefold() in registry.orgs:
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
    child, parent = (_DATE.match(date or "") for date in (child_date, parent_date))
    if child is None or parent is None:
        return False
    grain = min(len(child[0]), len(parent[0]))
    return parent[0][:grain] > child[0][:grain]


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


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    config: str | None = None
    split: str | None = None


def _forms(text: str) -> Iterator[_Form]:
    """Ever barer forms of a written name, each with the narrowing it shed."""
    seen: set[str] = set()
    queue = [_Form(text)]
    while queue and len(seen) < 24:
        form = queue.pop(0)
        if not form.name or form.name in seen or not name_key(form.name):
            continue
        seen.add(form.name)
        yield form
        queue.extend(_barer(form))


def _barer(form: _Form) -> Iterator[_Form]:
    text = form.name
    for pattern in (_CITATION, _EXTENSION):
        if (bare := pattern.sub("", text)) != text:
            yield replace(form, name=bare.strip())
    if match := _PARENTHESIS.match(text):
        yield from _without_parenthesis(form, match)
        return
    for pattern in (_SPLIT_LAST, _SPLIT_FIRST):
        if (match := pattern.match(text)) and form.split is None:
            yield replace(form, name=match["name"], split=SPLITS[match["split"].casefold()])
    if match := _PIECE_OF.match(text):
        yield replace(form, name=match["name"], config=form.config or _as_config(match["config"]))
    if match := _OWNER.match(text):
        yield replace(form, name=match["name"])
    first, _, rest = text.partition(" ")
    if rest and first.casefold() in LEADING:
        yield replace(form, name=rest.strip())
    last = re.match(r"^(.+?)[\s_]+([^\W_]+)$", text) or re.match(r"^(.+?)-([^\W_]+)$", text)
    if last and last[2].casefold() in HEAD_NOUNS and not is_generic(last[1]):
        # "Alpaca data" and alpaca_data are Alpaca; "-data" alone may be part of a name
        yield replace(form, name=last[1])


def _without_parenthesis(form: _Form, match: re.Match[str]) -> Iterator[_Form]:
    """The name before a parenthesis; what stands in it may not be lost where it narrows."""
    inner, outer = match["inner"].strip(), f"{match['outer']} {match['tail']}".strip()
    bare = re.sub(rf"[\s-]+(?:{_PIECE})$", "", inner, flags=re.IGNORECASE).casefold()
    if bare in SPLITS:
        yield replace(form, name=outer, split=SPLITS[bare])
    elif _abbreviates(inner, match["outer"]) or _abbreviates(match["outer"], inner):
        yield replace(form, name=outer)
        yield replace(form, name=inner)
    elif bare in HEAD_NOUNS or _COUNT.fullmatch(inner):
        yield replace(form, name=outer)
    elif not any(_guard(inner)):
        if is_generic(inner):
            yield replace(form, name=outer)
        elif " " not in inner:
            yield replace(form, name=outer, config=form.config or inner)


def _abbreviates(short: str, long: str) -> bool:
    """Whether `short` can stand for `long`: its letters occur there in order, from the
    first letter of a word on (SQuAD, Stanford QUestion Answering Dataset).
    """
    letters, text = name_key(short), long.casefold()
    if not 2 <= len(letters) <= 10 or " " in short or len(letters) >= len(text):
        return False
    for start in (m.start() for m in re.finditer(rf"\b{re.escape(letters[0])}", text)):
        rest = iter(text[start:])
        if all(letter in rest for letter in letters) and len(text) > len(letters) + 3:
            return True
    return False


def _as_config(written: str | None) -> str | None:
    """A config that was named (`MNLI subset of GLUE`); None for a mere adjective."""
    return written if written and (written[0].isupper() or "_" in written) else None


def _narrowed(found: Match, form: _Form) -> Match:
    split = form.split
    if split == "dev" and split not in found.entry.splits and "validation" in found.entry.splits:
        split = "validation"
    return replace(found, config=form.config, split=split)


def _tidy(written: str) -> str:
    text = unicodedata.normalize("NFKC", written)
    text = re.sub(r"[`*\"“”«»<>|]|\s+", " ", text).strip(" \t.,;:!?'’‘~_-–—/\\#")
    return re.sub(r"\s+", " ", text)


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
    return _Spelling(name, name_key(name), entry, _words(name), _guard(name))


def _words(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", name).replace("+", " plus ")
    words = (word.casefold() for word in _TOKEN.findall(text))
    return tuple(w for w in words if w not in ("the", "dataset", "datasets", "corpus", "corpora"))


def _guard(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """What must agree on both sides: numbers (in any order), languages and qualifiers."""
    folded = re.sub(r"(?<=\d),(?=\d{3})", "", name.casefold())
    numbers = tuple(sorted(_NUMBER.findall(folded)))
    words = set(_words(name)) | {w.casefold() for w in re.findall(r"[^\W\d_]+", name)}
    return numbers, frozenset(words & (QUALIFIERS | LANGUAGES))


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
