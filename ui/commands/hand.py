"""`lineage edge`: adding and closing edges by hand, with who, when and why."""

from __future__ import annotations

import getpass
import re
from typing import Annotated

import typer

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
    Relation,
    Role,
    UnknownEdge,
)
from ui import console
from ui.console import out
from ui.views import edge_row, edge_words

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Add or close an edge by hand, on the record."
)

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
    canonical = lineage.load_parts().resolver().canonical
    if not reason.strip():
        raise InvalidName("--reason is empty; say why, so that others can judge it")
    edge = Edge(
        child=canonical(lineage.DatasetId.parse(child)),
        parent=canonical(lineage.DatasetId.parse(parent)),
        relation=relation,
        role=role,
        confidence=confidence,
        valid_from=_date(since),
        recorded_at=moment,
        evidence=(
            Evidence(
                document=f"person:{who}",
                kind=DocumentKind.RECORD,
                method=Method.MANUAL,
                reader=who,
                confidence=confidence,
                found_at=moment,
                note=reason.strip(),
            ),
        ),
    )
    with lineage.open_store(store) as opened:
        opened.put_edges([edge], reopen=True)
        _tell(opened, edge.id, as_json)


@app.command()
def close(
    edge_or_child: Annotated[str, typer.Argument(help="The edge's id, or the child.")],
    parent: Annotated[
        str | None, typer.Argument(help="The parent, where a child is given.")
    ] = None,
    reason: Reason = "",
    by: By = None,
    store: console.Store = "lineage.db",
    as_json: console.AsJson = False,
) -> None:
    """Withdraw an edge: it no longer counts, its evidence is kept, readings do not reopen it.

    Examples:

        lineage edge close my-org/set openai/gsm8k --reason "only its test set was looked at"
    """
    if not reason.strip():
        raise InvalidName("--reason is missing; say why, so that others can judge it")
    closure = Closure(reason=reason.strip(), by=_who(by), manual=True)
    with lineage.open_store(store) as opened:
        edges = [edge_or_child] if parent is None else _between(opened, edge_or_child, parent)
        for edge_id in edges:
            opened.close_edge(edge_id, closure)
            _tell(opened, edge_id, as_json)


def _between(store: GraphStore, child: str, parent: str) -> list[str]:
    graph = LineageGraph.from_store(store)
    above, below = graph.find(parent), graph.find(child)
    found = [
        edge.id for edge in graph.parents(below.id, data_only=False) if edge.parent.base == above.id
    ]
    if not found:
        raise UnknownEdge(
            f"no open edge joins {below.id} to {above.id}; see: lineage show {below.id} -a"
        )
    return found


def _tell(store: GraphStore, edge_id: str, as_json: bool) -> None:
    edge = store.edge_history(edge_id)[-1]
    graph = LineageGraph(store.datasets(), [edge])
    if as_json:
        console.print_json(edge_row(graph, edge))
    else:
        out.print(f"{edge.child} <- {edge.parent}: {edge_words(graph, edge)}  [{edge.id}]")


def _who(by: str | None) -> str:
    try:
        return (by or getpass.getuser()).strip() or "unknown"
    except OSError:  # no login name: a container without a password entry
        return "unknown"


def _date(text: str | None) -> str | None:

    if text is not None and not re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2])(-\d{2})?)?", text):
        raise InvalidName(f"not a date: {text!r}; write it as YYYY, YYYY-MM or YYYY-MM-DD")
    return text
