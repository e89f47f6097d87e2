"""Export and import: lossless both ways, and nothing of a bad file gets in."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import strategies as mine
from builders import at, dataset, edge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lineage
from lineage import (
    Closure,
    Dataset,
    Edge,
    ImportRefused,
    LineageError,
    Relation,
    export_graph,
    import_graph,
    save_text,
)

WELL_FORMED = '{"format": "dataset-lineage", "version": 1}\n'


@pytest.mark.parametrize("name", ["graph.jsonl", "graph.graphml"])
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    nodes=st.lists(mine.datasets(), max_size=4, unique_by=lambda node: node.id),
    links=st.lists(mine.edges(), max_size=4, unique_by=lambda link: link.id),
)
def test_what_is_exported_comes_back(
    tmp_path: Path, name: str, nodes: list[Dataset], links: list[Edge]
) -> None:
    file = tmp_path / name
    written = export_graph(nodes, links, file)
    back = import_graph(file)
    assert {link.id: link for link in back.edges} == {link.id: link for link in links}
    known = {node.id: node for node in back.datasets}
    for node in nodes:
        assert known[node.id] == node
    for link in links:
        assert {link.child.base, link.parent.base} <= known.keys()
    assert (written.datasets, written.edges) == (len(nodes), len(links))


def test_equal_graphs_give_equal_files(tmp_path: Path) -> None:
    nodes, links = [dataset("o/a"), dataset("o/b")], [edge("o/a", "o/b"), edge("o/b", "o/c")]
    export_graph(nodes, links, tmp_path / "one.jsonl")
    export_graph(reversed(nodes), reversed(links), tmp_path / "two.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "does not begin with"),
        ('{"format": "other"}\n', "line 1: the file does not begin with"),
        ('{"format": "dataset-lineage", "version": 99}\n', "version 99"),
        (WELL_FORMED + "not json\n", "line 2: not JSON"),
        (WELL_FORMED + "[1]\n", "line 2: not a JSON object"),
        (WELL_FORMED + '\n{"thing": 1}\n', "line 3: neither"),
        (WELL_FORMED + '{"dataset": {"id": "a/b", "surprise": 1}}\n', "line 2: surprise"),
        (WELL_FORMED + '{"dataset": {"id": "a/b@v1"}}\n', "line 2"),
        (WELL_FORMED + '{"dataset": {"id": ""}}\n', "line 2"),
        (WELL_FORMED + '{"edge": {"child": "a/b"}}\n', "line 2: parent"),
        (WELL_FORMED + "[" * 100_000 + "\n", "line 2: not JSON"),
        (WELL_FORMED + '{"dataset":{"id":"a/b"}}\n{"dataset":{"id":"a/b","name":"x"}}\n', "twice"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    with pytest.raises(ImportRefused, match=complaint):
        import_graph(file, fmt="jsonl")


def test_confidence_beyond_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    value = json.loads(edge("o/a", "o/b").model_dump_json()) | {"confidence": 1.5}
    file.write_text(WELL_FORMED + json.dumps({"edge": value}) + "\n")
    with pytest.raises(ImportRefused, match="line 2: confidence"):
        import_graph(file)


def test_graphml_entities_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "bomb.graphml"
    file.write_text('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><graphml/>')
    with pytest.raises(ImportRefused, match="entities"):
        import_graph(file)


def test_graphml_junk_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "junk.graphml"
    file.write_bytes(b"<graphml><graph edgedefault='directed'><node id='a'>")
    with pytest.raises(ImportRefused, match="not GraphML"):
        import_graph(file)


def test_another_tools_graphml_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    file = tmp_path / "foreign.graphml"
    file.write_text(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
        '<node id="o/parent"/><node id="o/child"/>'
        '<edge source="o/parent" target="o/child"/></graph></graphml>'
    )
    imported = import_graph(file)
    (link,) = imported.edges
    assert (str(link.child), str(link.parent)) == ("o/child", "o/parent")
    assert link.relation is Relation.DERIVATION
    assert "without our values" in imported.notes[0]


def test_an_unknown_format_or_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="cannot tell the format"):
        export_graph([], [], tmp_path / "graph.xyz")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ImportRefused, match="cannot read"):
        import_graph(tmp_path / "absent.jsonl")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(LineageError, match="cannot write"):
        export_graph([], [], tmp_path / "no-such-folder" / "graph.jsonl")


def released(**meta: object) -> str:
    said = {"source": "Paper", "confidence": 0.9, "relationship": "CoT Distillation"}
    said |= {"evidence": "from Y", "exists": True} | meta
    return json.dumps({"target": "o/x", "source": "o/y", "meta_info": json.dumps(said)}) + "\n"


def test_the_released_format_is_told_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "edges.jsonl"
    file.write_text(released() + released(evidence="other words"))
    records = tmp_path / "datasets.jsonl"
    records.write_text('{"name": "o/x", "year": "2023-05", "categories": ["Math"]}\n')
    imported = import_graph(file, datasets=records)
    (link,) = imported.edges
    assert link.relation is Relation.REGENERATION
    assert len(link.evidence) == 2
    assert link.confidence == 0.9
    node = next(node for node in imported.datasets if str(node.id) == "o/x")
    assert {fact.value for fact in node.facts} == {"2023-05", "math"}


def test_a_parent_not_on_the_hub_stays_a_name_and_bad_lines_are_told(tmp_path: Path) -> None:
    file = tmp_path / "edges.jsonl"
    file.write_text(released(exists=False))
    assert str(import_graph(file).edges[0].parent) == "name:o/y"
    file.write_text(released() + '{"target": "o/x", "source": "o/y", "meta_info": "{"}\n')
    with pytest.raises(ImportRefused, match="line 2"):
        import_graph(file)


def test_a_store_is_never_written_over(tmp_path: Path) -> None:
    place = tmp_path / "lineage.db"
    with lineage.open_store(str(place)) as store:
        store.put_edges([edge("o/a", "o/b")])
    for attempt in (
        lambda: export_graph([], [], place, fmt="jsonl"),
        lambda: save_text("x", place),
        lambda: save_text("x", tmp_path / "lineage.db-wal"),
    ):
        with pytest.raises(LineageError, match="name another file"):
            attempt()
    with lineage.open_store(str(place), read_only=True) as store:
        assert len(list(store.edges())) == 1


def test_links_are_followed_and_pipes_written_into(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.txt", tmp_path / "link.txt", tmp_path / "pipe"
    real.write_text("old")
    link.symlink_to(real)
    save_text("new", link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        save_text("through", pipe)
        assert reader.communicate(timeout=30)[0] == b"through"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link.txt", "pipe", "real.txt"]


def test_an_edge_of_the_future_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "future.jsonl"
    value = json.loads(edge("o/a", "o/b").model_dump_json()) | {"recorded_at": "9999-01-01T00:00Z"}
    file.write_text(WELL_FORMED + json.dumps({"edge": value}) + "\n")
    with pytest.raises(ImportRefused, match="which is to come"):
        import_graph(file)


def test_a_version_that_was_superseded_does_not_undo_a_newer_one(tmp_path: Path) -> None:
    old = edge("o/a", "o/b")
    file = tmp_path / "old.jsonl"
    export_graph([], [old.model_copy(update={"superseded_at": at(1)})], file)
    with lineage.open_store(str(tmp_path / "s.db")) as store:
        store.put_edges([old])
        store.close_edge(old.id, Closure(reason="withdrawn", by="check", manual=False), at=at(2))
        lineage.store_imported(import_graph(file), store)
        assert list(store.edges()) == []
    with lineage.open_store(str(tmp_path / "empty.db")) as store:
        lineage.store_imported(import_graph(file), store)
        assert len(list(store.edges())) == 1


def test_half_a_character_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "half.jsonl"
    file.write_text(WELL_FORMED + '{"dataset":{"id":"a/b","name":"\\ud800"}}\n')
    with pytest.raises(ImportRefused, match="line 2: holds half"):
        import_graph(file)


def test_parallel_edges_of_another_tool_are_one(tmp_path: Path) -> None:
    file = tmp_path / "foreign.graphml"
    twice = '<edge source="o/p" target="o/c"/>' * 2
    file.write_text(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
        f'<node id="o/p"/><node id="o/c"/>{twice}</graph></graphml>'
    )
    assert len(import_graph(file).edges) == 1
