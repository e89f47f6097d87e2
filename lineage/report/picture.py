"""The graph as SVG: parents left, children right, text escaped, no outside reference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import Final

from lineage.graph import LineageGraph
from lineage.identity import DatasetId
from lineage.layout import Layout, layered
from lineage.model import Dataset, Edge, VerificationState

_WIDTHS: Final = (  # of characters in pixels at the label's size, the first set that fits
    (frozenset("iljtfrI.,:;'|!/-()[]"), 4.6),
    (frozenset("mwMW@%"), 10.6),
    (frozenset("ABCDEFGHJKLNOPQRSTUVXYZ"), 8.4),
)
_LONGEST: Final = 34  # characters of a label
_HEIGHT: Final = 24.0
_MARGIN: Final = 24.0
_PARALLEL: Final = 5.0
_MAX_BEND: Final = 160.0  # or an edge that leads back would sweep across the whole picture

_STYLE: Final = """
.lineage{font:12px system-ui,-apple-system,"Segoe UI",sans-serif}
.lineage text{fill:#1b2733}
.lineage .box{fill:#eef3f8;stroke:#6b8299;stroke-width:1.2}
.lineage .benchmark .box{fill:#fdf0d5;stroke:#b7791f}
.lineage .source .box{fill:#e9f5ec;stroke:#4a8a5c}
.lineage .model .box{fill:#f3ebfb;stroke:#7d5ba6}
.lineage .named .box{stroke-dasharray:3 2}
.lineage .edge{fill:none;stroke:#5b7083;stroke-width:1.3;stroke-dasharray:5 3}
.lineage .confirmed{stroke:#2f855a;stroke-dasharray:none}
.lineage .contradicted{stroke:#c53030}
.lineage .inconclusive{stroke:#b7791f}
.lineage .aside{stroke:#a3b1bf;stroke-width:1;stroke-dasharray:1 4}
.lineage .edge:hover{stroke-width:3}
@media (prefers-color-scheme:dark){
.lineage text{fill:#e6edf3}
.lineage .box{fill:#1f2d3a;stroke:#7f9bb5}
.lineage .benchmark .box{fill:#3d2f10}
.lineage .source .box{fill:#16301f}
.lineage .model .box{fill:#2c1f3d}
.lineage .edge{stroke:#8aa0b4}
.lineage .aside{stroke:#536575}
}
"""
"""Lines are dashed until the records have been looked at; dotted where no data flows."""


_ARROW: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5b7083"/></marker></defs>'
)


def svg(graph: LineageGraph) -> str:
    """The picture as one SVG text. Nodes and edges carry `data-id`, a tooltip, and classes
    for kind, role and state; edges that carry no data are dotted.
    """
    layout = _layout(graph)
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    label = f'role="img" aria-label="{len(graph)} datasets, {len(graph.edges)} edges"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lineage" {label} {size}>',
        f"<style>{_STYLE}</style>",
        _ARROW,
        f'<g transform="translate({_MARGIN:.0f},{_MARGIN:.0f})">',
        *_edges(graph, layout),
        *_nodes(graph, layout),
        "</g></svg>",
    ]
    return "\n".join(parts)


def _layout(graph: LineageGraph) -> Layout:
    widths = {str(node.id): _width(node) for node in graph}
    flowing = {(str(e.parent.base), str(e.child.base)) for e in graph.edges if e.carries_data}
    placed = {end for pair in flowing for end in pair}
    # What is only compared, removed or a teacher stands beside what it was that to.
    aside = {
        pair
        for e in graph.edges
        if not e.carries_data and (pair := (str(e.parent.base), str(e.child.base)))[0] not in placed
    }
    return layered(widths, flowing | aside)


def _label(node: Dataset) -> str:
    label = node.label if node.id.hub != "hf" else str(node.id)
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _width(node: Dataset) -> float:
    return 18 + sum(_character(c) for c in _label(node))


def _character(c: str) -> float:
    if ord(c) > 0x2E7F:  # East Asian characters are square
        return 12.5
    return next((width for among, width in _WIDTHS if c in among), 7.2)


def _nodes(graph: LineageGraph, layout: Layout) -> Iterator[str]:
    for node in graph:
        x, y = layout.at[str(node.id)]
        named = "" if node.documented else " named"
        yield (
            f'<g class="node {node.kind}{named}" data-id="{_clean(str(node.id))}" tabindex="0">'
            f"<title>{_clean(f'{node.label} ({node.kind})')}</title>"
            f'<rect class="box" x="{x:.1f}" y="{y - _HEIGHT / 2:.1f}" '
            f'width="{_width(node):.1f}" height="{_HEIGHT:.0f}" rx="5"/>'
            f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">{_clean(_label(node))}</text></g>'
        )


def _edges(graph: LineageGraph, layout: Layout) -> Iterator[str]:
    between = Counter((edge.parent.base, edge.child.base) for edge in graph.edges)
    drawn: Counter[tuple[DatasetId, DatasetId]] = Counter()
    for edge in graph.edges:
        pair = (edge.parent.base, edge.child.base)
        # Parallel edges are drawn side by side, or only the last could be clicked.
        aside_by = _PARALLEL * (drawn[pair] - (between[pair] - 1) / 2)
        drawn[pair] += 1
        if edge.child.base == edge.parent.base:
            continue  # a loop has no line of its own; the audit lists it
        aside = "" if edge.carries_data else " aside"
        contradicted = edge.state is VerificationState.CONTRADICTED
        words = (
            f"{edge.child} <- {edge.parent}: {edge.relation}, {edge.role}, "
            f"{edge.confidence:.2f}, {edge.state}"
        )
        path = _path(graph, edge, layout, aside_by)
        yield (
            f'<path class="edge {edge.state}{"" if contradicted else aside}" '
            f'data-id="{edge.id}" marker-end="url(#tip)" d="{path}">'
            f"<title>{_clean(words)}</title></path>"
        )


def _path(graph: LineageGraph, edge: Edge, layout: Layout, aside_by: float) -> str:
    parent, child = edge.parent.base, edge.child.base
    x1, y1 = layout.at[str(parent)]
    x1 += _width(graph.node(parent))
    x2, y2 = layout.at[str(child)]
    y1, y2 = y1 + aside_by, y2 + aside_by
    points = [(x1, y1), *layout.routes.get((str(parent), str(child)), ()), (x2, y2)]
    text = f"M{x1:.1f} {y1:.1f}"
    for (ax, ay), (bx, by) in pairwise(points):
        bend = min(max(abs(bx - ax) / 2, 24.0), _MAX_BEND)
        text += f"C{ax + bend:.1f} {ay:.1f} {bx - bend:.1f} {by:.1f} {bx:.1f} {by:.1f}"
    return text


# What XML cannot hold, and what would turn the direction in which a name is read.
_XML_FORBIDS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    r"\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def _clean(text: str) -> str:
    return escape(_XML_FORBIDS.sub("\ufffd", text), quote=True)
