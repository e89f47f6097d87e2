"""`LineageGraph`: the graph in memory, and the questions asked of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from rapidfuzz import process

from lineage.errors import UnknownDataset
from lineage.identity import DatasetId
from lineage.model import Dataset, Edge, FactKey, Flag, Value
from lineage.names import date_conflict
from lineage.store import GraphStore

if TYPE_CHECKING:
    import networkx as nx


class Statistics(Value):
    """Counts over one graph. Depth is the longest chain of data-carrying edges, cycles
    counted once; `roots` have children but no parents, `leaves` the reverse.
    """

    datasets: int
    by_kind: dict[str, int]
    documented: int
    edges: int
    data_edges: int
    by_relation: dict[str, int]
    by_role: dict[str, int]
    by_state: dict[str, int]
    by_method: dict[str, int]
    roots: int
    leaves: int
    depth: int
    cycles: int


class LineageGraph:
    """An immutable graph of datasets; edges run parent -> child, the way data flows.

    Ancestry follows edges that carry data only: a parent that was removed, compared or
    evaluated on is an edge to look at, but not an ancestor.
    """

    def __init__(self, datasets: Iterable[Dataset], edges: Iterable[Edge]) -> None:
        self.edges: tuple[Edge, ...] = tuple(edges)
        self._nodes: dict[DatasetId, Dataset] = {node.id: node for node in datasets}
        self._above: dict[DatasetId, list[Edge]] = defaultdict(list)
        self._below: dict[DatasetId, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            for end in (edge.child.base, edge.parent.base):
                if end not in self._nodes:
                    self._nodes[end] = Dataset(id=end)
            self._above[edge.child.base].append(edge)
            self._below[edge.parent.base].append(edge)

    @classmethod
    def from_store(
        cls, store: GraphStore, *, as_of: datetime | None = None, closed: bool = False
    ) -> LineageGraph:
        """All of the store's open edges and its nodes, as of a moment if one is given; with
        `closed`, closed edges too, which carry no data.

        Nodes that nothing had read or mentioned by then are left out.
        """
        edges = tuple(store.edges(as_of=as_of, closed=closed))
        if as_of is None:
            return cls(store.datasets(), edges)
        ends = {end for edge in edges for end in (edge.child.base, edge.parent.base)}
        ends |= {line.dataset.base for line in store.documents() if line.read_at <= as_of}
        return cls((node for node in store.datasets() if node.id in ends), edges)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, dataset: object) -> bool:
        return isinstance(dataset, DatasetId) and dataset.base in self._nodes

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._nodes.values())

    def node(self, dataset: DatasetId) -> Dataset:
        """The node of that id; UnknownDataset where there is none."""
        try:
            return self._nodes[dataset.base]
        except KeyError:
            raise UnknownDataset(f"the graph holds no dataset {dataset}") from None

    def find(self, written: str) -> Dataset:
        """The node that a person means: by id, else by name or last part of the name,
        whatever the case. UnknownDataset offers up to five near names; it is also raised
        where several nodes fit.
        """
        exact = self._nodes.get(DatasetId.parse(written).base)
        if exact is not None:
            return exact
        wanted = written.strip().casefold()
        fitting = [
            node
            for node in self._nodes.values()
            if wanted in {str(node.id).casefold(), node.name.casefold(), node.id.name.casefold()}
        ] or [node for node in self._nodes.values() if wanted == node.id.short_name.casefold()]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            ids = ", ".join(str(node.id) for node in fitting[:5])
            raise UnknownDataset(f"{written!r} may be any of: {ids}; give the whole id")
        near = process.extract(
            wanted, [str(node.id) for node in self._nodes.values()], limit=5, score_cutoff=70
        )
        hint = f"; did you mean {', '.join(name for name, _, _ in near)}?" if near else ""
        raise UnknownDataset(f"the graph holds no dataset {written!r}{hint}")

    def parents(self, dataset: DatasetId, *, data_only: bool = True) -> tuple[Edge, ...]:
        """Edges to the dataset's parents: those that carry data first, then by confidence."""
        return _sorted(self._above.get(dataset.base, ()), data_only, lambda edge: edge.parent)

    def children(self, dataset: DatasetId, *, data_only: bool = True) -> tuple[Edge, ...]:
        """Edges to the dataset's children, the most believed first."""
        return _sorted(self._below.get(dataset.base, ()), data_only, lambda edge: edge.child)

    def ancestors(self, dataset: DatasetId) -> dict[DatasetId, int]:
        """Every dataset whose rows can be in this one, with its distance (1 = parent),
        the nearest first. Without the dataset itself, even on a cycle.
        """
        return self._reach(dataset, lambda at: (e.parent.base for e in self.parents(at)))

    def descendants(self, dataset: DatasetId) -> dict[DatasetId, int]:
        """Every dataset that rows of this one can be in, with its distance (1 = child)."""
        return self._reach(dataset, lambda at: (e.child.base for e in self.children(at)))

    def _reach(
        self, start: DatasetId, step: Callable[[DatasetId], Iterable[DatasetId]]
    ) -> dict[DatasetId, int]:
        self.node(start)
        found: dict[DatasetId, int] = {start.base: 0}
        level = [start.base]
        while level:
            following: list[DatasetId] = []
            for at in level:
                for other in step(at):
                    if other not in found:
                        found[other] = found[at] + 1
                        following.append(other)
            level = following
        del found[start.base]
        return found

    def paths(
        self, child: DatasetId, ancestor: DatasetId, *, limit: int = 20
    ) -> tuple[tuple[Edge, ...], ...]:
        """Chains of data-carrying edges from `child` up to `ancestor`, the shortest first,
        no dataset twice in one chain, at most `limit`; empty where there is none.

        Each chain takes, between two datasets, the most believed edge. Where `child` or
        `ancestor` is narrowed to a config or split, the first or last edge has to agree
        with that: an edge from `#/train` is no way from `#/test`.
        """
        import networkx as nx  # noqa: PLC0415 - half a second that most commands do without

        self.node(child)
        self.node(ancestor)
        reachable = {child.base, *self.ancestors(child)}
        if ancestor.base not in reachable or child.base == ancestor.base:
            return ()
        upward: nx.DiGraph[DatasetId] = nx.DiGraph()
        best: dict[tuple[DatasetId, DatasetId], Edge] = {}
        for at in reachable:
            for edge in self.parents(at):
                first = at != child.base or edge.child.agrees(child)
                last = edge.parent.base != ancestor.base or edge.parent.agrees(ancestor)
                if first and last:
                    best.setdefault((at, edge.parent.base), edge)
        upward.add_edges_from(best)
        ends = {child.base, ancestor.base}
        if not ends <= set(upward) or not nx.has_path(upward, child.base, ancestor.base):
            return ()
        chains: list[tuple[Edge, ...]] = []
        for nodes in nx.shortest_simple_paths(upward, child.base, ancestor.base):
            chains.append(tuple(best[pair] for pair in pairwise(nodes)))
            if len(chains) == limit:
                break
        return tuple(chains)

    @cached_property
    def cycles(self) -> tuple[tuple[DatasetId, ...], ...]:
        """Groups of two or more datasets that are each other's ancestors (strongly
        connected components over data-carrying edges), each sorted, the largest first.
        """
        import networkx as nx  # noqa: PLC0415

        groups = (
            tuple(sorted(group))
            for group in nx.strongly_connected_components(self.to_networkx(data_only=True))
            if len(group) > 1
        )
        return tuple(sorted(groups, key=lambda group: (-len(group), group)))

    @cached_property
    def _cycle_of(self) -> dict[DatasetId, int]:
        return {node: number for number, group in enumerate(self.cycles) for node in group}

    def flags(self, edge: Edge) -> tuple[Flag, ...]:
        """What is odd about the edge: its own flags, and what only the graph as a whole
        tells: a loop, a cycle, a parent that was first released after the child.
        """
        found = list(edge.flags)
        if is_loop(edge):
            found.append(Flag.SELF_LOOP)
        elif edge.carries_data:
            child, parent = self.node(edge.child), self.node(edge.parent)
            if date_conflict(child.value(FactKey.RELEASED), parent.value(FactKey.RELEASED)):
                found.append(Flag.PARENT_LATER)
            group = self._cycle_of.get(child.id)
            if group is not None and group == self._cycle_of.get(parent.id):
                found.append(Flag.CYCLE)
        return tuple(dict.fromkeys(found))

    @cached_property
    def depth(self) -> int:
        """Edges on the longest chain of ancestry; a cycle counts as one dataset."""
        import networkx as nx  # noqa: PLC0415

        plain = self.to_networkx(data_only=True)
        return int(nx.dag_longest_path_length(nx.condensation(nx.DiGraph(plain))))

    def around(
        self, dataset: DatasetId, *, up: int, down: int, data_only: bool = True
    ) -> LineageGraph:
        """The part within `up` levels above and `down` levels below one dataset."""
        self.node(dataset)
        kept: dict[str, Edge] = {}
        nodes = {dataset.base}
        for levels, step in ((up, self.parents), (down, self.children)):
            level = {dataset.base}
            seen = set(level)
            for _ in range(levels):
                edges = [edge for at in level for edge in step(at, data_only=data_only)]
                kept.update((edge.id, edge) for edge in edges)
                ends = {end for e in edges for end in (e.child.base, e.parent.base)}
                level = ends - seen
                seen |= level
            nodes |= seen
        return LineageGraph((self._nodes[node] for node in sorted(nodes)), kept.values())

    def to_networkx(self, *, data_only: bool = False) -> nx.MultiDiGraph[DatasetId]:
        """A NetworkX graph parent -> child; nodes are ids (attribute `dataset`), edges have
        their id as key (attribute `edge`).
        """
        import networkx as nx  # noqa: PLC0415

        graph: nx.MultiDiGraph[DatasetId] = nx.MultiDiGraph()
        for node in self._nodes.values():
            graph.add_node(node.id, dataset=node)
        for edge in self.edges:
            if edge.carries_data or not data_only:
                graph.add_edge(edge.parent.base, edge.child.base, key=edge.id, edge=edge)
        return graph

    def statistics(self) -> Statistics:
        """Counts of nodes and edges by kind, relation, role, state and method."""
        data = [edge for edge in self.edges if edge.carries_data]
        with_parents = {edge.child.base for edge in data}
        with_children = {edge.parent.base for edge in data}
        return Statistics(
            datasets=len(self._nodes),
            by_kind=_counts(node.kind for node in self._nodes.values()),
            documented=sum(node.documented for node in self._nodes.values()),
            edges=len(self.edges),
            data_edges=len(data),
            by_relation=_counts(edge.relation for edge in data),
            by_role=_counts(edge.role for edge in self.edges),
            by_state=_counts(edge.state for edge in self.edges),
            by_method=_counts(
                method for edge in self.edges for method in {e.method for e in edge.evidence}
            ),
            roots=len(with_children - with_parents),
            leaves=len(with_parents - with_children),
            depth=self.depth,
            cycles=len(self.cycles),
        )


def is_loop(edge: Edge) -> bool:
    """Whether a dataset is said to come from itself. One part of it made from another (two
    different splits or configs) is none.
    """
    narrowed = edge.child != edge.child.base and edge.parent != edge.parent.base
    return edge.child.base == edge.parent.base and not (narrowed and edge.child != edge.parent)


def _sorted(
    edges: Iterable[Edge], data_only: bool, other: Callable[[Edge], DatasetId]
) -> tuple[Edge, ...]:
    kept = (edge for edge in edges if edge.carries_data or not data_only)
    return tuple(
        sorted(kept, key=lambda e: (not e.carries_data, -e.confidence, str(other(e)), e.id))
    )


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(str(value) for value in values).most_common())
