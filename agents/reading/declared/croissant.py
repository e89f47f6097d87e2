"""Croissant JSON-LD -> declared parents and facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agents.reading.declared.card import STATED
from agents.reading.declared.notes import Notes
from lineage.errors import Unreadable
from lineage.model import FactKey, Relation

# Terms by the IRIs that Croissant 1.0 and 1.1 give them (mlcommons.org/croissant/1.1,
# section on provenance: PROV-O on any level; schema.org's isBasedOn is older practice).
_PARENT_TERMS: Final = {
    "http://www.w3.org/ns/prov#wasDerivedFrom": Relation.DERIVATION,
    "http://www.w3.org/ns/prov#hadPrimarySource": Relation.DERIVATION,
    "http://www.w3.org/ns/prov#wasQuotedFrom": Relation.COPY,
    "http://www.w3.org/ns/prov#wasRevisionOf": Relation.REVISION,
    "https://schema.org/isBasedOn": Relation.DERIVATION,
    "https://schema.org/translationOfWork": Relation.TRANSLATION,
}
_FACT_TERMS: Final = {
    "https://schema.org/license": FactKey.LICENCE,
    "https://schema.org/datePublished": FactKey.RELEASED,
    "https://schema.org/dateModified": FactKey.MODIFIED,
    "https://schema.org/name": FactKey.NAME,
    "https://schema.org/inLanguage": FactKey.LANGUAGE,
}
_PREFIXES: Final = {
    "sc": "https://schema.org/",
    "schema": "https://schema.org/",
    "prov": "http://www.w3.org/ns/prov#",
}
_BARE: Final = {
    "wasDerivedFrom": "prov:wasDerivedFrom",
    "hadPrimarySource": "prov:hadPrimarySource",
}
# Every string of valid JSON, one after the other; a key is one that a colon follows.
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:\s*)?', re.DOTALL)
_NAMES: Final = ("@id", "url", "sc:url", "identifier", "name", "sc:name", "prov:label")
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-\d{2})?)?(?!\d)")
_LEVELS: Final = 20
_LONG_QUOTE: Final = 400
_LOCAL: Final = 0.7
"""What an id that is no address is worth: in JSON-LD it may name a part of the file."""


def read_croissant(notes: Notes) -> None:
    """Adds the parents and facts of a Croissant file; Unreadable where it is not JSON."""
    text = notes.document.text
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}", address=notes.document.id) from error
    if not isinstance(parsed, dict):
        raise Unreadable("a Croissant file is one JSON object", address=notes.document.id)
    try:
        _read(notes, text, parsed)
    except RecursionError as error:  # just as deep as the first parse could still go
        raise Unreadable("nested too deep", address=notes.document.id) from error


def _read(notes: Notes, text: str, parsed: dict[str, Any]) -> None:
    vocabulary = _Vocabulary(parsed.get("@context"))
    inner = _ids_inside(parsed)
    facts: set[FactKey] = set()
    for match, value, end in _statements(text, vocabulary):
        term = vocabulary.iri(match[1])
        if relation := _PARENT_TERMS.get(term):
            short = end - match.start() <= _LONG_QUOTE  # a file may be one long line
            for name, place in _named(text, value, match.end(), end):
                if name not in inner:
                    notes.parent(
                        name,
                        (match.start(), end) if short else place,
                        field=match[1],
                        relation=relation,
                        factor=1.0 if "://" in name else _LOCAL,
                    )
        elif (key := _FACT_TERMS[term]) not in facts and parsed.get(match[1]) == value:
            facts.add(key)
            _fact(notes, key, match[1], value, (match.start(), end))


def _statements(text: str, vocabulary: _Vocabulary) -> Iterator[tuple[re.Match[str], Any, int]]:
    """Each key that says something to us, its value, and where the value ends.

    What stands in an `@context` explains words and states nothing.
    """
    decoder = json.JSONDecoder()
    context_end = 0
    for match in _STRING.finditer(text):
        if match[2] is None or match.start() < context_end:
            continue
        if match[1] == "@context":
            _, context_end = decoder.raw_decode(text, match.end())
            continue
        term = vocabulary.iri(match[1])
        if term in _PARENT_TERMS or term in _FACT_TERMS:
            value, end = decoder.raw_decode(text, match.end())
            yield match, value, end


def _fact(notes: Notes, key: FactKey, field: str, value: Any, span: tuple[int, int]) -> None:
    dated = key in {FactKey.RELEASED, FactKey.MODIFIED}
    for text in _texts(value):
        match = _DATE.match(text)
        if not dated:
            notes.fact(key, text, span, field=field, confidence=STATED)
        elif match:
            notes.fact(key, match[0], span, field=field, confidence=STATED)


def _texts(value: Any, level: int = 0) -> Iterator[str]:
    """The names in a value: itself, those of a list, or the telling one of an object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and level < _LEVELS:
        for one in value:
            yield from _texts(one, level + 1)
    elif isinstance(value, dict):
        named = [value[key] for key in _NAMES if isinstance(value.get(key), str)]
        # An address says which dataset is meant; a local id such as `#gsm8k` does not.
        addresses = [one for one in named if "://" in one or re.fullmatch(r"[\w.-]+/[\w.-]+", one)]
        yield from (addresses or named)[:1]


def _named(text: str, value: Any, start: int, end: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each name in a value with its place in the text between `start` and `end`."""
    at = start
    for name in _texts(value):
        found = text.find(json.dumps(name, ensure_ascii=False), at, end)
        if found < 0:
            found = text.find(json.dumps(name, ensure_ascii=False), start, end)
        if found >= 0:
            at = found + 1
            yield name, (at, at + len(name))
        else:
            yield name, (start, end)


class _Vocabulary:
    """Turns keys of a file into IRIs by its own `@context`, then by the usual prefixes."""

    def __init__(self, context: Any) -> None:
        self._terms: dict[str, str] = {}
        self._vocab = "https://schema.org/"
        for one in context if isinstance(context, list) else [context]:
            if isinstance(one, Mapping):
                self._learn(one)

    def _learn(self, context: Mapping[str, Any]) -> None:
        for term, meaning in context.items():
            iri = meaning.get("@id") if isinstance(meaning, Mapping) else meaning
            if not isinstance(iri, str):
                continue
            if term == "@vocab":
                self._vocab = iri
            else:
                self._terms[term] = iri

    def iri(self, key: str) -> str:
        """The IRI of a key; `https` for schema.org, which is written both ways."""
        written = self._terms.get(key) or _BARE.get(key, key)
        prefix, colon, rest = written.partition(":")
        if colon and not rest.startswith("//"):
            written = (self._terms.get(prefix) or _PREFIXES.get(prefix) or f"{prefix}:") + rest
        elif not colon:
            written = self._vocab + written
        return written.replace("http://schema.org/", "https://schema.org/")


def _ids_inside(parsed: Any) -> set[str]:
    """Ids that the file itself defines: its own files and record sets are no parents.

    An object that holds nothing but its id (and type) refers; it does not define.
    """
    found: set[str] = set()
    waiting = [parsed]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = value.get("@id")
            telling = {
                "contentUrl",
                "field",
                "includes",
                "encodingFormat",
                "sc:contentUrl",
                "cr:field",
            }
            if isinstance(name, str) and telling.intersection(value):
                found.add(name)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    own = parsed.get("@id")
    if isinstance(own, str):
        found.add(own)
    return found
