"""Several sources as one: documents joined, failures told apart, versions of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer, Repository, status

from agents.sources import CompositeSource, FolderSource, HubSource, Patience
from lineage.errors import NotFound, Unreachable
from lineage.identity import DatasetId
from lineage.model import Document, Failure

A, B, C = (DatasetId.parse(f"org/{letter}") for letter in "abc")


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.datasets["org/a"] = Repository("# Hub card")
        server.datasets["org/b"] = Repository("# Only on the Hub")
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "org__a.md").write_text("# Folder card")
    (tmp_path / "org__c.md").write_text("# Only in the folder")
    return tmp_path


def _both(hub: HubServer, folder: Path) -> CompositeSource:
    patience = Patience(attempts=1)
    return CompositeSource(
        [FolderSource(folder), HubSource([B, A], endpoint=hub.url, token=False, patience=patience)]
    )


def test_documents_of_all_sources_are_evidence(hub: HubServer, folder: Path) -> None:
    source = _both(hub, folder)
    assert source.seeds() == (A, C, B)
    texts = [one.text for one in source.documents(A) if isinstance(one, Document)]
    assert texts[:2] == ["# Folder card", "# Hub card"]
    (only,) = source.documents(C)
    assert isinstance(only, Document)
    assert only.version == source.version(C)


def test_the_version_is_that_of_all_sources(hub: HubServer, folder: Path) -> None:
    first = _both(hub, folder).version(A)
    versions = {one.version for one in _both(hub, folder).documents(A) if isinstance(one, Document)}
    assert versions == {first}
    hub.datasets["org/a"] = Repository("# Hub card, changed")
    second = _both(hub, folder).version(A)
    assert second != first
    (folder / "org__a.md").write_text("# Folder card, changed")
    assert _both(hub, folder).version(A) not in {first, second}


def test_not_found_only_where_all_say_so(hub: HubServer, folder: Path) -> None:
    source = _both(hub, folder)
    with pytest.raises(NotFound, match="org/none"):
        source.documents(DatasetId.parse("org/none"))
    with pytest.raises(NotFound, match="no source knows"):
        source.documents(DatasetId(hub="name", name="a website"))
    assert not source.knows(DatasetId(hub="name", name="a website"))


def test_one_silent_source_does_not_hide_the_other(hub: HubServer, folder: Path) -> None:
    hub.always["/api/"] = status(500)
    source = _both(hub, folder)
    card, failure = source.documents(A)
    assert isinstance(card, Document)
    assert isinstance(failure, Failure)
    assert failure.error == "Unreachable"
    with pytest.raises(Unreachable):
        source.documents(B)


def test_the_reach_is_that_of_all_sources(hub: HubServer, folder: Path) -> None:
    source = _both(hub, folder)
    assert all(source.covers(one.id) for one in source.documents(A) if isinstance(one, Document))
    assert not source.covers("arxiv:2304.12244")
    assert source.location == " + ".join(sorted([FolderSource(folder).location, hub.url]))
    twice = CompositeSource([FolderSource(folder), FolderSource(folder)])
    assert twice.location == FolderSource(folder).location
