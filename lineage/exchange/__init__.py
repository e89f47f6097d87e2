"""Graphs as files: export, import, and putting what was imported into a store.

JSON Lines is ours and lossless; GraphML is for drawing tools and lossless too (the flat
attributes are for people, one attribute holds the value itself); `tracing-roots` reads the
graphs released with arXiv 2604.10480.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lineage.errors import ImportRefused
from lineage.exchange import graphml, jsonl, tracing_roots
from lineage.exchange.files import save_text, writing
from lineage.exchange.values import Imported, Written
from lineage.model import Dataset, Edge
from lineage.store import GraphStore

__all__ = [
    "Imported",
    "Written",
    "export_graph",
    "import_graph",
    "save_text",
    "store_imported",
]

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".graphml": "graphml", ".xml": "graphml"}


def export_graph(
    datasets: Iterable[Dataset], edges: Iterable[Edge], target: Path, *, fmt: str | None = None
) -> Written:
    """Writes nodes and edges to a file (`-`: stdout), whole or not at all; says how many.

    The format is `jsonl` or `graphml`, else told by the file's name (stdout: `jsonl`).
    ImportRefused for another; LineageError where the file cannot be written, or is a store.
    """
    told = "jsonl" if str(target) == "-" else _SUFFIXES.get(target.suffix.lower())
    chosen = fmt or told
    nodes, links = tuple(datasets), tuple(edges)
    with writing(target) as out:
        if chosen == "jsonl":
            jsonl.write(nodes, links, out)
        elif chosen == "graphml":
            graphml.write(nodes, links, out)
        else:
            raise ImportRefused(
                f"cannot tell the format for {str(target)!r} (got {fmt!r}); say --format jsonl "
                "or --format graphml"
            )
    return Written(file=str(target), datasets=len(nodes), edges=len(links))


def import_graph(file: Path, *, fmt: str | None = None, datasets: Path | None = None) -> Imported:
    """Reads a file (`-`: stdin) whole and checks all of it before anything is returned.

    ImportRefused, with the line, where it is not what it says or is too large.
    """
    try:
        chosen = fmt or _told_by(file)
        if chosen == "jsonl":
            with _reading(file) as lines:
                return jsonl.read(lines)
        if chosen == "graphml":
            with _reading(file) as lines:
                return graphml.read(lines)
        if chosen == "tracing-roots":
            return tracing_roots.read(file, datasets)
    except OSError as error:
        raise ImportRefused(f"cannot read {file}: {error.strerror or error}") from error
    raise ImportRefused(f"unknown format {chosen!r}; one of jsonl, graphml, tracing-roots")


def store_imported(imported: Imported, store: GraphStore) -> None:
    """Puts everything into the store in one transaction. Doing it twice changes nothing;
    edges that the store has keep their evidence and gain the imported, and one that a
    person closed there stays closed. A version that was superseded already when it was
    exported tells nothing to a store that has the edge.
    """
    edges = [
        edge
        for edge in imported.edges
        if edge.superseded_at is None or not store.edge_history(edge.id)
    ]
    store.put_edges(edges, ends=imported.datasets)


def _told_by(file: Path) -> str:
    if str(file) == "-":
        return "jsonl"
    with file.open("rb") as handle:
        head = handle.read(4096).lstrip()
    if head.startswith((b"<", b"\xef\xbb\xbf<")):
        return "graphml"
    if b'"meta_info"' in head and b'"target"' in head:
        return "tracing-roots"
    return "jsonl"


@contextmanager
def _reading(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    with file.open("rb") as handle:
        yield handle
