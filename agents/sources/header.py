"""The YAML header of a card as plain text values, each with its place in the card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from lineage.errors import LineageError

MAX_HEADER: Final = 1_000_000
"""Characters of a header that are parsed; the largest headers on the Hub (long lists of
class names) stay below a third of it."""

MAX_VALUES: Final = 200_000
"""Values of a header, aliases counted as often as they are used (billion laughs)."""

MAX_DEPTH: Final = 40

# The Hub's own pattern: blank lines may stand before the first fence.
_FENCES = re.compile(r"\A(\s*---[ \t]*\n)(.*?)(?:^|\n)(---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_LOOKS_LIKE_YAML = re.compile(r"^[A-Za-z_][\w.-]*[ \t]*:(?:\s|$)", re.MULTILINE)

Path = tuple[str | int, ...]
Span = tuple[int, int]


@dataclass(frozen=True)
class Header:
    """What stands between the fences.

    Values are text, lists, dicts or None; never numbers, dates or booleans, so that the
    arXiv id 2101.10010 keeps its zero and the language `no` is not False. `spans` gives
    the offsets in the card of each scalar, `keys` those of each mapping key. `body` is
    where the prose begins. `problem` says in words why a header could not be read.
    """

    metadata: dict[str, Any] = field(default_factory=dict)
    spans: Mapping[Path, Span] = field(default_factory=dict)
    keys: Mapping[Path, Span] = field(default_factory=dict)
    body: int = 0
    problem: str = ""


class _HeaderProblem(LineageError):
    """The header cannot be read; the message is for `Header.problem`."""


def header_of(card: str) -> Header:
    """The header of a card; an empty one where it has none, or where `problem` says why.

    >>> header_of("---\\narxiv: 2101.10010\\nlanguage: [no]\\n---\\nText").metadata
    {'arxiv': '2101.10010', 'language': ['no']}
    """
    match = _FENCES.match(card[: MAX_HEADER + 100])
    if match is None:
        if len(card) > MAX_HEADER and re.match(r"\s*---[ \t]*\n", card):
            return Header(problem=f"its YAML header does not end within {MAX_HEADER:,} characters")
        return Header()
    start, end, body = match.end(1), match.end(2), match.end()
    if not _LOOKS_LIKE_YAML.search(card, start, end):
        return Header()  # two rules with prose between them
    parser = _Parser(card[start:end], start)
    try:
        value = parser.read()
    except _HeaderProblem as error:
        return Header(body=body, problem=f"its YAML header was refused: {error}")
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # ValueError and OverflowError: escapes beyond Unicode, without libyaml
        return Header(body=body, problem=f"its YAML header is broken: {_in_one_line(error)}")
    if not isinstance(value, dict):
        return Header(body=body, problem="its YAML header is not a list of `key: value`")
    return Header(value, parser.spans, parser.keys, body)


def _in_one_line(error: Exception) -> str:
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    where = f" (header line {mark.line + 1})" if mark is not None else ""
    return " ".join(str(problem).split())[:200] + where


class _Parser:
    """Builds values from parser events, so that size and depth are bounded as they grow."""

    def __init__(self, text: str, offset: int) -> None:
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=loader))
        self._offset = offset
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self.spans: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}

    def read(self) -> Any:
        value: Any = None
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                value = self._value(event, ())
                break
        return value

    def _grow(self, by: int) -> None:
        self._count += by
        if self._count > MAX_VALUES:
            raise _HeaderProblem(f"it holds more than {MAX_VALUES:,} values")

    def _span(self, event: Any) -> Span:
        return self._offset + event.start_mark.index, self._offset + event.end_mark.index

    def _value(self, event: Any, path: Path) -> Any:
        if len(path) > MAX_DEPTH:
            raise _HeaderProblem(f"it is nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _HeaderProblem(f"it uses the anchor {event.anchor!r} before it is complete")
            value, size = self._anchors[event.anchor]
            self._grow(size)
            self.spans[path] = self._span(event)
            return value
        before = self._count
        self._grow(1)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path)
        else:
            value = self._mapping(path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._count - before)
        return value

    def _scalar(self, event: Any, path: Path) -> str | None:
        self.spans[path] = self._span(event)
        plain = event.style is None or event.implicit[0]
        return None if plain and event.value in {"", "~", "null", "Null", "NULL"} else event.value

    def _sequence(self, path: Path) -> list[Any]:
        values: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise _HeaderProblem("a key is not plain text")
            self._grow(1)
            key = str(event.value)
            self.keys[(*path, key)] = self._span(event)
            values[key] = self._value(next(self._events), (*path, key))
        return values
