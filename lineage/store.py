"""What any graph store promises; `graph_store/` keeps the promise.

A store holds nodes, versions of edges, and the log of what was read. Nothing is ever
deleted: a change of an edge supersedes its current version and adds one, so the graph can
be read *as of* any moment since the store was made.

The clock of what was known is the edges' own: a version's `recorded_at` is that of the edge
given, but never earlier than that of the version it supersedes, and `superseded_at` is the
`recorded_at` of the version after it. A `superseded_at` that is given is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Annotated, Protocol, Self

from pydantic import Field

from lineage.identity import DatasetId
from lineage.model import (
    Closure,
    Dataset,
    DocumentKind,
    Edge,
    Failure,
    Id,
    Instant,
    Rejection,
    Sha256,
    Value,
)


class DocumentRead(Value):
    """A line of the run log: one document that was read, and with what outcome."""

    document: str
    dataset: Id
    kind: DocumentKind
    sha256: Sha256
    version: str | None = None
    readers: tuple[str, ...]  # name and version of each reader that read it
    proposals: Annotated[int, Field(ge=0)]
    fetched_at: Instant
    read_at: Instant
    skipped: tuple[str, ...] = ()


class DatasetReading(Value):
    """All that reading one dataset brought: what one transaction writes.

    `datasets` holds the dataset itself and every parent named; `edges` has this dataset
    (or, from a document that speaks of several, another) as child. An empty reading is
    an answer too: "read, and no parent stated".
    """

    dataset: Id
    run: str | None = None
    datasets: tuple[Dataset, ...] = ()
    edges: tuple[Edge, ...] = ()
    documents: tuple[DocumentRead, ...] = ()
    failures: tuple[Failure, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Documents that were read before and are gone, as their source says. A document that
    is neither read now nor withdrawn was merely not asked for, and still says what it said."""


class Run(Value):
    """One reconstruction: its id, what it was asked to do, and how it ended.

    `fingerprint` is equal for runs asked to do the same: an unfinished run is resumed by
    the next one with its fingerprint. `settings` is for people and never holds secrets.
    """

    id: str
    fingerprint: str
    settings: dict[str, str] = {}
    started_at: Instant
    finished_at: Instant | None = None
    read: int = 0
    failed: int = 0


class GraphStore(Protocol):
    """A place where a lineage graph lives. One instance belongs to one thread at a time.

    Every writing method is one transaction: when it returns, the change survives a crash;
    when it raises StoreError, nothing of it was written. Readers see whole transactions
    only, and are not blocked by a writer.

    A document read about several datasets (a paper that two cards link) speaks of each
    apart: a reading takes back what its document said when read about this dataset. What
    was put, not read, counts as said of its child (a fact: of its dataset), until a reading
    says the same and makes it its own.

    The clock runs with the present: whatever moment is given, none is recorded that is
    later than the writing, so the graph as of now is the current one and no mistaken date
    holds up the versions that follow. What is taken away is so since the latest `read_at`
    of the reading (no document read: since the writing), however old the evidence is that
    remains. Facts have the same clock: known since their evidence's `found_at`, until then.
    """

    @property
    def location(self) -> str:
        """Where it is, as `open_store` takes it, without secrets."""

    def record(self, reading: DatasetReading) -> None:
        """Writes one dataset's reading; writing the same again changes nothing.

        Statements belong to documents. What a document of this reading (`documents`) said
        before and does not say now, and all that a `withdrawn` one said, is superseded: it
        is no longer read, except as of earlier moments. That goes for facts and for pieces
        of evidence, whichever dataset they are about. Evidence of methods manual, content
        and imported is never taken away by a reading.

        Nodes: facts are told apart by their dataset, key, value and evidence; a name or a
        kind other than `dataset` replaces a bare default; `documented` never turns back to
        False. Where names disagree, that of a documented node (its own reading) replaces
        the others, of which the first in text order stays; where kinds do, benchmark goes
        before model, and model before source. So the order in which different datasets
        are recorded does not matter. Ends of edges that are neither given nor stored
        become bare nodes (of kind model where their hub is `model`).

        Edges: the same id is the same edge. New evidence is united with what is stored
        and current (same evidence id: the stored one stays, so its first `found_at` is
        kept). The given confidence counts where the given edge holds all the evidence;
        else confidence is `believed` of the united evidence. The given flags and closure
        become current; the stored verdict and validity stay where the given edge has none.
        Where anything changed, the current version is superseded and a new one recorded.
        An edge that was closed by a person stays closed and only gains evidence; one closed
        otherwise opens again, unless its verdict is contradicted: such an edge is closed
        by that, with the verdict's reason. Edges of one id within a reading count as one,
        with the evidence of all and the state of the last.

        A new edge that differs from one that a person closed by its relation only is
        recorded closed, with that closure: the person judged the pair. Where a person's
        word is among the evidence, so is that person's validity.

        An open edge that has lost all its evidence in this way is closed with the reason
        "no longer stated" at the latest `read_at` of the reading, and keeps, closed, the
        evidence it had. An edge that never had any stays open.

        The run's log gets the documents, failures and rejections; a dataset read again
        in the same run (or, both times, in none) replaces its log entry there. Earlier
        failures of the dataset stay in their own run. StoreError where `reading.run` was
        never started.
        """

    def put_edges(
        self, edges: Iterable[Edge], *, ends: Iterable[Dataset] = (), reopen: bool = False
    ) -> None:
        """Writes edges by themselves (by hand, by import, by verification), all in one
        transaction, as `record` does but with no run and no closing of others.

        With `reopen`, an edge that a person closed opens again, unless the given one is
        closed itself. `ends` are nodes, written even where no edge names them; ends that
        the store does not know and that are not given are made, undocumented.
        """

    def close_edge(self, edge_id: str, closure: Closure, *, at: datetime | None = None) -> Edge:
        """Closes the open version of the edge and returns it as closed, evidence kept.

        UnknownEdge (a StoreError) where there is none of that id; an edge closed already
        is returned as it is, except that a person's closure replaces one that was not.
        """

    def dataset(self, dataset: DatasetId) -> Dataset | None:
        """The node, whatever the narrowing of the id given; None where there is none."""

    def datasets(self) -> Iterator[Dataset]:
        """All nodes, in the order of their ids; facts by key and value."""

    def edges(
        self,
        *,
        child: DatasetId | None = None,
        parent: DatasetId | None = None,
        as_of: datetime | None = None,
        closed: bool = False,
    ) -> Iterator[Edge]:
        """Edges, ordered by child, parent and id; ends are compared by their base.

        The current open versions; with `as_of`, those that were open at that moment, with
        the evidence known then. With `closed`, closed edges too (their last version).
        Evidence comes in the order in which it was given. The iterator sees one state of
        the store, whatever is written before it ends, by this instance too. StoreError
        where `as_of` has no time zone.
        """

    def edge_history(self, edge_id: str) -> tuple[Edge, ...]:
        """Every version of the edge, the oldest first, each with the evidence known then;
        empty where there is none.
        """

    def start_run(self, run: Run) -> Run:
        """Logs the run and returns it; where an unfinished run has its fingerprint, that
        one is returned instead and nothing is written. `read` and `failed` are counted by
        the store, whatever the run given says. StoreError where another run has its id.
        """

    def finish_run(self, run_id: str, *, at: datetime | None = None) -> None:
        """Marks the run finished; a finished one stays as it is. StoreError where there is
        no such run.
        """

    def runs(self) -> tuple[Run, ...]:
        """All runs, the newest first. `read` counts the datasets whose reading each has
        recorded, `failed` those among them with a failure.
        """

    def read_in_run(self, run_id: str) -> frozenset[DatasetId]:
        """The datasets (base ids) whose reading the run has recorded: a resumed run
        reads none of them again.
        """

    def documents(self, dataset: DatasetId | None = None) -> tuple[DocumentRead, ...]:
        """The latest log line (by `read_at`) of each document, of one dataset or of all, by
        document; a document read about several datasets has a line for each. Withdrawn
        documents are left out.
        """

    def failures(
        self, *, run: str | None = None, dataset: DatasetId | None = None
    ) -> tuple[Failure, ...]:
        """Recorded failures, oldest first. Without `run`: of each dataset, those of its last
        reading, in whatever run or none.
        """

    def rejections(
        self, *, run: str | None = None, dataset: DatasetId | None = None
    ) -> tuple[Rejection, ...]:
        """Rejected proposals, as `failures` does, in the order in which they were recorded;
        `dataset` is the child.
        """

    def close(self) -> None:
        """Releases the store; using it afterwards raises StoreError. Closing it again is no
        error.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
