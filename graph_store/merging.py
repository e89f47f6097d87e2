"""What a newly stated edge or node makes of the stored one: rules that every store shares.

Pure functions of values; `lineage.store.GraphStore.record` is their specification.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, NamedTuple

from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    Edge,
    Evidence,
    Method,
    NodeKind,
    Verdict,
    VerificationState,
    believed,
)

UNSTATED: Final = "no longer stated"
"""The reason of edges that a later reading closes."""

LASTING: Final = frozenset({Method.MANUAL, Method.CONTENT, Method.IMPORTED})
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


class Writing(NamedTuple):
    """The occasion of a write. `now`: nothing is recorded later than this. `read_at`: since
    when a reading knows what its documents no longer say; None where edges are put by
    themselves. `by`: who reads. `reopen`: a person's closure gives way.
    """

    now: datetime
    read_at: datetime | None = None
    by: str = ""
    reopen: bool = False


def first_version(given: Edge, writing: Writing, judged: Closure | None = None) -> Edge:
    """The version with which an edge enters the store. `judged` is the closure of an edge
    that a person closed and that differs from this one by its relation only.
    """
    return given.model_copy(
        update={
            "evidence": _unseen((), given.evidence),
            "closure": given.closure
            or (None if writing.reopen else judged)
            or _refuted(given.verdict),
            "recorded_at": min(given.recorded_at, writing.now),
            "superseded_at": None,
        }
    )


def next_version(
    stored: Edge, given: Edge | None, stated: Collection[str], writing: Writing
) -> Edge | None:
    """The version that a write makes of the current one, or None where nothing changes.

    `given` is the edge as stated now, None where the write only takes evidence away;
    `stated` holds the ids of the stored evidence that somebody still states, the given
    edge aside.
    """
    offered = given.evidence if given is not None else ()
    if _held(stored.closure) and not writing.reopen:
        changes: dict[str, object] = {
            "evidence": (*stored.evidence, *_unseen(stored.evidence, offered))
        }
    else:
        changes = _changes(stored, given, stated, writing)
    version = stored.model_copy(update=changes)
    if version == stored:
        return None
    at = _clamped(_moment(stored, version, given, writing), stored, writing.now)
    return version.model_copy(update={"recorded_at": at, "superseded_at": None})


def _moment(stored: Edge, version: Edge, given: Edge | None, writing: Writing) -> datetime:
    """When the version became known: as the given edge says; and what takes something away
    is known from the reading, however old the evidence is that remains.
    """
    if given is None:
        return writing.read_at or writing.now
    lost = {one.id for one in stored.evidence} - {one.id for one in version.evidence}
    reopened = stored.closure is not None and version.closure is None  # lost it earlier
    unstated = version.closure is not None and version.closure.reason == UNSTATED
    if writing.read_at is None or reopened or not (lost or unstated):
        return given.recorded_at
    return max(given.recorded_at, writing.read_at)


def _changes(
    stored: Edge, given: Edge | None, stated: Collection[str], writing: Writing
) -> dict[str, object]:
    state = given or stored
    told = {one.id for one in given.evidence} if given is not None else set()
    kept = tuple(one for one in stored.evidence if one.id in told or one.id in stated)
    evidence = (*kept, *_unseen(kept, given.evidence if given is not None else ()))
    verdict = state.verdict or stored.verdict
    closure = state.closure or _refuted(verdict)
    confidence = state.confidence
    by_hand = any(one.method is Method.MANUAL for one in kept)
    sure, other = (stored, state) if by_hand else (state, stored)
    if stored.evidence and not evidence and writing.read_at is not None:
        evidence, confidence = stored.evidence, stored.confidence
        closure = closure or _unstated(stored, writing.by)
    elif given is None:
        confidence = stored.confidence if evidence == stored.evidence else believed(evidence)
    elif not {one.id for one in evidence} <= told:
        confidence = believed(evidence)
    return {
        "evidence": evidence,
        "confidence": confidence,
        "verdict": verdict,
        "flags": state.flags,
        "valid_from": sure.valid_from or other.valid_from,
        "valid_to": sure.valid_to or other.valid_to,
        "closure": closure,
    }


def closed_version(stored: Edge, closure: Closure, *, at: datetime, now: datetime) -> Edge | None:
    """The edge as closed at that moment, or None where it stays as it is: it is closed
    already, and not by a mere reading that a person now overrules.
    """
    if stored.closure is not None and (stored.closure.manual or not closure.manual):
        return None
    return stored.model_copy(
        update={
            "closure": closure,
            "recorded_at": _clamped(at, stored, now),
            "superseded_at": None,
        }
    )


def _clamped(at: datetime, stored: Edge, now: datetime) -> datetime:
    """Neither later than the present nor earlier than what it supersedes."""
    return max(stored.recorded_at, min(at, now))


def _held(closure: Closure | None) -> bool:
    return closure is not None and closure.manual


def _refuted(verdict: Verdict | None) -> Closure | None:
    if verdict is None or verdict.state is not VerificationState.CONTRADICTED:
        return None
    return Closure(reason=verdict.reason, by=verdict.by, manual=False)


def _unstated(stored: Edge, by: str) -> Closure:
    if stored.closure is not None and stored.closure.reason == UNSTATED:
        return stored.closure  # so since an earlier reading
    return Closure(reason=UNSTATED, by=by, manual=False)


def _unseen(known: tuple[Evidence, ...], given: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    ids = {evidence.id for evidence in known}
    fresh: dict[str, Evidence] = {}
    for evidence in given:
        if evidence.id not in ids:
            fresh.setdefault(evidence.id, evidence)
    return tuple(fresh.values())
