"""From what a person typed to the parts that do the work: the only wiring."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

import lineage
from lineage import (
    DatasetId,
    DocumentSource,
    GraphStore,
    InvalidName,
    LineageGraph,
    Outcome,
    Progress,
    Reader,
    Resolver,
    SourceOptions,
    UnknownDataset,
)


def parse_instant(text: str) -> datetime:
    """The moment that `2026-11-20` or `2026-11-20T12:00:00Z` writes; a date alone means its
    end, so that `--as-of` a day shows what that day brought. InvalidName otherwise.
    """
    try:
        moment = datetime.fromisoformat(text)
        if not set("T :") & set(text):
            moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidName(f"not a moment: {text!r}; write it as 2026-11-20T12:00:00Z") from error


def read_graph(store: GraphStore, as_of: str | None, *, closed: bool = False) -> LineageGraph:
    """The store's graph, as of a written moment if there is one."""
    moment = parse_instant(as_of) if as_of else None
    return LineageGraph.from_store(store, as_of=moment, closed=closed)


def open_existing(location: str) -> GraphStore:
    """The store at `location` for writing; StoreError where there is none yet, so that a
    mistyped name does not make one.
    """
    lineage.open_store(location, read_only=True).close()
    return lineage.open_store(location)


def identified(graph: LineageGraph, written: str) -> DatasetId:
    """The id of what a person wrote, narrowing kept: the graph's own where it knows it by id
    or name, else the one that readings would give it.
    """
    asked = DatasetId.parse(written)
    try:
        node = graph.find(str(asked.base)).id
    except UnknownDataset:
        return lineage.load_parts().resolver().named(written)
    return node.narrowed_as(asked)


@contextmanager
def stop_at_interrupt() -> Iterator[Callable[[], bool]]:
    """A function that tells whether Ctrl-C was pressed once, so that work under way can be
    finished and stored; a second Ctrl-C interrupts at once.
    """
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class Job:
    """Everything that reading from some inputs needs; `stop` is true after a Ctrl-C."""

    seeds: tuple[DatasetId, ...]
    source: DocumentSource
    readers: tuple[Reader, ...]
    resolver: Resolver
    stop: Callable[[], bool]


@contextmanager
def job(inputs: Sequence[str], options: SourceOptions) -> Iterator[Job]:
    """What reads everything that `inputs` and `options` name, while Ctrl-C is heeded."""
    parts = lineage.load_parts()
    source = parts.source(inputs, options)
    seeds = source.seeds()
    with stop_at_interrupt() as stop:
        yield Job(seeds, source, parts.readers(seeds), parts.resolver(seeds), stop)


def run_reconstruction(
    inputs: Sequence[str],
    options: SourceOptions,
    store: GraphStore,
    *,
    max_depth: int,
    workers: int,
    fresh: bool,
    on_progress: Callable[[Progress], None],
) -> Outcome:
    """Reconstructs from everything that `inputs` and `options` name, into the store."""
    with job(inputs, options) as work:
        return lineage.reconstruct(
            work.seeds,
            source=work.source,
            readers=work.readers,
            resolver=work.resolver,
            store=store,
            max_depth=max_depth,
            workers=workers,
            fresh=fresh,
            stop=work.stop,
            on_progress=on_progress,
        )


def run_refresh(
    inputs: Sequence[str],
    options: SourceOptions,
    store: GraphStore,
    *,
    workers: int,
    on_progress: Callable[[Progress], None],
) -> Outcome:
    """Reads again, from the same inputs, what changed since the store read it."""
    with job(inputs, options) as work:
        return lineage.refresh(
            source=work.source,
            readers=work.readers,
            resolver=work.resolver,
            store=store,
            workers=workers,
            stop=work.stop,
            on_progress=on_progress,
        )
