"""`lineage edge`: adding and closing edges by hand, with who, when and why."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

import lineage
from lineage import (
    Closure,
    DocumentKind,
    Edge,
    Evidence,
    GraphStore,
    InvalidName,
    LineageGraph,
    Method,
    PartialDate,
    Relation,
    Role,
    UnknownEdge,
)
from ui import console
from ui.bootstrap import identified, open_existing
from ui.console import out
from ui.views import edge_row, edge_words, safe

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Add or close an edge by hand, on the record."
)

MAX_REASON = 2000
_PARTIAL_DATE: TypeAdapter[str] = TypeAdapter(PartialDate)

Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the edge.")]
By = Annotated[
    str | None, typer.Option("--by", help="Who says so; else the name you are logged in with.")
]


@app.command()
def add(
    child: Annotated[str, typer.Argument(help="The dataset that was made.")],
    parent: Annotated[str, typer.Argument(help="What it was made from; #config/split narrows.")],
    reason: Reason,
    relation: Annotated[Relation, typer.Option("--relation", "-r")] = Relation.DERIVATION,
    role: Annotated[Role, typer.Option("--role")] = Role.INCLUDED,
    by: By = None,
    confidence: Annotated[float, typer.Option("--confidence", min=0.0, max=0.99)] = 0.95,
    since: Annotated[
        str | None, typer.Option("--since", help="True in the world from: YYYY[-MM[-DD]].")
    ] = None,
    store: console.Store = "lineage.db",
    as_json: console.AsJson = False,
) -> None:
    """State that CHILD was made from PARENT.

    Examples:

        lineage edge add my-org/set openai/gsm8k#main/train -r rewriting --reason "build script"
    """
    who, moment = _who(by), lineage.now()
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise InvalidName(
            f"--reason says why, in 1 to {MAX_REASON:,} characters, so that others can judge it"
        )
    evidence = Evidence(
        document=f"person:{who}",
        kind=DocumentKind.RECORD,
        method=Method.MANUAL,
        reader=who,
        confidence=confidence,
        found_at=moment,
        note=reason.strip(),
    )
    valid_from = _date(since)
    with lineage.open_store(store) as opened:
        graph = LineageGraph.from_store(opened)
        edge = Edge(
            child=identified(graph, child),
            parent=identified(graph, parent),
            relation=relation,
            role=role,
            confidence=confidence,
            valid_from=valid_from,
            recorded_at=moment,
            evidence=(evidence,),
        )
        opened.put_edges([edge], reopen=True)
        _tell(opened, [edge.id], as_json)


@app.command()
def close(
    edge_or_child: Annotated[str, typer.Argument(help="The edge's id, or the child.")],
    parent: Annotated[
        str | None,
        typer.Argument(help="The parent, where a child is given; #config/split narrows."),
    ] = None,
    reason: Reason = "",
    by: By = None,
    every: Annotated[
        bool, typer.Option("--every", help="All edges between the two, where there are several.")
    ] = False,
    store: console.Store = "lineage.db",
    as_json: console.AsJson = False,
) -> None:
    """Withdraw an edge: it no longer counts, its evidence is kept, readings do not reopen it.

    Examples:

        lineage edge close my-org/set openai/gsm8k --reason "only its test set was looked at"

        lineage edge close my-org/set openai/gsm8k#main/test --reason "not in the build script"
    """
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise InvalidName(
            f"--reason says why, in 1 to {MAX_REASON:,} characters, so that others can judge it"
        )
    closure = Closure(reason=reason.strip(), by=_who(by), manual=True)
    with open_existing(store) as opened:
        edges = [edge_or_child]
        if parent is not None:
            edges = _between(opened, edge_or_child, parent, every=every)
        for edge_id in edges:
            opened.close_edge(edge_id, closure)
        _tell(opened, edges, as_json)


def _between(store: GraphStore, child: str, parent: str, *, every: bool) -> list[str]:
    """The open edge that joins the two, as narrow as they were written."""
    graph = LineageGraph.from_store(store)
    below, above = identified(graph, child), identified(graph, parent)
    found = [
        edge
        for edge in graph.parents(graph.find(str(below.base)).id, data_only=False)
        if edge.parent.base == above.base
        and (above in (above.base, edge.parent))
        and (below in (below.base, edge.child))
    ]
    if not found:
        raise UnknownEdge(
            f"no open edge joins {below} to {above}; see: lineage show {below.base} --all"
        )
    if len(found) > 1 and not every:
        listed = "; ".join(f"{e.id} (from {e.parent}: {edge_words(graph, e)})" for e in found)
        raise InvalidName(
            f"{len(found)} edges join {below} to {above}; give the id of the one you mean, or "
            f"--every: {listed}"
        )
    return [edge.id for edge in found]


def _tell(store: GraphStore, edge_ids: list[str], as_json: bool) -> None:
    edges = [store.edge_history(edge_id)[-1] for edge_id in edge_ids]
    graph = LineageGraph(store.datasets(), edges)
    if as_json:
        console.print_json([edge_row(graph, edge) for edge in edges])
        return
    for edge in edges:
        words = edge_words(graph, edge)
        out.print(safe(f"{edge.child} <- {edge.parent}: {words}  [{edge.id}]"))


def _who(by: str | None) -> str:
    try:
        return (by or getpass.getuser()).strip() or "unknown"
    except OSError:  # no login name: a container without a password entry
        return "unknown"


def _date(text: str | None) -> str | None:
    try:
        return None if text is None else _PARTIAL_DATE.validate_python(text)
    except ValidationError as error:
        raise InvalidName(
            f"not a date: {text!r}; write it as YYYY, YYYY-MM or YYYY-MM-DD"
        ) from error
