"""The ever barer forms of a written name, and what must agree before two names can be one.

`the GSM8K dataset (train)` holds `GSM8K dataset (train)`, `the GSM8K dataset` with the
split train, and so on down to `GSM8K`; whether a form names anything is not decided here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from lineage.registry import name_key
from lineage.words import GENERIC, HEAD_NOUNS, LANGUAGES, LEADING, QUALIFIERS, SPLITS, all_generic

_MOST_FORMS: Final = 24  # more than any name that people write has

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
_LAST_WORD = re.compile(r"^(.+?)[\s_]+([^\W_]+)$")
_LAST_PART = re.compile(r"^(.+?)-([^\W_]+)$")
_MERE_NOUNS: Final = frozenset(("dataset", "datasets", "data", "corpus", "set", "benchmark"))
"""What a hyphen may join to a name without making another: COCO-captions is not COCO."""
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:\.\d+)*|[^\W\dA-Za-z_]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)*[kmb]?(?![a-z])|\d+(?:\.\d+)*")
_COUNT = re.compile(r"[~≈]?[\d.,]+\s?[kKmM]?(?:\s\w+)?")


@dataclass(frozen=True, slots=True)
class Form:
    """A part of a written name, and the config and split that the rest of it gave."""

    name: str
    config: str | None = None
    split: str | None = None


def forms(text: str) -> Iterator[Form]:
    """Ever barer forms of a written name, each with the narrowing it shed."""
    seen: set[str] = set()
    queue = [Form(text)]
    while queue and len(seen) < _MOST_FORMS:
        form = queue.pop(0)
        if not form.name or form.name in seen or not name_key(form.name):
            continue
        seen.add(form.name)
        yield form
        queue.extend(_barer(form))


def _barer(form: Form) -> Iterator[Form]:
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
    for pattern, nouns in ((_LAST_WORD, HEAD_NOUNS), (_LAST_PART, _MERE_NOUNS)):
        last = pattern.match(text)
        if last and last[2].casefold() in nouns and last[1].casefold() not in GENERIC:
            yield replace(form, name=last[1])


def _without_parenthesis(form: Form, match: re.Match[str]) -> Iterator[Form]:
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
    elif not any(guard_of(inner)):
        if all_generic(inner):
            yield replace(form, name=outer)
        elif " " not in inner:
            yield replace(form, name=outer, config=form.config or inner)


def _abbreviates(short: str, long: str) -> bool:
    """Whether the capitals of `short` are first letters of words of `long`, in order:
    SQuAD stands for Stanford Question Answering Dataset.
    """
    capitals = [letter.casefold() for letter in short if letter.isupper()]
    firsts = [word[0].casefold() for word in re.findall(r"[^\W_]+", long)]
    if len(capitals) < 2 or " " in short or len(firsts) < 2:
        return False
    rest = iter(firsts)
    return all(letter in rest for letter in capitals)


def _as_config(written: str | None) -> str | None:
    """A config that was named (`MNLI subset of GLUE`); None for a mere adjective."""
    return written if written and (written[0].isupper() or "_" in written) else None


def tidy(written: str) -> str:
    """The name without markup, quotes, control characters and outer punctuation."""
    text = unicodedata.normalize("NFKC", written)
    text = re.sub(r"[`*\"“”«»<>|\x00-\x1f\x7f-\x9f]|\s+", " ", text).strip(" \t.,;:!?'’‘~_-–—/\\#")
    return re.sub(r"\s+", " ", text)


def words_of(name: str) -> tuple[str, ...]:
    """Its words, split at case and digits too, folded: `HotpotQA` is hotpot, qa."""
    text = unicodedata.normalize("NFKC", name).replace("+", " plus ")
    words = (word.casefold() for word in _TOKEN.findall(text))
    return tuple(w for w in words if w not in ("the", "dataset", "datasets", "corpus", "corpora"))


def guard_of(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """What must agree on both sides: numbers (in any order), languages and qualifiers."""
    folded = re.sub(r"(?<=\d),(?=\d{3})", "", name.casefold())
    numbers = tuple(sorted(_NUMBER.findall(folded)))
    words = set(words_of(name)) | {w.casefold() for w in re.findall(r"[^\W\d_]+", name)}
    return numbers, frozenset(words & (QUALIFIERS | LANGUAGES))
