"""Reconstruction: levels, each dataset once, failures recorded, interruption resumed."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import START

import lineage
from agents.resolver import RegistryResolver
from lineage import (
    DatasetId,
    Document,
    DocumentKind,
    Evidence,
    Failure,
    GraphStore,
    Method,
    NotFound,
    Outcome,
    Progress,
    Proposal,
    Reading,
    Relation,
    Unreadable,
)
from lineage.registry import Registry


class Shelf:
    """A source whose documents are lines `from NAME`; counts what is asked of it."""

    def __init__(self, name: str = "shelf", /, **parents: str) -> None:
        self.name = name
        self.texts = {
            f"o/{name}": "\n".join(f"from o/{p}" for p in said.split())
            for name, said in parents.items()
        }
        self.asked: Counter[str] = Counter()
        self.broken: set[str] = set()
        self.lock = threading.Lock()

    def seeds(self) -> tuple[DatasetId, ...]:
        return ()

    @property
    def location(self) -> str:
        return f"shelf:{self.name}"

    def covers(self, document: str) -> bool:
        return document.startswith(f"{self.name}/")

    @property
    def ignored(self) -> tuple[str, ...]:
        return ("a bookmark: no text",)

    def knows(self, dataset: DatasetId) -> bool:
        return dataset.name in self.texts

    def documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
        with self.lock:
            self.asked[dataset.name] += 1
        if dataset.name not in self.texts:
            raise NotFound(f"no {dataset}", address="shelf")
        if dataset.name in self.broken:
            error = Unreadable("the page is torn", address="shelf/torn")
            yield Failure.of(dataset, "source", error)
        text = self.texts[dataset.name]
        yield Document(
            id=f"{self.name}/{dataset.name}",
            dataset=dataset,
            kind=DocumentKind.CARD,
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            fetched_at=START,
            version=self.version(dataset),
        )

    def version(self, dataset: DatasetId) -> str | None:
        return hashlib.sha256(self.texts[dataset.name].encode()).hexdigest()


class LineReader:
    """Proposes the parent that each line names."""

    name = "lines/1"

    def read(self, document: Document) -> Reading:
        if "bug" in document.text:
            raise KeyError("the reader's author did not think of this")
        if "unreadable" in document.text:
            raise Unreadable("the reader stumbled", address=document.id)
        return Reading(proposals=tuple(self._proposals(document)))

    def _proposals(self, document: Document) -> Iterator[Proposal]:
        start = 0
        for line in document.text.splitlines():
            yield Proposal(
                child=document.dataset,
                parent_name=line.removeprefix("from "),
                parent_id=DatasetId.parse(line.removeprefix("from ")),
                relation=Relation.FILTERING,
                evidence=Evidence(
                    document=document.id,
                    sha256=document.sha256,
                    kind=document.kind,
                    quote=line,
                    start=start,
                    end=start + len(line),
                    method=Method.RULES,
                    reader=self.name,
                    confidence=0.9,
                    found_at=START,
                ),
            )
            start += len(line) + 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with lineage.open_store(str(tmp_path / "graph.db")) as opened:
        yield opened


def at_once() -> bool:
    """Stops before anything is begun."""
    return True


def run(shelf: Shelf, store: GraphStore, *seeds: str, **settings: object) -> Outcome:
    return lineage.reconstruct(
        [DatasetId.parse(f"o/{seed}") for seed in seeds],
        source=shelf,
        readers=[LineReader()],
        resolver=RegistryResolver(Registry(())),
        store=store,
        workers=2,
        **settings,  # type: ignore[arg-type]
    )


def again(shelf: Shelf, store: GraphStore) -> Outcome:
    return lineage.refresh(
        source=shelf,
        readers=[LineReader()],
        resolver=RegistryResolver(Registry(())),
        store=store,
    )


def pairs(store: GraphStore) -> set[tuple[str, str]]:
    return {(e.child.name, e.parent.name) for e in store.edges()}


def test_levels_are_followed_and_each_dataset_is_read_once(store: GraphStore) -> None:
    shelf = Shelf(a="b c", b="d", c="d", d="e", e="a")
    outcome = run(shelf, store, "a", max_depth=10)
    assert set(shelf.asked.values()) == {1}
    assert (outcome.read, outcome.levels, outcome.frontier) == (5, 4, ())
    assert outcome.ignored == ("a bookmark: no text",)
    assert pairs(store) == {
        ("o/a", "o/b"),
        ("o/a", "o/c"),
        ("o/b", "o/d"),
        ("o/c", "o/d"),
        ("o/d", "o/e"),
        ("o/e", "o/a"),
    }


@pytest.mark.parametrize(("depth", "read"), [(1, {"o/a"}), (2, {"o/a", "o/b"})])
def test_max_depth_counts_levels(store: GraphStore, depth: int, read: set[str]) -> None:
    shelf = Shelf(a="b", b="c", c="d", d="")
    outcome = run(shelf, store, "a", max_depth=depth)
    assert set(shelf.asked) == read
    assert len(outcome.frontier) == 1


def test_a_parent_the_source_does_not_know_is_not_asked_for(store: GraphStore) -> None:
    shelf = Shelf(a="elsewhere")
    assert run(shelf, store, "a").failures == ()
    node = store.dataset(DatasetId.parse("o/elsewhere"))
    assert node is not None
    assert not node.documented


def test_failures_are_recorded_and_the_rest_goes_on(store: GraphStore) -> None:
    shelf = Shelf(a="b c", b="", c="unreadable")
    shelf.broken = {"o/b"}
    outcome = run(shelf, store, "a", "missing", "c")
    assert {(f.dataset.name, f.step, f.error) for f in outcome.failures} == {
        ("o/missing", "source", "NotFound"),
        ("o/b", "source", "Unreadable"),
        ("o/c", "read", "Unreadable"),
    }
    assert set(store.failures()) == set(outcome.failures)
    assert ("o/a", "o/c") in pairs(store)


def test_nothing_stated_is_not_a_failure(store: GraphStore) -> None:
    assert run(Shelf(a=""), store, "a").failures == ()
    node = store.dataset(DatasetId.parse("o/a"))
    assert node is not None
    assert node.documented
    assert [line.proposals for line in store.documents()] == [0]


def test_a_stopped_run_is_resumed_and_reads_nothing_twice(store: GraphStore) -> None:
    shelf = Shelf(a=" ".join(f"p{n}" for n in range(30)), **{f"p{n}": "" for n in range(30)})
    seen: list[Progress] = []
    first = run(shelf, store, "a", stop=lambda: len(seen) >= 10, on_progress=seen.append)
    assert first.interrupted
    assert 10 <= first.read < 31
    second = run(shelf, store, "a")
    assert second.resumed == first.read
    assert second.run == first.run
    assert set(shelf.asked.values()) == {1}
    assert len(shelf.asked) == 31
    assert [one.finished_at is not None for one in store.runs()] == [True]


def test_a_finished_run_is_not_resumed(store: GraphStore) -> None:
    shelf = Shelf(a="")
    run(shelf, store, "a")
    assert run(shelf, store, "a").resumed == 0
    assert shelf.asked["o/a"] == 2


def test_fresh_starts_anew_where_a_run_is_open(store: GraphStore) -> None:
    shelf = Shelf(a="b", b="")
    run(shelf, store, "a", stop=lambda: bool(shelf.asked))
    assert run(shelf, store, "a", fresh=True).resumed == 0


def test_refresh_reads_only_what_changed_and_closes_what_is_gone(store: GraphStore) -> None:
    shelf = Shelf(a="b c", b="", c="")
    run(shelf, store, "a")
    shelf.asked.clear()
    assert again(shelf, store).read == 0
    shelf.texts["o/a"] = "from o/c"
    assert again(shelf, store).read == 1
    assert dict(shelf.asked) == {"o/a": 1}
    assert pairs(store) == {("o/a", "o/c")}
    closed = [edge for edge in store.edges(closed=True) if edge.closure]
    assert [edge.parent.name for edge in closed] == ["o/b"]
    assert closed[0].evidence


def test_refresh_tries_again_what_could_not_be_read(store: GraphStore) -> None:
    shelf = Shelf(a="unreadable", b="")
    assert len(run(shelf, store, "a", "b").failures) == 1
    shelf.asked.clear()
    shelf.texts["o/a"] = "from o/b"
    assert again(shelf, store).failures == ()
    assert dict(shelf.asked) == {"o/a": 1}
    assert pairs(store) == {("o/a", "o/b")}
    assert store.failures() == ()


def test_refresh_keeps_edges_where_a_document_could_not_be_read(store: GraphStore) -> None:
    shelf = Shelf(a="b", b="")
    run(shelf, store, "a")
    shelf.texts["o/a"] = "changed and unreadable"
    assert len(again(shelf, store).failures) == 1
    assert pairs(store) == {("o/a", "o/b")}


def test_progress_is_told_for_each_dataset(store: GraphStore) -> None:
    seen: list[Progress] = []
    run(Shelf(a="b", b=""), store, "a", on_progress=seen.append)
    assert [(one.level, one.read, one.planned) for one in seen] == [(1, 1, 1), (2, 2, 2)]


def test_a_bug_in_a_reader_costs_one_document_and_not_the_run(store: GraphStore) -> None:
    outcome = run(Shelf(a="b c", b="bug", c=""), store, "a")
    assert [(f.dataset.name, f.step, f.error) for f in outcome.failures] == [
        ("o/b", "read", "KeyError")
    ]
    assert outcome.read == 3


def test_a_run_stopped_before_it_began_is_resumed(store: GraphStore) -> None:
    shelf = Shelf(a="b", b="")
    first = run(shelf, store, "a", stop=at_once)
    assert (first.interrupted, first.read) == (True, 0)
    second = run(shelf, store, "a")
    assert (second.run, second.read) == (first.run, 2)


def test_another_source_is_another_run(store: GraphStore) -> None:
    run(Shelf("one", a="b"), store, "a", stop=at_once)
    outcome = run(Shelf("two", a="c"), store, "a")
    assert outcome.resumed == 0
    assert pairs(store) == {("o/a", "o/c")}


def test_reading_one_source_takes_nothing_from_what_another_said(store: GraphStore) -> None:
    run(Shelf("one", a="b"), store, "a")
    run(Shelf("two", a="c"), store, "a")
    assert pairs(store) == {("o/a", "o/b"), ("o/a", "o/c")}


def test_a_document_that_is_gone_takes_its_statements_with_it(store: GraphStore) -> None:
    class TwoCards(Shelf):
        def documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
            for found in super().documents(dataset):
                assert isinstance(found, Document)
                for number, line in enumerate(found.text.splitlines()):
                    sha256 = hashlib.sha256(line.encode()).hexdigest()
                    changed = {"id": f"{found.id}.{number}", "text": line, "sha256": sha256}
                    yield found.model_copy(update=changed)

    shelf = TwoCards(a="b c")
    run(shelf, store, "a")
    shelf.texts["o/a"] = "from o/b"
    assert again(shelf, store).read == 1
    assert pairs(store) == {("o/a", "o/b")}
    assert [line.document for line in store.documents()] == ["shelf/o/a.0"]
    assert again(shelf, store).read == 0
    shelf.texts["o/a"] = "from o/b\nfrom o/c"
    again(shelf, store)
    assert pairs(store) == {("o/a", "o/b"), ("o/a", "o/c")}


def test_a_seed_is_read_at_its_revision(store: GraphStore) -> None:
    asked: list[DatasetId] = []

    class Dated(Shelf):
        def documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
            asked.append(dataset)
            return super().documents(dataset)

    lineage.reconstruct(
        [DatasetId.parse("o/a@v1#main/train")],
        source=Dated(a=""),
        readers=[LineReader()],
        resolver=RegistryResolver(Registry(())),
        store=store,
    )
    assert asked == [DatasetId.parse("o/a@v1")]


def test_refresh_reads_seeds_that_were_never_read(store: GraphStore) -> None:
    class Folder(Shelf):
        def seeds(self) -> tuple[DatasetId, ...]:
            return tuple(DatasetId(name=name) for name in self.texts)

    shelf = Folder(a="")
    run(shelf, store, "a")
    shelf.texts["o/new"] = "from o/a"
    assert again(shelf, store).read == 1
    assert pairs(store) == {("o/new", "o/a")}


def test_depth_below_one_is_refused(store: GraphStore) -> None:
    with pytest.raises(ValueError, match="starts at 1"):
        run(Shelf(), store, "a", max_depth=0)
