"""Layered positions for a graph: parents left, children right.

The method of Sugiyama, Tagawa and Toda (1981): ranks by longest path, dummy vertices where
an edge passes a rank, crossings reduced by barycentre sweeps; then columns are packed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

SWEEPS: Final = 8
"""Down and up again; beyond some eight, crossings hardly fall."""
MAX_DUMMIES: Final = 20_000
"""Beyond this, long edges run straight: the picture is past reading anyway."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Layout:
    """Positions in pixels. `at` gives the left middle of each node; `routes` the points an
    edge passes between its ends (parent first), empty for neighbours.
    """

    at: Mapping[str, tuple[float, float]]
    routes: Mapping[Pair, tuple[tuple[float, float], ...]]
    width: float
    height: float


def layered(
    widths: Mapping[str, float],
    edges: Iterable[Pair],
    *,
    row: float = 34.0,
    gap: float = 64.0,
) -> Layout:
    """Positions for nodes of the given widths and edges (parent, child).

    Edges that close a cycle are drawn, but do not decide ranks. The same input gives the
    same picture.
    """
    pairs = sorted({pair for pair in edges if pair[0] != pair[1]})
    forward = _acyclic(sorted(widths), pairs)
    rank = _ranks(sorted(widths), forward)
    columns, chains = _with_dummies(rank, forward)
    _reduce_crossings(columns, chains)
    return _placed(columns, chains, widths, row, gap)


def _acyclic(nodes: Sequence[str], pairs: Sequence[Pair]) -> list[Pair]:
    """The edges less those that a depth-first walk finds to lead back."""
    below: dict[str, list[str]] = defaultdict(list)
    for parent, child in pairs:
        below[parent].append(child)
    state: dict[str, int] = {}  # 1: on the walk's path, 2: done
    back: set[Pair] = set()
    for root in nodes:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(below[root]))]
        while stack:
            at, children = stack[-1]
            for child in children:
                if state.get(child) == 1:
                    back.add((at, child))
                elif child not in state:
                    state[child] = 1
                    stack.append((child, iter(below[child])))
                    break
            else:
                state[at] = 2
                stack.pop()
    return [pair for pair in pairs if pair not in back]


def _ranks(nodes: Sequence[str], edges: Sequence[Pair]) -> dict[str, int]:
    """Longest path from a root; then each root moves next to its nearest child."""
    above: dict[str, int] = dict.fromkeys(nodes, 0)
    below: dict[str, list[str]] = defaultdict(list)
    for parent, child in edges:
        above[child] += 1
        below[parent].append(child)
    rank = dict.fromkeys(nodes, 0)
    roots = [node for node in nodes if not above[node]]
    ready = list(roots)
    while ready:
        at = ready.pop()
        for child in below[at]:
            rank[child] = max(rank[child], rank[at] + 1)
            above[child] -= 1
            if not above[child]:
                ready.append(child)
    for root in roots:
        if below[root]:
            rank[root] = min(rank[child] for child in below[root]) - 1
    return rank


def _with_dummies(
    rank: Mapping[str, int], edges: Sequence[Pair]
) -> tuple[list[list[Hashable]], dict[Pair, list[Hashable]]]:
    columns: list[list[Hashable]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for node in sorted(rank):
        columns[rank[node]].append(node)
    long = sum(rank[child] - rank[parent] - 1 for parent, child in edges)
    chains: dict[Pair, list[Hashable]] = {}
    for parent, child in edges:
        between = range(rank[parent] + 1, rank[child]) if long <= MAX_DUMMIES else ()
        dummies: list[Hashable] = [(parent, child, at) for at in between]
        for at, dummy in zip(between, dummies, strict=True):
            columns[at].append(dummy)
        chains[parent, child] = [parent, *dummies, child]
    return columns, chains


def _reduce_crossings(
    columns: list[list[Hashable]], chains: Mapping[Pair, Sequence[Hashable]]
) -> None:
    left: dict[Hashable, list[Hashable]] = defaultdict(list)
    right: dict[Hashable, list[Hashable]] = defaultdict(list)
    for chain in chains.values():
        for one, two in pairwise(chain):
            right[one].append(two)
            left[two].append(one)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        order = columns if forward else list(reversed(columns))
        neighbours = left if forward else right
        place: dict[Hashable, float] = {}
        for column in order:
            size = max(len(column), 1)
            for index, item in enumerate(column):
                near = [place[other] for other in neighbours[item] if other in place]
                # A node with no neighbour there keeps its place in the column.
                place[item] = sum(near) / len(near) if near else (index + 0.5) / size
            column.sort(key=lambda item: (place[item], str(item)))
            for index, item in enumerate(column):
                place[item] = (index + 0.5) / size


def _placed(
    columns: Sequence[Sequence[Hashable]],
    chains: Mapping[Pair, Sequence[Hashable]],
    widths: Mapping[str, float],
    row: float,
    gap: float,
) -> Layout:
    # A passing edge needs less room than a box.
    room = [sum(row if isinstance(i, str) else row * 0.45 for i in column) for column in columns]
    tallest = max(room, default=row)
    point: dict[Hashable, tuple[float, float]] = {}
    x = 0.0
    for column, height in zip(columns, room, strict=True):
        widest = max((widths[item] for item in column if isinstance(item, str)), default=0.0)
        y = (tallest - height) / 2
        for item in column:
            share = row if isinstance(item, str) else row * 0.45
            point[item] = (x if isinstance(item, str) else x + widest / 2, y + share / 2)
            y += share
        x += widest + gap
    return Layout(
        at={item: where for item, where in point.items() if isinstance(item, str)},
        routes={pair: tuple(point[one] for one in chain[1:-1]) for pair, chain in chains.items()},
        width=max(x - gap, 1.0),
        height=max(tallest, row),
    )
