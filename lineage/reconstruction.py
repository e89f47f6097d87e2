"""From seeds outward, level by level: read, resolve, store.

Every dataset is read once. What has been read lies in the store's run log, so a run that
was interrupted, even by `kill -9`, goes on where it stopped: the levels are recomputed
from the stored edges, and nothing that the log holds is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Annotated
from uuid import uuid4

from pydantic import Field

from lineage.errors import SourceError
from lineage.identity import DatasetId
from lineage.model import (
    Dataset,
    Document,
    Fact,
    Failure,
    Id,
    NodeKind,
    Proposal,
    Rejection,
    Value,
    digest,
    now,
)
from lineage.ports import DocumentSource, Reader, Resolver
from lineage.store import DatasetReading, DocumentRead, GraphStore, Run


class Progress(Value):
    """Where a running reconstruction is: what a progress bar shows."""

    level: int
    read: int
    planned: int  # of this level and those before it
    edges: int
    failures: int
    rejections: int
    latest: Id


class Outcome(Value):
    """What one reconstruction did. `resumed` counts what an earlier attempt had read."""

    run: str
    read: int
    unread: int
    """Datasets among those read of which no document could be had."""
    resumed: int
    edges: Annotated[int, Field(ge=0)]
    failures: tuple[Failure, ...]
    rejections: int
    levels: int
    frontier: tuple[Id, ...]
    """Datasets not read because of `max_depth` or an interruption."""
    withdrawn: int = 0
    """Datasets that the source no longer has, and that were read from it before."""
    interrupted: bool = False
    ignored: tuple[str, ...] = ()
    """What the source came upon and left alone, each with the reason."""


def reconstruct(
    seeds: Iterable[DatasetId],
    *,
    source: DocumentSource,
    readers: Sequence[Reader],
    resolver: Resolver,
    store: GraphStore,
    max_depth: int = 3,
    workers: int = 8,
    fresh: bool = False,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Reads the seeds, then the parents they name, down to `max_depth` levels (1 = the
    seeds only), and stores each dataset's reading in one transaction.

    An unfinished run with the same source, seeds, readers and depth is resumed unless
    `fresh`. What cannot be read, for whatever reason, becomes a Failure on its dataset; the
    rest goes on. Only the store's own errors end the run. Once `stop()` is true nothing new
    is begun, what is under way is finished and stored, and the run stays open for resuming.
    """
    if max_depth < 1:
        raise ValueError(f"max_depth counts levels and starts at 1, not {max_depth}")
    spellings = _Spellings(resolver, (*source.seeds(), *(chosen := tuple(seeds))))
    level = sorted({resolver.canonical(seed).base for seed in chosen})
    run = store.start_run(_run(level, source, readers, max_depth, fresh=fresh))
    done = store.read_in_run(run.id)
    worker = _Worker(run.id, source, readers, resolver, spellings)
    tally = _Tally(resumed=len(done))
    seen, depth = set(level), 0
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="read") as pool:
        while level and depth < max_depth:
            depth += 1
            tally.level, tally.planned = depth, tally.planned + len(level)
            ahead = [one for one in level if one not in done]
            for reading in _as_read(pool, worker.read, ahead, stop, at_once=2 * workers):
                store.record(_withdrawing(reading, store, source))
                on_progress(tally.add(reading))
            if stop():
                return tally.outcome(run.id, depth, level, source.ignored, interrupted=True)
            level = _next_level(store, worker, level, seen)
            seen.update(level)
    store.finish_run(run.id)
    return tally.outcome(run.id, depth, level, source.ignored)


def refresh(
    *,
    source: DocumentSource,
    readers: Sequence[Reader],
    resolver: Resolver,
    store: GraphStore,
    only: Iterable[DatasetId] = (),
    workers: int = 8,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Reads again what changed since it was last read, and nothing else.

    A dataset changed where the source's version of it (ETag, commit, file state) differs
    from the one logged, where it cannot be told, or where other readers read it then. What
    could not be read last time is tried again, the source's seeds that were never read are
    read, and what documents said that the source no longer has is withdrawn. Parents that
    are new in a card are not followed: `reconstruct` does that.
    """
    wanted = frozenset(resolver.canonical(one).base for one in only)
    names = frozenset(reader.name for reader in readers)
    logged: dict[DatasetId, list[DocumentRead]] = {}
    for line in store.documents():
        if not wanted or line.dataset.base in wanted:
            logged.setdefault(line.dataset.base, []).append(line)
    failed = {one.dataset.base for one in store.failures()}
    seeds = source.seeds()
    for dataset in {*failed, *(resolver.canonical(seed).base for seed in seeds)}:
        if not wanted or dataset in wanted:
            logged.setdefault(dataset, [])
    spellings = _Spellings(resolver, seeds)
    changed = [
        dataset
        for dataset, lines in sorted(logged.items())
        if _changed(source, spellings.of(dataset), lines, names, failed=dataset in failed)
    ]
    run = store.start_run(_run(changed, source, readers, 1, fresh=True, purpose="refresh"))
    withdrawn = 0
    for dataset, lines in sorted(logged.items()):
        gone = tuple(line.document for line in lines if source.covers(line.document))
        if gone and not any(source.knows(one) for one in spellings.of(dataset)):
            store.record(DatasetReading(dataset=dataset, run=run.id, withdrawn=gone))
            withdrawn += 1
    worker = _Worker(run.id, source, readers, resolver, spellings)
    tally = _Tally(level=1, planned=len(changed))
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="read") as pool:
        for reading in _as_read(pool, worker.read, changed, stop, at_once=2 * workers):
            store.record(_withdrawing(reading, store, source))
            on_progress(tally.add(reading))
    store.finish_run(run.id)
    outcome = tally.outcome(run.id, 1, (), source.ignored, interrupted=stop())
    return outcome.model_copy(update={"withdrawn": withdrawn})


class _Spellings:
    """The ids under which sources know one dataset: two cards may describe the same, and a
    seed may ask for a revision.
    """

    def __init__(self, resolver: Resolver, ids: Iterable[DatasetId]) -> None:
        self._known: dict[DatasetId, dict[DatasetId, None]] = {}
        for one in ids:
            asked = DatasetId(hub=one.hub, name=one.name, revision=one.revision)
            self._known.setdefault(resolver.canonical(one).base, {})[asked] = None

    def of(self, dataset: DatasetId) -> tuple[DatasetId, ...]:
        return tuple(self._known.get(dataset, (dataset,)))


def _changed(
    source: DocumentSource,
    spellings: Iterable[DatasetId],
    lines: Sequence[DocumentRead],
    readers: frozenset[str],
    *,
    failed: bool,
) -> bool:
    known = [one for one in spellings if source.knows(one)]
    if not known:
        return False  # another source's dataset: nothing here can tell
    if failed or any(frozenset(line.readers) != readers for line in lines):
        return True
    try:
        versions = [source.version(one) for one in known]
    except SourceError:
        return True  # reading it will record why
    logged = {line.version for line in lines}
    return any(version is None or version not in logged for version in versions)


class _Worker:
    """Reads one dataset: documents -> proposals -> edges. Runs on any thread."""

    def __init__(
        self,
        run: str,
        source: DocumentSource,
        readers: Sequence[Reader],
        resolver: Resolver,
        spellings: _Spellings,
    ) -> None:
        self.run, self.source, self.readers, self.resolver = run, source, readers, resolver
        self.spellings = spellings

    def can_read(self, dataset: DatasetId) -> bool:
        """Whether the source is worth asking for this dataset."""
        return any(self.source.knows(one) for one in self.spellings.of(dataset))

    def read(self, dataset: DatasetId) -> DatasetReading:
        """Everything that the documents about `dataset` state, resolved. Never raises: what
        goes wrong is a Failure of the step it went wrong in.
        """
        proposals: list[Proposal] = []
        facts: list[Fact] = []
        rejections: list[Rejection] = []
        log: list[DocumentRead] = []
        failures: list[Failure] = []
        for found in self._documents(dataset):
            if isinstance(found, Failure):
                failures.append(found)
                continue
            try:
                readings = [reader.read(found) for reader in self.readers]
            # A reader is a guest: a bug in it that one card brings out must not end the run.
            except Exception as error:  # noqa: BLE001 - recorded, and shown
                failures.append(Failure.of(dataset, "read", error, document=found.id))
                continue
            for reading in readings:
                proposals += reading.proposals
                facts += reading.facts
                rejections += reading.rejections
            log.append(self._log(found, sum(len(reading.proposals) for reading in readings)))
        try:
            nodes, edges, refused = self.resolver.resolve(tuple(proposals), tuple(facts))
        except Exception as error:  # noqa: BLE001 - recorded, and shown; nothing of it is stored
            failures.append(Failure.of(dataset, "resolve", error))
            nodes, edges, refused, log = (), (), (), []
        return DatasetReading(
            dataset=dataset,
            run=self.run,
            datasets=_documented(nodes, dataset, bool(log)),
            edges=edges,
            documents=tuple(log),
            failures=tuple(failures),
            rejections=(*rejections, *refused),
        )

    def _documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
        for spelling in self.spellings.of(dataset):
            try:
                yield from self.source.documents(spelling)
            except Exception as error:  # noqa: BLE001 - recorded, and shown
                yield Failure.of(dataset, "source", error)

    def _log(self, document: Document, proposals: int) -> DocumentRead:
        return DocumentRead(
            document=document.id,
            dataset=self.resolver.canonical(document.dataset).base,
            kind=document.kind,
            sha256=document.sha256,
            version=document.version,
            readers=tuple(reader.name for reader in self.readers),
            proposals=proposals,
            fetched_at=document.fetched_at,
            read_at=now(),
            skipped=document.skipped,
        )


class _Tally:
    """Counts of a run so far."""

    def __init__(self, *, resumed: int = 0, level: int = 0, planned: int = 0) -> None:
        self.resumed, self.level, self.planned = resumed, level, planned
        self.read = self.unread = self.edges = self.rejections = 0
        self.failures: list[Failure] = []

    def add(self, reading: DatasetReading) -> Progress:
        self.read += 1
        self.unread += not reading.documents
        self.edges += len(reading.edges)
        self.rejections += len(reading.rejections)
        self.failures += reading.failures
        return Progress(
            level=self.level,
            read=self.read + self.resumed,
            planned=self.planned,
            edges=self.edges,
            failures=len(self.failures),
            rejections=self.rejections,
            latest=reading.dataset,
        )

    def outcome(
        self,
        run: str,
        levels: int,
        frontier: Iterable[DatasetId],
        ignored: tuple[str, ...],
        *,
        interrupted: bool = False,
    ) -> Outcome:
        return Outcome(
            run=run,
            read=self.read,
            unread=self.unread,
            resumed=self.resumed,
            edges=self.edges,
            failures=tuple(self.failures),
            rejections=self.rejections,
            levels=levels,
            frontier=tuple(sorted(frontier)),
            interrupted=interrupted,
            ignored=ignored,
        )


def _withdrawing(
    reading: DatasetReading, store: GraphStore, source: DocumentSource
) -> DatasetReading:
    """The reading with the documents that were read before and that its source, which
    would give them, no longer has. Where something could not be had, none is taken for
    gone.
    """
    if any(one.step != "read" for one in reading.failures):
        return reading
    there = {line.document for line in reading.documents}
    there |= {one.document for one in reading.failures}
    gone = tuple(
        line.document
        for line in store.documents(reading.dataset)
        if line.document not in there and source.covers(line.document)
    )
    return reading.model_copy(update={"withdrawn": gone}) if gone else reading


def _run(
    seeds: Sequence[DatasetId],
    source: DocumentSource,
    readers: Sequence[Reader],
    max_depth: int,
    *,
    fresh: bool,
    purpose: str = "reconstruct",
) -> Run:
    names = [reader.name for reader in readers]
    run_id = uuid4().hex[:12]
    parts = (purpose, source.location, max_depth, *names, *map(str, seeds))
    key = digest(*parts, run_id if fresh else "")
    settings = {
        "purpose": purpose,
        "seeds": ", ".join(map(str, seeds[:20])) + (" ..." if len(seeds) > 20 else ""),
        "seed_count": str(len(seeds)),
        "source": source.location,
        "readers": ", ".join(names),
        "max_depth": str(max_depth),
    }
    return Run(id=run_id, fingerprint=key, settings=settings, started_at=now())


def _documented(nodes: tuple[Dataset, ...], me: DatasetId, documented: bool) -> tuple[Dataset, ...]:
    kind = NodeKind.MODEL if me.hub == "model" else NodeKind.DATASET
    own = next((node for node in nodes if node.id == me), Dataset(id=me, kind=kind))
    own = own.model_copy(update={"documented": documented})
    return (own, *(node for node in nodes if node.id != me))


def _next_level(
    store: GraphStore, worker: _Worker, level: Iterable[DatasetId], seen: set[DatasetId]
) -> list[DatasetId]:
    parents = {
        edge.parent.base
        for dataset in level
        for edge in store.edges(child=dataset)
        if edge.role.carries_data
    }
    return sorted(parent for parent in parents - seen if worker.can_read(parent))


def _as_read(
    pool: ThreadPoolExecutor,
    read: Callable[[DatasetId], DatasetReading],
    datasets: Iterable[DatasetId],
    stop: Callable[[], bool],
    *,
    at_once: int,
) -> Iterator[DatasetReading]:
    """Readings as they finish, with a bounded number under way, so that neither memory nor
    what a kill loses grows with the length of the list.
    """
    waiting = iter(datasets)
    running: set[Future[DatasetReading]] = set()
    while True:
        while len(running) < at_once and not stop():
            dataset = next(waiting, None)
            if dataset is None:
                break
            running.add(pool.submit(read, dataset))
        if not running:
            return
        finished, running = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            yield future.result()
