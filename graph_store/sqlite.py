"""`SqliteStore`: the embedded graph store, one SQLite file in write-ahead-logging mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from graph_store import sqlite_log as log
from graph_store import sqlite_rows as rows
from graph_store.merging import Writing, closed_version, first_version, next_version, united
from graph_store.sqlite_file import (
    Connection,
    connect,
    file_state,
    frozen,
    location_of,
    open_for_reading,
    open_for_writing,
    path_of,
    transaction,
    translated,
)
from graph_store.sqlite_voices import PUT, Voices
from lineage.errors import StoreError, UnknownEdge
from lineage.identity import DatasetId
from lineage.model import Closure, Dataset, Edge, Failure, Rejection, now
from lineage.store import DatasetReading, DocumentRead, Run

_T = TypeVar("_T")

BUSY_TIMEOUT: Final = 30.0
"""Seconds that a writer waits for another one. A reading is dearer than a wait, and only an
import holds the lock for more than a blink."""

_BATCH: Final = 5_000
"""Edges merged at a time: an import holds no more than these in memory twice."""


class SqliteStore:
    """A `GraphStore` in one file. Several processes may use it at once: one writes, the
    others wait or read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with SqliteStore.open(f"{folder}/lineage.db") as store:
    ...         list(store.datasets())
    []
    """

    def __init__(self, path: Path, connection: Connection, *, read_only: bool, timeout: float):
        """Use `SqliteStore.open`."""
        self._path = path
        self._read_only = read_only
        self._timeout = timeout
        self._main: Connection | None = connection
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._state: tuple[int, ...] | None = None

    @classmethod
    def open(
        cls, location: str, *, read_only: bool = False, timeout: float = BUSY_TIMEOUT
    ) -> SqliteStore:
        """The store at `sqlite:///abs/path`, `sqlite:relative.db` or a bare path; a missing
        file is made, except with `read_only`. Writers wait `timeout` seconds for others.

        StoreError, with the file untouched, where it cannot be used: a folder, another
        program's file, no permission, no room. StoreTooNew where a newer version wrote it.
        """
        path = path_of(location)
        opened = open_for_reading if read_only else open_for_writing
        return cls(path, opened(path, timeout=timeout), read_only=read_only, timeout=timeout)

    @property
    def location(self) -> str:
        """`sqlite://` and the absolute path."""
        return location_of(self._path)

    # --- transactions --------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        connection = self._opened()
        if self._read_only:
            raise StoreError(f"the store {self._path} was opened read-only; open it for writing")
        with translated(self._path), transaction(connection):
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection of its own that sees one state of the store until the block ends,
        whatever is written meanwhile, by this instance too.
        """
        self._opened()
        with translated(self._path):
            state = frozen(self._path) if self._read_only else None
            if state != self._state:
                self._forget_idle()  # they would go on seeing the file as it was
                self._state = state
            connection = self._idle.pop() if self._idle else self._new_reader()
            self._lent.add(connection)
            try:
                connection.execute("BEGIN")
                yield connection
                if state is not None and file_state(self._path) != state:
                    raise StoreError(f"the store {self._path} changed while it was read; try again")
            finally:
                self._give_back(connection, pooled=state == self._state)

    def _new_reader(self) -> Connection:
        return connect(self._path, read_only=True, timeout=self._timeout)

    def _give_back(self, connection: Connection, *, pooled: bool) -> None:
        self._lent.discard(connection)
        if self._main is None or not pooled:
            connection.close()
            return
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._idle.append(connection)

    def _forget_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _opened(self) -> Connection:
        if self._main is None:
            raise StoreError(f"the store {self._path} was closed; open it again")
        return self._main

    def _streamed(self, read: Callable[[Connection], Iterator[_T]]) -> Iterator[_T]:
        with self._reading() as connection:
            yield from read(connection)

    # --- writing -------------------------------------------------------------------------

    def record(self, reading: DatasetReading) -> None:
        """See `GraphStore.record`."""
        with self._writing() as connection:
            if reading.run is not None and not log.read_runs(connection, run_id=reading.run):
                raise StoreError(f"no run {reading.run!r} in {self._path}; call start_run first")
            edges, moment = united(reading.edges), now()
            latest = max((line.read_at for line in reading.documents), default=moment)
            writing = Writing(moment, read_at=min(latest, moment), by=reading.run or "reading")
            spoken = [*(line.document for line in reading.documents), *reading.withdrawn]
            voices = Voices(connection, rows.id_text(reading.dataset.base), spoken)
            rows.write_nodes(connection, reading.datasets, {reading.dataset.base, *_ends(edges)})
            rows.write_facts(connection, reading.datasets, voices, writing)
            hushed = sorted(voices.hush(edges) - edges.keys())
            _write_edges(connection, [*edges, *hushed], edges, voices, writing)
            log.write_log(connection, reading)

    def put_edges(
        self, edges: Iterable[Edge], *, ends: Iterable[Dataset] = (), reopen: bool = False
    ) -> None:
        """See `GraphStore.put_edges`."""
        every, nodes = tuple(edges), tuple(ends)  # before the lock: iterators may be slow
        with self._writing() as connection:
            given, writing = united(every), Writing(now=now(), reopen=reopen)
            voices = Voices(connection, PUT)
            rows.write_nodes(connection, nodes, _ends(given))
            rows.write_facts(connection, nodes, voices, writing)
            _write_edges(connection, given, given, voices, writing)

    def close_edge(self, edge_id: str, closure: Closure, *, at: datetime | None = None) -> Edge:
        """See `GraphStore.close_edge`."""
        with self._writing() as connection:
            current = rows.current_versions(connection, [edge_id])
            if edge_id not in current:
                raise UnknownEdge(f"no edge {edge_id!r} in {self._path}")
            stored = current[edge_id].edge
            moment = now()
            closed = closed_version(stored, closure, at=at or moment, now=moment)
            if closed is not None:
                rows.add_versions(connection, [closed], current)
            return closed or stored

    def start_run(self, run: Run) -> Run:
        """See `GraphStore.start_run`."""
        with self._writing() as connection:
            if unfinished := log.read_runs(connection, unfinished=run.fingerprint):
                return unfinished[0]
            if log.read_runs(connection, run_id=run.id):
                raise StoreError(f"{self._path} has another run {run.id!r}; give this one a new id")
            log.write_run(connection, run)
            return log.read_runs(connection, run_id=run.id)[0]

    def finish_run(self, run_id: str, *, at: datetime | None = None) -> None:
        """See `GraphStore.finish_run`."""
        with self._writing() as connection:
            if not log.read_runs(connection, run_id=run_id):
                raise StoreError(f"no run {run_id!r} in {self._path}")
            connection.execute(
                "UPDATE run SET finished_at = ? WHERE id = ? AND finished_at IS NULL",
                (rows.instant_text(at or now()), run_id),
            )

    # --- reading -------------------------------------------------------------------------

    def dataset(self, dataset: DatasetId) -> Dataset | None:
        """See `GraphStore.dataset`."""
        with self._reading() as connection:
            return next(rows.read_nodes(connection, str(dataset.base)), None)

    def datasets(self) -> Iterator[Dataset]:
        """See `GraphStore.datasets`."""
        self._opened()
        return self._streamed(rows.read_nodes)

    def edges(
        self,
        *,
        child: DatasetId | None = None,
        parent: DatasetId | None = None,
        as_of: datetime | None = None,
        closed: bool = False,
    ) -> Iterator[Edge]:
        """See `GraphStore.edges`."""
        self._opened()
        moment = None if as_of is None else rows.instant_text(as_of)
        return self._streamed(
            lambda connection: rows.read_edges(
                connection,
                child=None if child is None else str(child.base),
                parent=None if parent is None else str(parent.base),
                as_of=moment,
                closed=closed,
            )
        )

    def edge_history(self, edge_id: str) -> tuple[Edge, ...]:
        """See `GraphStore.edge_history`."""
        with self._reading() as connection:
            return tuple(rows.read_history(connection, edge_id))

    def runs(self) -> tuple[Run, ...]:
        """See `GraphStore.runs`."""
        with self._reading() as connection:
            return log.read_runs(connection)

    def read_in_run(self, run_id: str) -> frozenset[DatasetId]:
        """See `GraphStore.read_in_run`."""
        with self._reading() as connection:
            found = connection.execute("SELECT dataset FROM reading WHERE run = ?", (run_id,))
            return frozenset(rows.parse_id(row[0]) for row in found)

    def documents(self, dataset: DatasetId | None = None) -> tuple[DocumentRead, ...]:
        """See `GraphStore.documents`."""
        with self._reading() as connection:
            return log.read_documents(connection, _base(dataset))

    def failures(
        self, *, run: str | None = None, dataset: DatasetId | None = None
    ) -> tuple[Failure, ...]:
        """See `GraphStore.failures`."""
        with self._reading() as connection:
            return log.read_failures(connection, run=run, about=_base(dataset))

    def rejections(
        self, *, run: str | None = None, dataset: DatasetId | None = None
    ) -> tuple[Rejection, ...]:
        """See `GraphStore.rejections`."""
        with self._reading() as connection:
            return log.read_rejections(connection, run=run, about=_base(dataset))

    # --- the end -------------------------------------------------------------------------

    def close(self) -> None:
        """See `GraphStore.close`; closing twice is no error."""
        main, self._main = self._main, None
        if main is None:
            return
        with translated(self._path):
            for connection in (*self._idle, *self._lent, main):
                connection.close()
        self._idle.clear()
        self._lent.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """The items in lists of at most `size` (itertools.batched needs Python 3.12)."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _base(dataset: DatasetId | None) -> str | None:
    return None if dataset is None else str(dataset.base)


def _ends(edges: Mapping[str, Edge]) -> set[DatasetId]:
    return {end.base for edge in edges.values() for end in (edge.child, edge.parent)}


def _write_edges(
    connection: Connection,
    edge_ids: Iterable[str],
    given: Mapping[str, Edge],
    voices: Voices,
    writing: Writing,
) -> None:
    """Brings each of these edges to its next version: those given to what they say, the
    others to what is left of them.
    """
    judged = rows.judged_by_hand(connection)
    for ids in batched(edge_ids, _BATCH):
        current = rows.current_versions(connection, ids)
        versions = []
        for key in ids:
            stored, stated = current.get(key), given.get(key)
            if stored is not None:
                version = next_version(stored.edge, stated, stored.stated, writing)
            else:
                new = given[key]
                same = (rows.id_text(new.child), rows.id_text(new.parent), str(new.role))
                version = first_version(new, writing, judged.get(same))
            if version is not None:
                versions.append(version)
        placed = current | rows.add_versions(connection, versions, current)
        voices.say(
            (piece, placed[key].row, placed[key].places[piece.id])
            for key in ids
            if key in given
            for piece in given[key].evidence
            # What is put adds no voice to what somebody states already.
            if voices.dataset != PUT or key not in current or piece.id not in current[key].stated
        )
