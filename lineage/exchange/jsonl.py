"""Our own format: one JSON object a line, lossless (docs/formats.md).

{"format": "dataset-lineage", "version": 1}
{"dataset": {...}}
{"edge": {...}}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from pydantic import ValidationError

from lineage.errors import ImportRefused, InvalidName, LineageError
from lineage.exchange.values import MAX_LINE, Imported, whole
from lineage.model import Dataset, Edge

VERSION: Final = 1


def write(datasets: Iterable[Dataset], edges: Iterable[Edge], out: BinaryIO) -> None:
    """Writes the header, the nodes by id, then the edges by child, parent and id."""
    out.write(json.dumps({"format": "dataset-lineage", "version": VERSION}).encode() + b"\n")
    out.writelines(
        b'{"dataset":' + node.model_dump_json().encode() + b"}\n"
        for node in sorted(datasets, key=lambda one: str(one.id))
    )
    out.writelines(
        b'{"edge":' + edge.model_dump_json().encode() + b"}\n"
        for edge in sorted(edges, key=lambda one: (str(one.child), str(one.parent), one.id))
    )


def read(lines: BinaryIO) -> Imported:
    """The graph in the file. ImportRefused with the line where it is not ours or is broken."""
    datasets: list[Dataset] = []
    edges: list[Edge] = []
    numbered = _objects(lines)
    number, header = next(numbered, (0, {}))
    if header.get("format") != "dataset-lineage":
        raise ImportRefused(
            'the file does not begin with {"format": "dataset-lineage", ...}; say --format if it '
            "is another tool's",
            line=number,
        )
    if header.get("version") is True or header.get("version") != VERSION:
        raise ImportRefused(
            f"format version {header.get('version')!r}; this release reads {VERSION}", line=number
        )
    for number, item in numbered:
        try:
            value = _value(item)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ImportRefused(f"{where}: {first['msg']}", line=number) from error
        except LineageError as error:
            raise ImportRefused(str(error), line=number) from error
        if isinstance(value, Dataset):
            datasets.append(value)
        else:
            edges.append(value)
    return whole(datasets, edges, ())


def _value(item: dict[str, object]) -> Dataset | Edge:
    if item.keys() == {"dataset"}:
        return Dataset.model_validate(item["dataset"])
    if item.keys() == {"edge"}:
        return Edge.model_validate(item["edge"])
    raise InvalidName(f"neither a dataset nor an edge, but {', '.join(item)[:100] or 'nothing'}")


def _objects(lines: BinaryIO) -> Iterator[tuple[int, dict[str, object]]]:
    number = 0
    while line := lines.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise ImportRefused(f"longer than {MAX_LINE:,} bytes", line=number)
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ImportRefused(f"not JSON: {error}", line=number) from error
        if not isinstance(item, dict):
            raise ImportRefused("not a JSON object", line=number)
        if b"\\ud" in line.lower() and _has_lone_surrogate(item):
            raise ImportRefused("holds half a character (a lone surrogate)", line=number)
        yield number, item


def _has_lone_surrogate(item: object) -> bool:
    try:
        json.dumps(item, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
