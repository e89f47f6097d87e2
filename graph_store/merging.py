"""What a newly stated edge or node makes of the stored one: rules that every store shares.

Pure functions of values; `lineage.store.GraphStore.record` is their specification.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from lineage.identity import DatasetId
from lineage.model import Closure, Dataset, Edge, Evidence, Method, NodeKind

UNSTATED: Final = "no longer stated"
"""The reason of edges that a later reading closes."""

LASTING: Final = (Method.MANUAL, Method.CONTENT, Method.IMPORTED)
"""Evidence that no reading of a document can take away."""

_KINDS: Final = (NodeKind.BENCHMARK, NodeKind.MODEL, NodeKind.SOURCE, NodeKind.DATASET)
"""Where readings disagree on a kind the first of these wins, whatever their order."""


class Node(NamedTuple):
    """A node without its facts. `own_name`: its own documents gave the name."""

    kind: NodeKind
    name: str = ""
    own_name: bool = False
    documented: bool = False


def bare_node(dataset: DatasetId) -> Node:
    """What is known of a node when an edge names it and nothing else does."""
    return Node(NodeKind.MODEL if dataset.hub == "model" else NodeKind.DATASET)


def merged_node(stored: Node | None, given: Dataset) -> Node:
    """The stored node with what the given one adds.

    A name that the dataset's own reading gives (`documented`) replaces any other; among
    names that others give, the first in text order stays, so that the order of readings
    does not matter.
    """
    old = stored or bare_node(given.id)
    name, own_name = old.name, old.own_name
    if given.name and given.documented:
        name, own_name = given.name, True
    elif given.name and not own_name:
        name = min(given.name, name or given.name)
    kind = min(old.kind, given.kind, key=_KINDS.index)
    return Node(kind, name, own_name, old.documented or given.documented)


def united(edges: Iterable[Edge]) -> dict[str, Edge]:
    """The edges by id; several of one id become one that holds all their evidence, with
    the last one's confidence, flags and validity and the last verdict given.
    """
    found: dict[str, Edge] = {}
    for edge in edges:
        earlier = found.get(edge.id)
        found[edge.id] = edge if earlier is None else _joined(earlier, edge)
    return found


def _joined(earlier: Edge, later: Edge) -> Edge:
    return later.model_copy(
        update={
            "evidence": (*earlier.evidence, *later.evidence),
            "verdict": later.verdict or earlier.verdict,
            "recorded_at": max(earlier.recorded_at, later.recorded_at),
        }
    )


def next_version(stored: Edge | None, given: Edge, *, reopen: bool) -> Edge | None:
    """The version that `given` makes of the current one, or None where nothing changes.

    Its evidence is the stored evidence followed by what is new. Its `recorded_at` is the
    given one, but never earlier than that of the version it supersedes. With `reopen`, an
    edge that a person closed takes the given state; without, it only gains evidence.
    """
    if stored is None:
        return given.model_copy(
            update={"evidence": _unseen((), given.evidence), "superseded_at": None}
        )
    held = stored.closure is not None and stored.closure.manual and not reopen
    state = stored if held else given
    version = stored.model_copy(
        update={
            "evidence": (*stored.evidence, *_unseen(stored.evidence, given.evidence)),
            "confidence": state.confidence,
            "verdict": state.verdict or stored.verdict,
            "flags": state.flags,
            "valid_from": state.valid_from,
            "valid_to": state.valid_to,
            "closure": state.closure,
        }
    )
    if version == stored:
        return None
    return version.model_copy(
        update={"recorded_at": max(stored.recorded_at, given.recorded_at), "superseded_at": None}
    )


def closed_version(stored: Edge, closure: Closure, *, at: datetime) -> Edge | None:
    """The edge as closed at that moment, or None where it stays as it is: it is closed
    already, and not by a mere reading that a person now overrules.
    """
    if stored.closure is not None and (stored.closure.manual or not closure.manual):
        return None
    return stored.model_copy(
        update={
            "closure": closure,
            "recorded_at": max(stored.recorded_at, at),
            "superseded_at": None,
        }
    )


def _unseen(known: tuple[Evidence, ...], given: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    ids = {evidence.id for evidence in known}
    fresh: dict[str, Evidence] = {}
    for evidence in given:
        if evidence.id not in ids:
            fresh.setdefault(evidence.id, evidence)
    return tuple(fresh.values())
