"""Commands that move graphs in and out: export, import, page."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import lineage
from ui import bootstrap, console
from ui.console import err, out
from ui.views import one_line


class Writable(StrEnum):
    """What can be written."""

    JSONL = "jsonl"
    GRAPHML = "graphml"


class Readable(StrEnum):
    """What can be read."""

    JSONL = "jsonl"
    GRAPHML = "graphml"
    TRACING_ROOTS = "tracing-roots"


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command("export")(export_graph)
    app.command("import")(import_graph)
    app.command()(page)


def export_graph(
    target: Annotated[Path, typer.Argument(help="File to write; - for stdout.")],
    fmt: Annotated[
        Writable | None,
        typer.Option("--format", "-f", case_sensitive=False, help="Else told by the name."),
    ] = None,
    store: console.Store = "lineage.db",
    closed: Annotated[bool, typer.Option("--closed", help="Also edges that were closed.")] = False,
    as_of: console.AsOf = None,
    as_json: console.AsJson = False,
) -> None:
    """Write the graph to a file, every dataset and edge with its evidence; not the history of
    versions, nor the log of runs. JSON Lines is ours, GraphML is for drawing tools.

    Examples:

        lineage export graph.jsonl

        lineage export graph.graphml

        lineage export - | head
    """
    with lineage.open_store(store, read_only=True) as opened:
        graph = bootstrap.read_graph(opened, as_of, closed=closed)
    with console.to_a_reader():
        written = lineage.export_graph(graph, graph.edges, target, fmt=fmt)
    if str(target) == "-":
        return  # stdout is the graph's
    if as_json:
        console.print_json(written.model_dump(mode="json"))
    else:
        out.print(f"wrote {written.datasets:,} datasets and {written.edges:,} edges to {target}")


def import_graph(
    file: Annotated[Path, typer.Argument(help="File to read; - for stdin (JSON Lines).")],
    fmt: Annotated[
        Readable | None,
        typer.Option("--format", "-f", case_sensitive=False, help="Else told by the content."),
    ] = None,
    nodes: Annotated[
        Path | None,
        typer.Option("--datasets", help="tracing-roots: the file with the dataset records."),
    ] = None,
    store: console.Store = "lineage.db",
    as_json: console.AsJson = False,
) -> None:
    """Read a graph from a file into the store; importing twice changes nothing.

    All or nothing: one bad line refuses the file, with its number.

    Examples:

        lineage import graph.jsonl --store copy.db

        lineage import edges.jsonl --format tracing-roots --datasets datasets.jsonl
    """
    imported = lineage.import_graph(file, fmt=fmt, datasets=nodes)
    with lineage.open_store(store) as opened:
        lineage.store_imported(imported, opened)
    if as_json:
        console.print_json(
            {
                "datasets": len(imported.datasets),
                "edges": len(imported.edges),
                "notes": list(imported.notes),
            }
        )
        return
    out.print(f"read {len(imported.datasets):,} datasets and {len(imported.edges):,} edges")
    for note in imported.notes:
        err.print(f"note: {one_line(note, 300)}")


def page(
    target: Annotated[Path, typer.Argument(help="File to write: .html or .svg.")],
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Only the part around this dataset.")
    ] = None,
    up: Annotated[int, typer.Option("--up", min=0, max=50, help="Levels of parents.")] = 3,
    down: Annotated[int, typer.Option("--down", min=0, max=50, help="Levels of children.")] = 2,
    store: console.Store = "lineage.db",
    as_of: console.AsOf = None,
    as_json: console.AsJson = False,
) -> None:
    """Write a self-contained page (no network) or picture of the graph, evidence included.

    Examples:

        lineage page lineage.html

        lineage page part.svg --dataset NuminaMath-CoT --up 2 --down 1
    """
    kind = target.suffix.lower()
    if kind not in {".html", ".htm", ".svg"}:
        raise typer.BadParameter(f"a page is .html, a picture .svg, not {str(target)!r}")
    with lineage.open_store(store, read_only=True) as opened:
        graph = bootstrap.read_graph(opened, as_of)
        failures = opened.failures()
    title = "Dataset lineage"
    if dataset:
        node = graph.find(dataset)
        title = f"Lineage of {node.label}"
        graph = graph.around(node.id, up=up, down=down, data_only=False)
    if kind == ".svg":
        lineage.save_text(lineage.svg(graph), target)
    else:
        lineage.save_text(lineage.html_page(graph, title=title, failures=failures), target)
    if as_json:
        console.print_json({"file": str(target), "datasets": len(graph), "edges": len(graph.edges)})
    else:
        out.print(f"wrote {len(graph):,} datasets and {len(graph.edges):,} edges to {target}")
