"""The JSON Schema of one line of our own format: `python -m lineage.exchange.schema`.

What it prints is published as docs/schema/graph-line.schema.json. The schema says what an
import accepts; some rules are beyond it and checked by the values themselves: the grammar
of dataset ids, a time zone on every instant, no narrowing on a node.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from lineage.exchange.jsonl import VERSION
from lineage.model import Dataset, Edge, Value

FORMAT: Final = "dataset-lineage"


class Header(Value):
    """The first line: which format this is, and which version of it."""

    format: Literal["dataset-lineage"]
    version: Literal[1]


class DatasetLine(Value):
    """A line that holds one node."""

    dataset: Dataset


class EdgeLine(Value):
    """A line that holds one edge, in one version."""

    edge: Edge


Line = Header | DatasetLine | EdgeLine
"""What one line of a file may be."""

LINE: Final[TypeAdapter[Line]] = TypeAdapter(Line)
"""Reads and checks one line: `LINE.validate_json(text)`."""


def line_schema() -> dict[str, Any]:
    """The schema of one line (JSON Schema, draft 2020-12), as plain data.

    >>> sorted(line_schema()["$defs"])[:3]
    ['Closure', 'Dataset', 'DatasetLine']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line of a {FORMAT} graph file, version {VERSION}",
        **LINE.json_schema(ref_template="#/$defs/{model}"),
    }


def schema_text() -> str:
    """The schema as the text of its file, keys in the order of the model."""
    return json.dumps(line_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
