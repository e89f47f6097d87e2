"""Finds written names of datasets, sites and models in a page, each with its exact span."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from agents.reading.blocks import Kind, Page
from agents.reading.gazetteer import FOREIGN, Gazetteer, is_whole
from agents.reading.links import from_links, hub_id
from agents.reading.mention import Found, Mention, Sure
from agents.reading.words import (
    COMMON,
    DATA_NOUN,
    GENERIC,
    LANGUAGES,
    MAKERS,
    MODEL,
    NEVER,
    NOT_DATA,
    PATH_HEADS,
    PLATFORM,
    TOOL,
    looks_like_name,
    trimmed,
    version_end,
)
from lineage.model import NodeKind
from lineage.registry import Entry

_LOAD = re.compile(r"load_dataset\(\s*(?:path\s*=\s*)?[\"']([\w.-]{1,96}(?:/[\w.-]{1,96})?)[\"']")

_ORG_NAME = re.compile(
    r"(?<![\w/.@:~-])([A-Za-z0-9][\w.-]{1,60})/([A-Za-z0-9][\w.-]{1,90})(?![\w/]|\.\w)"
)

_GOVERNS = re.compile(
    r"\b(?:translat\w+|subset|sub-?sample|sample|version|copy|split|fork|mirror|conversion|slice|"
    r"portion|port|derived|based|filtered|cleaned|built|distilled|extracted|taken|sampled|merge|"
    r"combination|mix(?:ture)?|extension|data ?sets?|adapted|generated)\s+(?:up)?"
    r"(?:of|from|on|with|in|to)?\s*(?:the\s+)?(?:data ?set\s+)?[\"'`(]*$",
    re.IGNORECASE,
)

_HOSTS_OF_FILES = re.compile(
    r"\b(?:Google\s?Drive|GDrive|Dropbox|OneDrive|Baidu\s?(?:Pan|Net\s?disk|Yun|Cloud|Drive)|"
    r"Zenodo|Figshare|Mega\.nz|Amazon S3|AWS S3|Google Cloud Storage|Internet Download)\b"
    r"|百度(?:网盘|云盘?)|阿里云盘|\bCC-MAIN-20\d\d(?:-\d\d)?\b",
    re.IGNORECASE,
)
"""Where files lie, and labels of single crawls of Common Crawl: no names of data."""

_WORD = r"(?:[A-Z0-9](?:[\w+'’&/-]|\.(?=\w)){0,40}|\([A-Z][\w-]{1,20}\))"

_LINKING = r"(?:of|for|the|and|in|on|with|by|from|de|la|to)"

_NOUN = (
    r"(?:[Dd]ata ?[Ss]ets?|[Cc]orpus|[Cc]orpora|[Bb]enchmarks?|[Tt]reebanks?|"
    r"[Cc]ollections?|[Dd]atabase|[Cc]hallenge|(?:[Ss]hared )?Task|[Ss]hared task|data|[Dd]ump)"
)

_BEFORE_NOUN = re.compile(
    rf"(?<![\w/.-])({_WORD}(?:\s{{1,2}}(?:{_LINKING}\s{{1,2}}(?={_WORD}))?{_WORD}){{0,6}})"
    rf"(?:\s{{1,3}}[(\[][^()\[\]]{{1,40}}[)\]])?\s{{1,3}}({_NOUN})\b"
)

_AFTER_NOUN = re.compile(
    r"\b(?:data ?sets?|corpus|corpora|benchmarks?)\s{1,3}"
    r"(?:called|named|such as|like|from|of|,|:|is|the|\(|\"|“)?"
    rf"\s{{0,2}}({_WORD}(?:\s{_WORD}){{0,3}})"
)

_SHAPED = re.compile(
    r"(?<![\w/.@-])(?=[\w.+-]{0,30}[A-Z0-9_])(?:[A-Z][\w+]*(?:[-.][\w+]+)*|[a-z]+[A-Z0-9_][\w+-]*)"
    r"(?:\s[A-Z0-9][\w+.-]*){0,4}"
)

_CITED = re.compile(
    r"\s+(?:et\s+al|and\s+[A-Z]\w+,?\s+\(?\d{4}|&\s+[A-Z]\w+)|,?\s+\(?(?:19|20)\d{2}[a-z]?\)"
)

_SITE = re.compile(
    r"(?<![\w/.@-])((?:[a-z0-9-]{2,40}\.){1,3}(?:com|org|net|edu|gov|io|ai|cn|de|fr|uk|ca|info))\b"
    r"(?![/\w])",
    re.IGNORECASE,
)


def mentions_in(page: Page, gazetteer: Gazetteer) -> list[Mention]:
    """Every mention in the page in order, none overlapping; the surer one wins a place."""
    found = Found(page)
    for match in _HOSTS_OF_FILES.finditer(page.plain):
        found.block(*match.span())
    from_links(page, gazetteer, found)
    _from_code(page, gazetteer, found)
    prose = [(block.start, block.end) for block in page.blocks if block.kind is not Kind.CODE]
    for start, end in prose:
        for match in _ORG_NAME.finditer(page.plain, start, end):
            _from_id(match, page, gazetteer, found)
    if local := _local_names(found):
        for start, end in prose:
            _from_local_names(page, start, end, local, found)
    marked = {link.start for link in page.links} | {start for start, _ in page.code}
    for start, end in prose:
        _from_words(page, start, end, gazetteer, marked, found)
    return found.sorted()


def _from_words(
    page: Page, start: int, end: int, gazetteer: Gazetteer, marked: set[int], found: Found
) -> None:
    """Known names, named nouns, models and sites of one block, the longer name first."""
    known = list(_from_gazetteer(page, start, end, gazetteer, marked))
    named = list(_from_nouns(page, start, end))
    for mention in named:
        inside = [k for k in known if k.start < mention.end and mention.start < k.end]
        if inside and _is_other(mention, inside):
            found.add(mention)
    for mention in _compounds(page, known):
        found.add(mention)
    for match in MODEL.finditer(page.plain, start, end):
        found.add(Mention(*match.span(), match[0], Sure.KNOWN, NodeKind.MODEL))
    for mention in named:
        found.add(mention)
    for match in _SITE.finditer(page.plain, start, end):
        found.add(Mention(*match.span(1), match[1], Sure.NAMED, NodeKind.SOURCE))


_LOCAL_TOKEN = re.compile(r"(?<![\w/@-])[A-Za-z0-9][\w.-]{3,80}(?![\w/])")


def _from_local_names(
    page: Page, start: int, end: int, local: dict[str, Mention], found: Found
) -> None:
    for match in _LOCAL_TOKEN.finditer(page.plain, start, end):
        name = match[0].rstrip(".")
        if (known := local.get(name)) is not None:
            at = match.start()
            found.add(replace(known, start=at, end=at + len(name)))


def _local_names(found: Found) -> dict[str, Mention]:
    """Names that links of this document give to Hub datasets, to know them elsewhere in it."""
    names: dict[str, Mention] = {}
    for mention in found.mentions:
        if mention.id is None or mention.id.hub != "hf":
            continue
        for name in (mention.name, mention.id.short_name):
            if looks_like_name(name) and _LOCAL_TOKEN.fullmatch(name):
                names.setdefault(
                    name,
                    Mention(
                        0,
                        len(name),
                        name,
                        Sure.GIVEN,
                        mention.kind,
                        mention.entry,
                        mention.id,
                        True,
                    ),
                )
    return names


def shapes_in(plain: str, start: int, end: int) -> Iterator[Mention]:
    """Words shaped like a name (CamelCase, digits, capitals) in `plain[start:end]`."""
    for match in _SHAPED.finditer(plain, start, end):
        if _CITED.match(plain, match.end()) or _HOSTS_OF_FILES.match(plain, match.start()):
            continue
        left, right = trimmed(match[0])
        name = match[0][left:right]
        if name and looks_like_name(name):
            begin = match.start() + left
            stop = version_end(plain, begin + len(name))
            yield Mention(begin, stop, plain[begin:stop], Sure.SHAPE)


def _from_code(page: Page, gazetteer: Gazetteer, found: Found) -> None:
    """`load_dataset("org/name")`, in fences and in code font."""
    for match in _LOAD.finditer(page.text):
        name = match[1]
        if "/" not in name and gazetteer.registry.exact(name) is None:
            continue
        entry = gazetteer.registry.exact(name)
        found.add(
            Mention(
                *match.span(1),
                name,
                Sure.GIVEN,
                entry.kind if entry else None,
                entry,
                hub_id(name) if "/" in name else None,
                True,
            )
        )


def _from_id(match: re.Match[str], page: Page, gazetteer: Gazetteer, found: Found) -> None:
    """`org/name` in the running text, where both halves look like parts of an id."""
    name, org, repo = match[0].rstrip("."), match[1], match[2]
    entry = gazetteer.registry.by_id.get(name.casefold())
    in_code = page.in_code(match.start(), match.end())
    odd = re.search(r"[\d_]|[a-z][A-Z]|-", repo) is not None
    governed = _GOVERNS.search(page.plain, max(0, match.start() - 90), match.start()) is not None
    alone = page.is_bold(match.start()) and not _is_common(org) and not NEVER.search(repo)
    if entry is None:
        if NOT_DATA.search(name) or org.casefold() in PATH_HEADS:
            return
        if governed and not odd and (_is_common(org) or not name.islower()):
            return
        if not odd and not governed and not alone:
            return
        if (
            not in_code
            and not alone
            and not governed
            and (
                org[0].isupper() == repo[0].isupper()
                and not re.search(r"\d|[a-z][A-Z]|-", org)
                and len(re.findall(r"[-_]|\d+", repo)) < 2
            )
        ):
            return
        if re.fullmatch(r"[\d.]+", org) or re.fullmatch(r"[\d.]+\w?", repo):
            return
        if in_code and not re.search(r"[\dA-Z-]", name):
            return
        if re.search(r"\.[a-z]{2,7}$", repo):
            return  # a file
    identifier = hub_id(name)
    model = entry is None and (MODEL.match(repo) or MODEL.match(name)) is not None
    found.add(
        Mention(
            match.start(),
            match.start() + len(name),
            name,
            Sure.GIVEN,
            NodeKind.MODEL if model else entry.kind if entry else None,
            entry,
            hub_id(name, "model") if model else identifier,
            True,
        )
    )


def _is_common(org: str) -> bool:
    """Whether `org/...` may be two words for one thing: `train/test`, `questions/answers`."""
    word = org.casefold()
    known = word in COMMON or word.rstrip("s") in COMMON
    return known or len(word) < 3 or NEVER.search(word) is not None


def _from_gazetteer(
    page: Page, start: int, end: int, gazetteer: Gazetteer, marked: set[int]
) -> Iterator[Mention]:
    plain = page.plain
    if gazetteer.foreign and FOREIGN.search(plain, start, end):
        for match in gazetteer.foreign_pattern.finditer(plain, start, end):
            entry = gazetteer.foreign[match[0]]
            yield Mention(*match.span(), match[0], Sure.KNOWN, entry.kind, entry)
    for left, right, entry, is_word in gazetteer.find(plain, start, end):
        if not is_whole(plain, left, right) or PLATFORM.search(entry.id):
            continue
        name = page.text[left:right]
        if NEVER.search(name):
            continue
        set_apart = left in marked
        sure = Sure.KNOWN
        if is_word and not set_apart:
            near = plain[right : right + 14].lstrip().casefold()
            if name.islower():
                continue
            if not DATA_NOUN.match(near):
                if name not in gazetteer.word_forms:
                    continue
                sure = Sure.SHAPE
        stop = _with_version(plain, right, entry)
        if stop == right:
            yield Mention(left, right, name, sure, entry.kind, entry, None, set_apart)
            continue
        name = page.text[left:stop]
        longer = gazetteer.registry.exact(name)
        yield Mention(
            left,
            stop,
            name,
            min(sure, Sure.KNOWN if longer else Sure.NAMED),
            entry.kind,
            longer,
            None,
            set_apart,
        )


def _is_other(mention: Mention, inside: list[Mention]) -> bool:
    """Whether a name in capitals is another thing than the known names inside it: it has
    telling words of its own, and is no enumeration.
    """
    if re.search(r",|\band\b|\bor\b|/", mention.name) or len(inside) > 1:
        return False
    (known,) = inside
    if known.start < mention.start or known.end > mention.end:
        return False
    outside = (
        mention.name[: known.start - mention.start]
        + " "
        + mention.name[known.end - mention.start :]
    )
    outside = re.sub(r"\([^()]*\)", " ", outside)
    words = [w.strip("().,'’").removesuffix("'s").removesuffix("’s") for w in outside.split()]
    telling = [
        w
        for w in words
        if w
        and (
            w.casefold() not in GENERIC | MAKERS
            or (w.casefold() in LANGUAGES and known.kind is not NodeKind.SOURCE)
        )
    ]
    more = [w for w in words if w[:1].isupper() and len(w) > 1]
    if len(more) >= 3 and known.kind is not NodeKind.SOURCE:
        telling = more  # `WMT 2020 News Translation Task`
    return any(w[:1].isupper() and len(w) > 1 for w in telling) and not re.search(
        r"(?:^|\s)(?:of|for|the|in|on|with|by|from|to)(?:\s|$)", outside
    )


def _compounds(page: Page, known: list[Mention]) -> Iterator[Mention]:
    """`Tulu3 MATH`: two known names side by side are one name, of something else."""
    for first, second in pairwise(known):
        if (
            second.start - first.end == 1
            and page.plain[first.end] == " "
            and not first.marked
            and not second.marked
            and NodeKind.MODEL not in (first.kind, second.kind)
        ):
            yield Mention(first.start, second.end, page.text[first.start : second.end], Sure.NAMED)
    yield from known


def _with_version(plain: str, end: int, entry: Entry) -> int:
    """The end of the name with a version behind it that the registry does not know."""
    if entry.kind is NodeKind.SOURCE:
        return end
    return version_end(plain, end)


def _from_nouns(page: Page, start: int, end: int) -> Iterator[Mention]:
    """`Turku NER corpus`, `the dataset PubLayNet`: names by the noun beside them."""
    for match in _BEFORE_NOUN.finditer(page.plain, start, end):
        left, right = trimmed(match[1])
        name = match[1][left:right]
        begin = match.start(1) + left
        telling = [
            w for w in re.split(r"[\s/]+", name) if w.casefold().strip("().,'’") not in GENERIC
        ]
        if all(w.casefold().strip("().,'’") in MAKERS for w in telling) or TOOL.search(name):
            continue
        if not telling or not any(w[:1].isupper() or w[:1].isdigit() for w in telling):
            continue
        if all(re.fullmatch(r"[\d.,%~KMBkmb+-]+", w) for w in telling):
            continue
        noun = match[2].casefold()
        if noun.endswith(("treebank", "task", "database", "challenge")) and match.end(
            1
        ) + 4 > match.start(2):
            name = page.plain[begin : match.end(2)]
        if noun in ("data", "dump", "challenge", "collection", "collections", "database") and not (
            looks_like_name(name)
        ):
            continue
        yield Mention(begin, begin + len(name), page.text[begin : begin + len(name)], Sure.NAMED)
    for match in _AFTER_NOUN.finditer(page.plain, start, end):
        left, right = trimmed(match[1])
        name = match[1][left:right]
        if name and looks_like_name(name):
            begin = match.start(1) + left
            yield Mention(
                begin, begin + len(name), page.text[begin : begin + len(name)], Sure.NAMED
            )
