"""Names that links give: Hub datasets and models, repositories, pages."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from agents.reading.blocks import Link, Page
from agents.reading.gazetteer import Gazetteer, is_whole, joined
from agents.reading.mention import Found, Mention, Sure
from agents.reading.words import DATA_NOUN, GENERIC, MODEL, TOOL, looks_like_name
from lineage.errors import InvalidName
from lineage.identity import DatasetId
from lineage.model import NodeKind
from lineage.registry import Entry, Registry

_HUB_DATASET = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]{1,96}(?:/[\w.-]{1,96})?)",
    re.IGNORECASE,
)

_HUB_MODEL = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]{1,96}/[\w.-]{1,96})/?$",
    re.IGNORECASE,
)

_WORDS_HUB_PAGES: Final = """\
blog docs spaces papers collections datasets models organizations settings tasks posts
"""

_HUB_PAGES: Final = frozenset(_WORDS_HUB_PAGES.split())

_GITHUB = re.compile(
    r"(?:https?://)?(?:www\.)?github\.com/([\w.-]{1,80})/([\w.-]{1,100})(/[^\s?#]*)?", re.IGNORECASE
)

_NOT_A_REPOSITORY = re.compile(r"/(?:issues|pull|releases|wiki)\b|\.py$")
_TAIL = re.compile(r"/([\w-]{4,60})/?$")
_KAGGLE = re.compile(r"kaggle\.com/(?:datasets/)?([\w-]{1,80}/[\w-]{1,100})", re.IGNORECASE)

_MODELSCOPE = re.compile(r"modelscope\.cn/datasets/([\w.-]{1,80}/[\w.-]{1,100})", re.IGNORECASE)

_TFDS = re.compile(r"tensorflow\.org/datasets/catalog/([\w-]{2,80})", re.IGNORECASE)

_PAPER = re.compile(
    r"arxiv\.org|aclanthology|aclweb|doi\.org|openreview|\.pdf$|neurips|springer", re.IGNORECASE
)

_BUTTON = re.compile(
    r"^\W*(?:here|link|hugging\s?face|hf|github|git|data(?:\s?sets?)?|download|page|this|repo(?:sitory)?|"
    r"url|website|homepage|source|the dataset|hub|view|card|preview|available|released|"
    r"paper|arxiv|report|blog|code|example|script|file|project(?: page)?|model|demo|\d+|🤗.*)\W*"
    r"(?:hub|data(?:\s?sets?)?|repo|link|here)?\W*$",
    re.IGNORECASE,
)


def hub_id(name: str, hub: str = "hf") -> DatasetId | None:
    try:
        return DatasetId(hub=hub, name=unquote(name).rstrip("."))
    except (InvalidName, ValueError):
        return None


def from_links(page: Page, gazetteer: Gazetteer, found: Found) -> None:
    """Adds the names that links give; what else stands in an address is no name."""
    hub_links = (_HUB_DATASET.match(link.url) for link in page.links)
    linked = frozenset(match[1].removesuffix("/") for match in hub_links if match)
    for link in page.links:
        text = page.plain[link.start : link.end]
        if link.bare:
            found.block(link.start, link.end) if not _bare(
                page, link, gazetteer, found, linked
            ) else None
            continue
        words = " ".join(text.split())
        given = _as_data(page, link, _target(link.url), gazetteer.registry, linked)
        if _PAPER.search(link.url) and len(words.split()) > 5:
            found.block(link.start, link.end)
            continue
        if given is None:
            if link.url.startswith(("#", "mailto:")):
                found.block(link.start, link.end)
            else:
                _plain_link(page, link, words, gazetteer, found)
            continue
        identifier, kind = given
        if not words or _BUTTON.match(words):
            at = page.text.find(identifier.name, link.end, link.outer_end)
            if at >= 0 and identifier.hub in ("hf", "model"):
                entry = gazetteer.registry.exact(identifier.name) if kind is None else None
                found.add(
                    Mention(
                        at,
                        at + len(identifier.name),
                        identifier.name,
                        Sure.GIVEN,
                        kind or (entry.kind if entry else None),
                        entry,
                        identifier,
                        True,
                        (link.start, link.end),
                        (link.outer_start, link.outer_end),
                    )
                )
            continue
        _linked_words(page, link, identifier, kind, gazetteer, found)


def _plain_link(page: Page, link: Link, words: str, gazetteer: Gazetteer, found: Found) -> None:
    """A link to a paper or page whose text looks like the name of data."""
    if len(words.split()) > 6 or _BUTTON.match(words) or MODEL.match(words):
        return
    if words.startswith("@") or not link.url.startswith("http"):
        return
    if TOOL.search(words) or re.search(r"\b(?:paper|blog|code|et al)\b", words.casefold()):
        return
    if any(
        is_whole(page.plain, a, b)
        for a, b, _, _ in gazetteer.find(page.plain, link.start, link.end)
    ):
        return
    noun = DATA_NOUN.search(words.casefold()) is not None
    telling = [w for w in words.casefold().split() if w.strip("().,'’") not in GENERIC]
    if telling and len(telling[-1]) > 2:
        found.add(
            _spanned(
                page, link.start, link.end, Sure.NAMED if noun else Sure.SHAPE, None, None, None
            )
        )


def _linked_words(
    page: Page,
    link: Link,
    identifier: DatasetId,
    kind: NodeKind | None,
    gazetteer: Gazetteer,
    found: Found,
) -> None:
    """A link whose text is a name: the text is the name, the address gives the id."""
    if kind is NodeKind.MODEL:
        if len(page.plain[link.start : link.end].split()) <= 6:
            name = _spanned(page, link.start, link.end, Sure.GIVEN, kind, None, identifier)
            found.add(_within(link, name))
        return
    if identifier.hub == "url":
        return
    known = [
        place
        for place in gazetteer.find(page.plain, link.start, link.end)
        if is_whole(page.plain, place[0], place[1])
    ]
    if identifier.hub != "github":
        entry = gazetteer.registry.exact(identifier.name)
        start, end = link.start, link.end
        if end - start > 80 and known:
            start, end = known[0][0], known[0][1]
        elif end - start > 120:
            return
        kind = entry.kind if entry else None
        name = _spanned(page, start, end, Sure.GIVEN, kind, entry, identifier)
        found.add(_within(link, name))
        return
    entry = _entry_by_url(gazetteer.registry, f"github.com/{identifier.name}")
    words = page.plain[link.start : link.end]
    if not known and entry is not None and not _is_name_of(words, entry):
        at = page.text.find(identifier.short_name, link.end, link.outer_end)
        if at >= 0:
            found.add(
                Mention(
                    at,
                    at + len(identifier.short_name),
                    identifier.short_name,
                    Sure.KNOWN,
                    entry.kind,
                    entry,
                    identifier,
                    True,
                    (link.start, link.end),
                    (link.outer_start, link.outer_end),
                )
            )
    elif not known and link.end - link.start <= 60:
        beside = page.plain[link.outer_end : link.outer_end + 12].lstrip().casefold()
        said = DATA_NOUN.match(beside) or DATA_NOUN.search(words.casefold())
        sure = Sure.KNOWN if entry else Sure.NAMED if said else Sure.SHAPE
        kind = entry.kind if entry else None
        name = _spanned(page, link.start, link.end, sure, kind, entry, identifier)
        found.add(_within(link, name))


def _is_name_of(words: str, entry: Entry) -> bool:
    """Whether the words themselves can stand for the entry."""
    keys = {joined(name) for name in (entry.name, *entry.aliases, *entry.word_aliases)}
    return joined(words) in keys or words[:1].isupper() or looks_like_name(words)


def _within(link: Link, name: Mention) -> Mention:
    """The mention, with the link whose address gives its id."""
    return replace(name, whole=(link.outer_start, link.outer_end))


def _spanned(
    page: Page,
    start: int,
    end: int,
    sure: Sure,
    kind: NodeKind | None,
    entry: Entry | None,
    identifier: DatasetId | None,
) -> Mention:
    """A marked mention over `start:end`, less outer spaces, brackets and quotes."""
    raw = page.plain[start:end]
    left = len(raw) - len(raw.lstrip(" \n\t([\"'“:*`"))
    if words := re.compile(
        r"(?:the |our |this |original |official |full )+(?=\S)", re.IGNORECASE
    ).match(raw, left):
        left = words.end()
    right = len(raw.rstrip(" \n\t)]\"'”:*`,."))
    if right <= left:
        left, right = 0, len(raw)
    if raw.count("(") > raw[left:right].count("(") and raw[left:right].count("(") < raw[
        left:right
    ].count(")"):
        right = raw.rfind(")", left, right) if ")" in raw[left:right] else right
    elif raw[left:right].count("(") > raw[left:right].count(")"):
        right = min(len(raw), right + 1) if raw[right : right + 1] == ")" else right
    return Mention(
        start + left,
        start + right,
        page.text[start + left : start + right],
        sure,
        kind,
        entry,
        identifier,
        True,
    )


def _as_data(
    page: Page,
    link: Link,
    given: tuple[DatasetId, NodeKind | None] | None,
    registry: Registry,
    linked: frozenset[str],
) -> tuple[DatasetId, NodeKind | None] | None:
    """What a link gives, a model's address read as a dataset's where the author left out
    `datasets/`: the words call it one, the registry knows it, or it is among the `linked`
    datasets of the page.
    """
    if given is None or given[1] is not NodeKind.MODEL:
        return given
    identifier = given[0]
    known = registry.by_id.get(identifier.name.casefold())
    beside = page.plain[link.outer_end : link.outer_end + 12].lstrip().casefold()
    called = DATA_NOUN.match(beside) or DATA_NOUN.search(page.plain[link.start : link.end].lower())
    told = known is not None and known.kind in (NodeKind.DATASET, NodeKind.BENCHMARK)
    if told or (called and known is None) or identifier.name in linked:
        data = hub_id(identifier.name)
        return (data, None) if data else given
    return given


def _target(url: str) -> tuple[DatasetId, NodeKind | None] | None:
    """The id an address gives, and MODEL where it is a model's; None where it gives none."""
    if match := _HUB_DATASET.match(url):
        identifier = hub_id(match[1].removesuffix("/"))
        return (identifier, None) if identifier and match[1] not in _HUB_PAGES else None
    if match := _HUB_MODEL.match(url):
        if match[1].split("/")[0].casefold() in _HUB_PAGES:
            return None
        identifier = hub_id(match[1], "model")
        return (identifier, NodeKind.MODEL) if identifier else None
    if match := _GITHUB.match(url):
        identifier = hub_id(f"{match[1]}/{match[2].removesuffix('.git')}", "github")
        return (identifier, None) if identifier else None
    for pattern, hub in ((_KAGGLE, "kaggle"), (_MODELSCOPE, "modelscope")):
        if match := pattern.search(url):
            identifier = hub_id(match[1], hub)
            return (identifier, None) if identifier else None
    return None


def _bare(
    page: Page, link: Link, gazetteer: Gazetteer, found: Found, linked: frozenset[str]
) -> bool:
    """An address that stands in the text by itself: the part of it that is the name."""
    given = _as_data(page, link, _target(link.url), gazetteer.registry, linked)
    if given is None:
        return _bare_page(page, link, gazetteer, found)
    identifier, kind = given
    github = identifier.hub == "github"
    name = identifier.name.partition("/")[2] if github else identifier.name
    at = page.text.find(name, link.start, link.end)
    if at < 0 or (github and _NOT_A_REPOSITORY.search(link.url)):
        return False
    entry = gazetteer.registry.exact(name) if kind is None else None
    sure = Sure.GIVEN if not github else Sure.KNOWN if entry else Sure.SHAPE
    kind = kind or (entry.kind if entry else None)
    return found.add(Mention(at, at + len(name), name, sure, kind, entry, identifier, True))


def _bare_page(page: Page, link: Link, gazetteer: Gazetteer, found: Found) -> bool:
    """An address of a page that the registry knows, or that ends in a known name."""
    registry = gazetteer.registry
    if match := _TFDS.search(link.url):
        entry = registry.exact(match[1])
        start, end = link.start + match.start(1), link.start + match.end(1)
        kind = entry.kind if entry else None
        return found.add(Mention(start, end, match[1], Sure.NAMED, kind, entry, None, True))
    tail = _TAIL.search(page.plain, link.start, link.end)
    if tail and (entry := registry.exact(tail[1])) is not None:
        return found.add(Mention(*tail.span(1), tail[1], Sure.KNOWN, entry.kind, entry, None, True))
    entry = _entry_by_url(registry, link.url)
    if entry is None or entry.kind is NodeKind.SOURCE:
        return False
    for left, right, named, _ in gazetteer.find(page.plain, link.start, link.end):
        if named is entry and not plain_inside(page.plain, left, right):
            name, given = page.text[left:right], entry.dataset_id
            given_on_hub = given if given.hub == "hf" else None
            return found.add(
                Mention(left, right, name, Sure.KNOWN, entry.kind, entry, given_on_hub, True)
            )
    return False


def plain_inside(plain: str, start: int, end: int) -> bool:
    """Whether letters or digits go on at either side."""
    return plain[start - 1 : start].isalnum() or plain[end : end + 1].isalnum()


@lru_cache(maxsize=4)
def _urls(registry: Registry) -> dict[str, Entry]:
    return {_plain_url(entry.url): entry for entry in registry if entry.url}


def _plain_url(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", url.casefold()).rstrip("/")


def _entry_by_url(registry: Registry, url: str) -> Entry | None:
    return _urls(registry).get(_plain_url(url))
