"""Commands that look at the graph: show, path, stats, audit."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text
from rich.tree import Tree

import lineage
from lineage import FactKey, LineageGraph, Severity, Statistics
from ui import bootstrap, console
from ui.console import Exit, out, wide
from ui.views import (
    Branch,
    chain_words,
    edge_row,
    edge_words,
    evidence_lines,
    one_line,
    safe,
    title,
    tree,
)

_STYLES = {"confirmed": "green", "contradicted": "red", "inconclusive": "yellow"}


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command()(show)
    app.command()(path)
    app.command()(stats)
    app.command()(audit)


def show(
    dataset: Annotated[str, typer.Argument(help="Id, name, or last part of the name.")],
    store: console.Store = "lineage.db",
    up: Annotated[int, typer.Option("--up", min=0, max=50, help="Levels of parents.")] = 3,
    down: Annotated[int, typer.Option("--down", min=0, max=50, help="Levels of children.")] = 1,
    evidence: Annotated[
        bool, typer.Option("--evidence", "-e", help="Quote the evidence of every edge.")
    ] = False,
    every_role: Annotated[
        bool,
        typer.Option("--all", "-a", help="Also edges that carry no data: compared, removed ..."),
    ] = False,
    closed: Annotated[
        bool, typer.Option("--closed", help="Also edges that were closed; implies --all.")
    ] = False,
    as_of: console.AsOf = None,
    as_json: console.AsJson = False,
) -> None:
    """A dataset's facts, its parents above it and its children below.

    Examples:

        lineage show openai/gsm8k

        lineage show NuminaMath-CoT --up 5 --evidence

        lineage show gsm8k --all --as-of 2026-11-20 --json
    """
    with lineage.open_store(store, read_only=True) as opened:
        graph = bootstrap.read_graph(opened, as_of, closed=closed)
        node = graph.find(dataset)
        failures = opened.failures(dataset=node.id)
    every_role = every_role or closed
    if as_json:
        part = graph.around(node.id, up=up, down=down, data_only=not every_role)
        console.print_json(
            {
                "dataset": node.model_dump(mode="json"),
                "ancestors": {str(one): far for one, far in graph.ancestors(node.id).items()},
                "descendants": {str(one): far for one, far in graph.descendants(node.id).items()},
                "edges": [edge_row(part, edge) for edge in part.edges],
                "failures": [one.model_dump(mode="json") for one in failures],
            }
        )
        return
    heading = Text(one_line(node.label), style="bold")
    if node.label != str(node.id):
        heading.append(f"  {safe(str(node.id))}", style="dim")
    out.print(heading)
    out.print(f"  {node.kind}, {'documented' if node.documented else 'only named by others'}")
    for key in FactKey:
        if values := node.values(key):
            out.print(f"  {key}: {one_line(', '.join(values[:5]), 120)}")
    if not node.values(FactKey.LICENCE):
        out.print("  licence: unknown")
    for one in failures:
        out.print(Text(f"  not read: {one_line(f'{one.document}: {one.message}', 200)}", "yellow"))
    out.print("\nparents (what it was made from)")
    print_tree(
        graph, tree(graph, node.id, "up", depth=up, data_only=not every_role), evidence=evidence
    )
    out.print("\nchildren (what was made from it)")
    print_tree(
        graph, tree(graph, node.id, "down", depth=down, data_only=not every_role), evidence=evidence
    )


def path(
    child: Annotated[str, typer.Argument(help="The dataset further down.")],
    ancestor: Annotated[str, typer.Argument(help="The dataset further up.")],
    store: console.Store = "lineage.db",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Paths at most.")] = 20,
    as_of: console.AsOf = None,
    as_json: console.AsJson = False,
) -> None:
    """How rows of ANCESTOR can have come into CHILD: every chain, the shortest first.

    With #config/split on either, only chains that begin and end there: an edge that is
    narrowed to another split is none. Exits with 1 where there is no path.

    Examples:

        lineage path open-r1/OpenR1-Math-220k openai/gsm8k

        lineage path NuminaMath-CoT MATH --json
    """
    with lineage.open_store(store, read_only=True) as opened:
        graph = bootstrap.read_graph(opened, as_of)
    below, above = (
        graph.find(written).id.narrowed_as(lineage.DatasetId.parse(written))
        for written in (child, ancestor)
    )
    chains = graph.paths(below, above, limit=limit)
    if as_json:
        console.print_json(
            {
                "child": str(below),
                "ancestor": str(above),
                "paths": [[edge_row(graph, edge) for edge in chain] for chain in chains],
            }
        )
    else:
        for chain in chains:
            out.print(chain_words(graph, chain))
        if not chains:
            out.print(f"no path: nothing in the store leads from {above} to {below}")
    if not chains:
        raise typer.Exit(Exit.FOUND)


def stats(
    store: console.Store = "lineage.db",
    as_of: console.AsOf = None,
    as_json: console.AsJson = False,
) -> None:
    """How many datasets and edges there are, by kind, relation, role, state and method.

    Examples:

        lineage stats

        lineage stats --as-of 2026-01-01 --json
    """
    with lineage.open_store(store, read_only=True) as opened:
        numbers = bootstrap.read_graph(opened, as_of).statistics()
    if as_json:
        console.print_json(numbers.model_dump(mode="json"))
    else:
        print_statistics(numbers)


def audit(
    store: console.Store = "lineage.db",
    as_json: console.AsJson = False,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Findings shown of each kind (0: all).")
    ] = 5,
) -> None:
    """What is doubtful in the graph: quotes that never name the parent, parents later than
    children, cycles, names that differ only in spelling, documents that were not read.

    Exits with 1 where a finding is an error.

    Examples:

        lineage audit

        lineage audit --json --limit 0
    """
    with lineage.open_store(store, read_only=True) as opened:
        report = lineage.audit(
            LineageGraph.from_store(opened), failures=opened.failures(), log=opened.documents()
        )
    if as_json:
        console.print_json(report.model_dump(mode="json"))
    else:
        for check in report.checks:
            out.print(f"{check.found:6,} of {check.of:,}  {check.title}: {check.definition}")
            of_kind = [one for one in report.findings if one.kind == check.kind]
            for one in of_kind[: limit or None]:
                out.print(f"        {one.severity}: {one_line(one.message, 220)}")
            if limit and len(of_kind) > limit:
                out.print(f"        ... and {len(of_kind) - limit} more (--limit 0 shows all)")
    if any(one.severity is Severity.ERROR for one in report.findings):
        raise typer.Exit(Exit.FOUND)


def print_tree(graph: LineageGraph, root: Branch, *, evidence: bool) -> None:
    """Prints a tree, with the evidence below each edge if asked for."""

    def label(branch: Branch) -> Text:
        text = Text(title(branch.dataset), style="bold" if branch.edge is None else "")
        if branch.edge is not None:
            style = _STYLES.get(branch.edge.state, "dim")
            text.append(f"  {edge_words(graph, branch.edge)}", style=style)
        if branch.again:
            text.append("  (shown above)", style="dim")
        if branch.more:
            text.append(f"  (+{branch.more} more)", style="dim")
        return text

    def fill(tree_node: Tree, branch: Branch) -> None:
        for below in branch.branches:
            added = tree_node.add(label(below))
            if evidence and below.edge is not None:
                for where, quote in evidence_lines(below.edge.evidence):
                    added.add(Text(f"{where}\n“{quote}”", style="italic dim"))
            fill(added, below)

    drawn = Tree(label(root))
    fill(drawn, root)
    wide().print(drawn, soft_wrap=False)  # wrapped, not cut: a quote is there to be read
    if not root.branches:
        out.print("  none known" if not root.more else f"  {root.more} not shown", style="dim")


def print_statistics(numbers: Statistics) -> None:
    """Prints counts, one line a group."""
    out.print(
        f"{numbers.datasets:,} datasets ({numbers.documented:,} documented), "
        f"{numbers.edges:,} edges ({numbers.data_edges:,} carry data), depth {numbers.depth}, "
        f"{numbers.roots:,} roots, {numbers.leaves:,} leaves, {numbers.cycles:,} cycles"
    )
    for group, counts in (
        ("kinds", numbers.by_kind),
        ("relations", numbers.by_relation),
        ("roles", numbers.by_role),
        ("states", numbers.by_state),
        ("read by", numbers.by_method),
    ):
        out.print(f"  {group:<10} " + ", ".join(f"{key} {n:,}" for key, n in counts.items()))
