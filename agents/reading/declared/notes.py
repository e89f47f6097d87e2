"""What the reader has gathered from one document so far, each with its evidence."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from agents.reading.declared.written import Written, written
from lineage.model import (
    Document,
    Evidence,
    Fact,
    FactKey,
    Method,
    NodeKind,
    PartialDate,
    Proposal,
    Rejection,
    Relation,
    Role,
    now,
)
from lineage.ports import Reading

NAME: Final = "declared/1"

MAX_STATEMENTS: Final = 5_000
"""Statements taken from one document; what a card states beyond is turned down in one line."""

_LONG_QUOTE: Final = 400
_LONG_LINE: Final = 2_000
_DATES: Final = TypeAdapter[str](PartialDate)


class Notes:
    """Gathers proposals, facts and rejections of one document."""

    def __init__(self, document: Document, method: Method = Method.DECLARED) -> None:
        self.document = document
        self._method = method
        self._at = now()
        self._proposals: dict[tuple[object, ...], Proposal] = {}
        self._facts: dict[tuple[FactKey, str], Fact] = {}
        self._rejections: list[Rejection] = []
        self._line_of = _LineIndex(document.text)

    def reading(self) -> Reading:
        """Everything gathered."""
        return Reading(
            proposals=tuple(self._proposals.values()),
            facts=tuple(self._facts.values()),
            rejections=tuple(self._rejections),
        )

    def lines(self, start: int, end: int) -> tuple[int, int]:
        """The whole lines that hold `start` to `end`, without their outer white space."""
        text = self.document.text
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", max(end - 1, start))
        quote = text[first : len(text) if last < 0 else last]
        first += len(quote) - len(quote.lstrip())
        return first, first + len(quote.strip())

    def quote(self, key: tuple[int, int], value: tuple[int, int]) -> tuple[int, int]:
        """The lines of a value; with the key's line where that is the same or the next one,
        so that an entry far down a list is not quoted with everything above it. The value
        alone where its line is very long.
        """
        near = self.document.text.count("\n", key[1], max(key[1], value[0])) <= 1
        start, end = self.lines(key[0] if near else value[0], value[1])
        if end - start > _LONG_QUOTE:
            start, end = self.lines(*value)
        return (start, end) if end - start <= _LONG_LINE else value

    def evidence(self, span: tuple[int, int], field: str, confidence: float, note: str) -> Evidence:
        """The words at `span` as evidence, found in `field`."""
        start, end = span[0], min(span[1], span[0] + 20_000)
        return Evidence(
            document=self.document.id,
            sha256=self.document.sha256,
            kind=self.document.kind,
            quote=self.document.text[start:end],
            start=start,
            end=end,
            location=f"line {self._line_of(start)} ({_whole(field[:80])})",
            method=self._method,
            reader=NAME,
            confidence=confidence,
            found_at=self._at,
            note=_whole(note),
        )

    def parent(
        self,
        value: str,
        span: tuple[int, int],
        *,
        field: str,
        relation: Relation,
        role: Role = Role.INCLUDED,
        kind: NodeKind | None = None,
        config: str | None = None,
        split: str | None = None,
        factor: float = 1.0,
        note: str = "",
    ) -> None:
        """Proposes the parent that `value` names, or notes why it names none.

        `kind` MODEL reads `org/name` as a model. `factor` scales the confidence of the
        value's form by that of the field.
        """
        found = written(value)
        if isinstance(found, str):
            if found:
                self.reject(value, f"{field}: {found}", span)
            return
        if kind is NodeKind.MODEL:
            found = _as_model(found)
        if found.name not in self.document.text[span[0] : span[1]]:
            self.reject(
                found.name,
                f"{field}: written with escapes or over lines, so that its quote does not name it",
                span,
            )
            return
        if found.kind is NodeKind.MODEL and kind is None and relation is not Relation.TRAINING:
            relation, role = Relation.SYNTHESIS, Role.TEACHER
        key = (found.name, relation, role, config, split)
        if key in self._proposals or not self._room():
            return
        self._proposals[key] = Proposal(
            child=self.document.dataset,
            parent_name=found.name,
            parent_id=found.id,
            parent_kind=found.kind,
            parent_config=config,
            parent_split=split,
            relation=relation,
            role=role,
            evidence=self.evidence(span, field, round(found.confidence * factor, 3), note),
        )

    def fact(
        self,
        key: FactKey,
        value: str,
        span: tuple[int, int],
        *,
        field: str,
        confidence: float,
        note: str = "",
    ) -> None:
        """Notes a property of the dataset, unless the value is empty or a placeholder."""
        value = _whole(" ".join(value.split())[:1000]).strip()
        if key in {FactKey.RELEASED, FactKey.MODIFIED} and not _is_date(value):
            self.reject(value, f"{field}: not a day of the calendar", span)
            return
        if not value or value.strip("[]").lower() in {"more information needed", "none", "n/a"}:
            return
        if (key, value) not in self._facts and self._room():
            self._facts[key, value] = Fact(
                dataset=self.document.dataset.base,
                key=key,
                value=value,
                evidence=self.evidence(span, field, confidence, note),
            )

    def reject(self, name: str, reason: str, span: tuple[int, int]) -> None:
        """Notes a value that was not believed, with the reason."""
        if self._room():
            self._rejections.append(self._rejection(name, reason, span))

    def _rejection(self, name: str, reason: str, span: tuple[int, int]) -> Rejection:
        return Rejection(
            child=self.document.dataset,
            parent_name=_whole(name[:300]),
            reason=_whole(reason),
            quote=self.document.text[span[0] : min(span[1], span[0] + 2_000)],
            document=self.document.id,
        )

    def _room(self) -> bool:
        used = len(self._proposals) + len(self._facts) + len(self._rejections)
        if used == MAX_STATEMENTS:
            reason = (
                f"more than {MAX_STATEMENTS:,} statements in one document; the rest is not read"
            )
            self._rejections.append(self._rejection("", reason, (0, 0)))
        return used < MAX_STATEMENTS


def _whole(text: str) -> str:
    """The text with `?` for half surrogate pairs, which escapes in JSON and YAML can write."""
    return text.encode("utf-8", "replace").decode()


def _is_date(value: str) -> bool:
    try:
        _DATES.validate_python(value)
    except ValidationError:
        return False
    return True


def _as_model(found: Written) -> Written:
    name = found.id
    if name is not None and name.hub == "hf":
        name = type(name)(hub="model", name=name.name)
    return Written(found.name, name, NodeKind.MODEL, found.confidence)


class _LineIndex:
    """Line numbers of offsets, counted once: cards may hold thousands of statements."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known = (0, 1)

    def __call__(self, offset: int) -> int:
        at, line = self._known
        if offset < at:
            at, line = 0, 1
        line += self._text.count("\n", at, offset)
        self._known = (offset, line)
        return line
