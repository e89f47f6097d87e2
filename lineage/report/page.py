"""The graph as one HTML file: picture, facts and evidence; works from disk, loads nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Any

from lineage.graph import LineageGraph
from lineage.model import Dataset, Edge, FactKey, Failure, now
from lineage.report.picture import svg

_TURNS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def html_page(graph: LineageGraph, *, title: str, failures: Iterable[Failure] = ()) -> str:
    """The page as text. Whatever documents said is data to it: embedded as JSON, shown as
    text only, under a content security policy that allows no request at all.
    """
    data = {
        "nodes": {str(node.id): _node(graph, node) for node in graph},
        "edges": {edge.id: _edge(graph, edge) for edge in graph.edges},
        "failures": [
            {"dataset": str(one.dataset), "document": one.document, "message": one.message}
            for one in failures
        ],
    }
    numbers = graph.statistics()
    summary = (
        f"{numbers.datasets:,} datasets, {numbers.edges:,} edges "
        f"({numbers.data_edges:,} carry data), depth {numbers.depth}"
    )
    template = files("lineage.report").joinpath("page.html").read_text(encoding="utf-8")
    parts = {
        "title": escape(title),
        "summary": escape(summary),
        "made": f"{now():%Y-%m-%d %H:%M} UTC",
        "picture": svg(graph),
        "data": _embedded(data),
    }
    head, *rest = template.split("{{")
    return head + "".join(
        parts[name] + text for name, text in (piece.split("}}", 1) for piece in rest)
    )


def _node(graph: LineageGraph, node: Dataset) -> dict[str, Any]:
    return {
        "name": node.label,
        "kind": str(node.kind),
        "documented": node.documented,
        "facts": {str(key): list(values) for key in FactKey if (values := node.values(key))},
        "parents": [edge.id for edge in graph.parents(node.id, data_only=False)],
        "children": [edge.id for edge in graph.children(node.id, data_only=False)],
    }


def _edge(graph: LineageGraph, edge: Edge) -> dict[str, Any]:
    return {
        "child": str(edge.child.base),
        "parent": str(edge.parent.base),
        "written": f"{edge.child} ← {edge.parent}",
        "relation": str(edge.relation),
        "role": str(edge.role),
        "confidence": edge.confidence,
        "state": str(edge.state),
        "why": edge.verdict.reason if edge.verdict else "",
        "flags": [str(flag) for flag in graph.flags(edge)],
        "evidence": [
            {
                "where": " ".join(part for part in (one.document, one.location) if part),
                "quote": one.quote or one.note,
                "by": f"{one.method} by {one.reader}",
                "confidence": one.confidence,
            }
            for one in edge.evidence
        ],
    }


def _embedded(data: Any) -> str:
    """JSON that cannot end its own script element, whatever strings it holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return _TURNS.sub("\ufffd", text)  # a quote must not turn the text around it
