"""`LineageGraph`: ancestry follows data only, paths are found, statistics add up."""

from __future__ import annotations

import networkx as nx
import pytest
from builders import at, dataset, edge
from hypothesis import given
from hypothesis import strategies as st

from lineage import (
    DatasetId,
    Flag,
    LineageGraph,
    NodeKind,
    Relation,
    Role,
    UnknownDataset,
    Verdict,
    VerificationState,
)


def ids(*names: str) -> list[DatasetId]:
    return [DatasetId.parse(name) for name in names]


def diamond() -> LineageGraph:
    return LineageGraph(
        [dataset("o/root", label="The Root"), dataset("o/mix")],
        [
            edge("o/left", "o/root", Relation.FILTERING, confidence=0.9),
            edge("o/right", "o/root#main/train", Relation.TRANSLATION),
            edge("o/mix", "o/left"),
            edge("o/mix", "o/right"),
            edge("o/mix", "o/root", role=Role.COMPARED),
            edge("o/mix", "o/test", role=Role.REMOVED),
        ],
    )


def test_ancestry_follows_only_edges_that_carry_data() -> None:
    graph = diamond()
    root, left, right, mix, test = ids("o/root", "o/left", "o/right", "o/mix", "o/test")
    assert graph.ancestors(mix) == {left: 1, right: 1, root: 2}
    assert graph.descendants(root) == {left: 1, right: 1, mix: 2}
    assert graph.descendants(test) == {}
    assert {e.role for e in graph.parents(mix, data_only=False)} == {
        Role.INCLUDED,
        Role.COMPARED,
        Role.REMOVED,
    }


def test_a_contradicted_edge_is_no_ancestry() -> None:
    no = Verdict(state=VerificationState.CONTRADICTED, reason="no overlap", by="test", at=at(1))
    graph = LineageGraph([], [edge("o/a", "o/b").model_copy(update={"verdict": no})])
    assert graph.ancestors(DatasetId.parse("o/a")) == {}


def test_narrowed_ends_meet_in_one_node() -> None:
    assert DatasetId.parse("o/root#main/train") in diamond()
    assert len(diamond()) == 5


def test_paths_are_shortest_first_and_take_the_most_believed_edge() -> None:
    graph = LineageGraph(
        [],
        [
            edge("o/c", "o/b", Relation.COPY, confidence=0.5),
            edge("o/c", "o/b", Relation.FILTERING, confidence=0.9),
            edge("o/b", "o/a"),
            edge("o/c", "o/a", confidence=0.4),
        ],
    )
    child, ancestor = ids("o/c", "o/a")
    short, long = graph.paths(child, ancestor)
    assert [len(short), len(long)] == [1, 2]
    assert long[0].relation is Relation.FILTERING
    assert graph.paths(ancestor, child) == ()
    assert len(graph.paths(child, ancestor, limit=1)) == 1


def test_cycles_are_found_and_do_not_hang_anything() -> None:
    graph = LineageGraph([], [edge("o/a", "o/b"), edge("o/b", "o/a"), edge("o/c", "o/a")])
    assert graph.cycles == (tuple(ids("o/a", "o/b")),)
    assert graph.ancestors(ids("o/a")[0]) == {ids("o/b")[0]: 1}
    assert graph.depth == 1
    assert [graph.flags(edge) for edge in graph.edges] == [(Flag.CYCLE,), (Flag.CYCLE,), ()]


def test_find_takes_ids_names_and_last_parts_and_offers_near_names() -> None:
    graph = diamond()
    for written in ("o/root", "the root", "ROOT", "o/root#main/train"):
        assert graph.find(written).id == ids("o/root")[0]
    with pytest.raises(UnknownDataset, match="did you mean o/right"):
        graph.find("o/rihgt")


def test_find_refuses_to_choose() -> None:
    graph = LineageGraph([], [edge("a/same", "b/same")])
    with pytest.raises(UnknownDataset, match="may be any of"):
        graph.find("same")


def test_around_keeps_levels_and_edges_between() -> None:
    graph = diamond()
    near = graph.around(ids("o/mix")[0], up=1, down=0)
    assert {str(node.id) for node in near} == {"o/mix", "o/left", "o/right"}
    assert len(near.edges) == 2


def test_statistics_count_what_is_there() -> None:
    graph = diamond()
    numbers = graph.statistics()
    assert (numbers.datasets, numbers.edges, numbers.data_edges) == (5, 6, 4)
    assert (numbers.roots, numbers.leaves, numbers.depth, numbers.cycles) == (1, 1, 2, 0)
    assert numbers.by_relation == {"mixture": 2, "filtering": 1, "translation": 1}
    assert numbers.by_kind == {str(NodeKind.DATASET): 5}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_reachability_agrees_with_networkx(pairs: list[tuple[int, int]]) -> None:
    graph = LineageGraph([], [edge(f"o/{child}", f"o/{parent}") for child, parent in pairs])
    plain: nx.DiGraph[str] = nx.DiGraph([(f"o/{parent}", f"o/{child}") for child, parent in pairs])
    for node in graph:
        expected = nx.single_source_shortest_path_length(plain, str(node.id))
        expected.pop(str(node.id))
        assert {str(k): far for k, far in graph.descendants(node.id).items()} == expected
        assert set(map(str, graph.ancestors(node.id))) == nx.ancestors(plain, str(node.id))
    assert sum(map(len, graph.cycles)) == sum(
        len(group) for group in nx.strongly_connected_components(plain) if len(group) > 1
    )
