"""From what a person typed to the parts that do the work: the only wiring."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import lineage
from lineage import GraphStore, InvalidName, LineageGraph, Outcome, Progress, SourceOptions


def parse_instant(text: str) -> datetime:
    """The moment that `2026-11-20` or `2026-11-20T12:00:00Z` writes; a date alone means its
    end, so that `--as-of` a day shows what that day brought. InvalidName otherwise.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidName(f"not a moment: {text!r}; write it as 2026-11-20T12:00:00Z") from error
    if len(text) == len("2026-11-20"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_graph(store: GraphStore, as_of: str | None) -> LineageGraph:
    """The store's graph, as of a written moment if there is one."""
    return LineageGraph.from_store(store, as_of=parse_instant(as_of) if as_of else None)


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
    parts = lineage.load_parts()
    source = parts.source(inputs, options)
    seeds = source.seeds()
    with stop_at_interrupt() as stop:
        return lineage.reconstruct(
            seeds,
            source=source,
            readers=parts.readers(seeds),
            resolver=parts.resolver(seeds),
            store=store,
            max_depth=max_depth,
            workers=workers,
            fresh=fresh,
            stop=stop,
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
    parts = lineage.load_parts()
    source = parts.source(inputs, options)
    seeds = source.seeds()
    with stop_at_interrupt() as stop:
        return lineage.refresh(
            source=source,
            readers=parts.readers(seeds),
            resolver=parts.resolver(seeds),
            store=store,
            workers=workers,
            stop=stop,
            on_progress=on_progress,
        )
