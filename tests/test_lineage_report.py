"""The picture and the page: complete, well formed, self-contained, and safe."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from builders import START, dataset, edge
from hypothesis import given
from hypothesis import strategies as st

from lineage import Failure, LineageGraph, NodeKind, Role, html_page, svg
from lineage.layout import layered

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\u2028\x00"


def graph() -> LineageGraph:
    return LineageGraph(
        [dataset("o/a", label=HOSTILE), dataset("name:wiki", kind=NodeKind.SOURCE)],
        [
            edge("o/a", "o/b", quote=HOSTILE),
            edge("o/b", "name:wiki"),
            edge("o/a", "o/c", role=Role.COMPARED),
            edge("o/a", "o/a"),
        ],
    )


def test_the_picture_is_xml_with_every_node_and_edge() -> None:
    root = ET.fromstring(svg(graph()))
    shown = {element.get("data-id") for element in root.iter() if element.get("data-id")}
    assert {str(node.id) for node in graph()} <= shown
    assert {link.id for link in graph().edges if link.child != link.parent} <= shown


def test_an_empty_graph_has_a_picture_too() -> None:
    ET.fromstring(svg(LineageGraph([], [])))


def test_the_page_loads_nothing_and_keeps_hostile_text_as_text() -> None:
    failure = Failure(
        dataset=graph().edges[0].child,
        document="x.pdf",
        step="source",
        error="Unreadable",
        message=HOSTILE,
        at=START,
    )
    page = html_page(graph(), title=HOSTILE, failures=[failure])
    assert "default-src 'none'" in page
    assert "<img" not in page
    assert page.count("</script>") == 2
    outside = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//[^\s\"')]+", page)
    assert outside == []
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    data = json.loads(block[1])
    assert data["failures"][0]["message"] == HOSTILE
    assert data["nodes"]["o/a"]["name"] == HOSTILE
    quotes = {one["quote"] for link in data["edges"].values() for one in link["evidence"]}
    assert HOSTILE in quotes


pairs = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40)


@given(pairs)
def test_layout_puts_parents_left_and_no_box_on_another(edges: list[tuple[int, int]]) -> None:
    nodes = {str(end): 50.0 for pair in edges for end in pair}
    acyclic = [(str(min(pair)), str(max(pair))) for pair in edges if pair[0] != pair[1]]
    layout = layered(nodes, acyclic)
    for parent, child in acyclic:
        assert layout.at[parent][0] < layout.at[child][0]
    assert len(set(layout.at.values())) == len(nodes)
    assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in layout.at.values())
    assert layout == layered(nodes, list(reversed(acyclic)))


@given(pairs)
def test_layout_ends_on_any_graph(edges: list[tuple[int, int]]) -> None:
    nodes = {str(end): 50.0 for pair in edges for end in pair}
    layout = layered(nodes, [(str(one), str(two)) for one, two in edges])
    assert set(layout.at) == set(nodes)


def test_layout_of_a_long_chain_does_not_recurse() -> None:
    nodes = {str(n): 10.0 for n in range(5000)}
    layout = layered(nodes, [(str(n), str(n + 1)) for n in range(4999)])
    assert layout.at["0"][0] < layout.at["4999"][0]
