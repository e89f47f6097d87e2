"""Row summaries and Hub records -> declared parents and facts: texts of one statement a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from agents.reading.declared.card import STATED
from agents.reading.declared.notes import Notes
from lineage.model import FactKey, NodeKind, Relation
from lineage.registry import name_key

_SUMMARY = re.compile(r"([\d,]+) rows; columns: ")
_VALUE = re.compile(
    r'(?P<column>[^\n]{1,300}?) = (?P<value>"[^\n]*") in (?P<count>[\d,]+) of [\d,]+ rows'
)

# How often a column of this name, below any nest, means the dataset a row came from.
_COLUMNS: Final = {
    "dataset": 1.0,
    "dataset_name": 1.0,
    "source_dataset": 1.0,
    "source_datasets": 1.0,
    "original_dataset": 1.0,
    "origin_dataset": 1.0,
    "from_dataset": 1.0,
    "parent_dataset": 1.0,
    "data_source": 1.0,
    "source": 0.9,
    "origin": 0.9,
    "subset": 0.7,  # as often the name of a topic
    "collection": 0.7,
}
_USUALLY: Final = 0.85

_FIELD = re.compile(r"^(?P<key>[a-z_]+): (?P<value>[^\n]+)$", re.MULTILINE)
_BEFORE_RECORDS: Final = "2022-03-02"
"""The Hub gives this day as the creation of every repository that is older."""

_CREATED: Final = 0.5
"""The day a repository was made bounds the first release of its data from above only: much
was released elsewhere before. Less than a date of the registry (0.6) or the month of its
paper (0.55), and never equal to them, so that no tie is settled by which text sorts first."""

_ON_THE_FIRST_DAY: Final = 0.2


def read_rows(notes: Notes) -> None:
    """Adds a parent for each value of a provenance column, and the number of rows."""
    text = notes.document.text
    own = {name_key(notes.document.dataset.name), name_key(notes.document.dataset.short_name)}
    for start, end in _lines(text):
        if match := _SUMMARY.match(text, start, end):
            size = f"{match[1]} rows"
            notes.fact(
                FactKey.SIZE,
                size,
                (start, match.end(1) + len(" rows")),
                field="records",
                confidence=STATED,
                note="rows of this file",
            )
        elif match := _VALUE.fullmatch(text, start, end):
            value, column = _unquoted(match["value"]), match["column"]
            if value is None:
                continue  # not a line that a summary has
            if name_key(value) in own:
                notes.reject(value, f"{column}: the dataset's own name", (start, end))
                continue
            notes.parent(
                value,
                (start, end),
                field=f"column {column}",
                relation=Relation.MIXTURE,
                factor=_COLUMNS.get(column.rpartition(".")[2].lower(), _USUALLY),
                note=f"{match['count']} rows",
            )


def _unquoted(written: str) -> str | None:
    """The text that a JSON string writes, or None where it is none."""
    try:
        return str(json.loads(written))
    except ValueError:
        return None


def read_hub_record(notes: Notes) -> None:
    """Adds what the Hub itself says of the repository: dates, access, and its tags."""
    for match in _FIELD.finditer(notes.document.text):
        key, value, span = match["key"], match["value"], match.span()
        if key == "created_at":
            _created(notes, value, span)
        elif key == "id" and value != notes.document.dataset.name:
            notes.fact(
                FactKey.NAME,
                value,
                span,
                field="Hub API",
                confidence=STATED,
                note="the id it has on the Hub now",
            )
        elif key == "last_modified":
            notes.fact(FactKey.MODIFIED, value[:10], span, field="Hub API", confidence=STATED)
        elif key == "access":
            notes.fact(FactKey.ACCESS, value, span, field="Hub API", confidence=STATED)
        elif key == "tag":
            _tag(notes, value, span)


def _created(notes: Notes, value: str, span: tuple[int, int]) -> None:
    day = value[:10]
    if day == _BEFORE_RECORDS:
        notes.fact(
            FactKey.RELEASED,
            day,
            span,
            field="Hub API",
            confidence=_ON_THE_FIRST_DAY,
            note="the Hub's first recorded day: the repository is as old or older",
        )
        return
    notes.fact(
        FactKey.RELEASED,
        day,
        span,
        field="Hub API",
        confidence=_CREATED,
        note="the day the repository was made; the data may be older",
    )


_BASE_KIND = re.compile(r"^[a-z_]+:(?!//)")  # finetune, adapter, merge, quantized
_TAGS: Final = {
    "license": FactKey.LICENCE,
    "language": FactKey.LANGUAGE,
    "size_categories": FactKey.SIZE,
    "arxiv": FactKey.ARXIV,
}


def _tag(notes: Notes, tag: str, span: tuple[int, int]) -> None:
    key, parted, value = tag.partition(":")
    if not parted:
        return
    if key in _TAGS:
        sure = 0.5 if key == "arxiv" else 0.9  # the Hub tags every arXiv link of a card
        notes.fact(_TAGS[key], value, span, field="Hub tag", confidence=sure)
    elif key == "source_datasets":
        notes.parent(value, span, field="Hub tag", relation=Relation.DERIVATION)
    elif key == "dataset":  # on models: what they were trained on
        notes.parent(value, span, field="Hub tag", relation=Relation.TRAINING)
    elif key == "base_model":  # `base_model:org/m`, and again as `base_model:finetune:org/m`
        notes.parent(
            _BASE_KIND.sub("", value),
            span,
            field="Hub tag",
            relation=Relation.DERIVATION,
            kind=NodeKind.MODEL,
            note="weights of the base model",
        )


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            yield start, end
        start = end + 1
