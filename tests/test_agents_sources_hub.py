"""The Hub as a source, against a local server that speaks its API: what is read, retried,
cached, refused and given up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path

import pytest
from hub_server import (
    Fault,
    HubServer,
    Repository,
    dripping,
    endless,
    redirect,
    silent,
    status,
    truncated,
)

from agents.reading.declared import DeclaredReader
from agents.sources import HubSource, Patience, read_list
from agents.sources.hub import MAX_README
from lineage.errors import (
    AccessDenied,
    ImportRefused,
    InvalidName,
    NotFound,
    Unreachable,
    Unreadable,
)
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, FactKey, Failure, now

CARD = "---\nlicense: mit\nsource_datasets:\n- openai/gsm8k\n---\n# A card\n"
A = DatasetId.parse("org/a")


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.datasets["org/a"] = Repository(CARD, tags=["license:mit", "arxiv:2304.12244"])
        yield server


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def source(hub: HubServer, tmp_path: Path, slept: list[float]) -> HubSource:
    return _source(hub, tmp_path, slept)


def _source(
    hub: HubServer,
    cache: Path | None,
    slept: list[float] | None = None,
    *,
    patience: Patience | None = None,
    seeds: tuple[DatasetId, ...] = (),
    organisation: str | None = None,
    offline: bool = False,
) -> HubSource:
    sleep = time.sleep if slept is None else slept.append
    return HubSource(
        seeds,
        organisation=organisation,
        endpoint=hub.url,
        cache_dir=cache,
        offline=offline,
        token=False,
        patience=patience or Patience(sleep=sleep, read=2.0, whole=4.0),
    )


def _documents(source: HubSource, dataset: DatasetId = A) -> list[Document]:
    found = list(source.documents(dataset))
    assert [one for one in found if isinstance(one, Failure)] == []
    return [one for one in found if isinstance(one, Document)]


def _failures(source: HubSource, dataset: DatasetId = A) -> list[Failure]:
    return [one for one in source.documents(dataset) if isinstance(one, Failure)]


def test_the_real_client_understands_the_server(hub: HubServer, tmp_path: Path) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    api = HfApi(endpoint=hub.url, token=False)
    hub.datasets["org/g"] = Repository("x", gated="auto")
    assert api.dataset_info("org/a").sha == hub.datasets["org/a"].sha
    assert [one.id for one in api.list_datasets(author="org")] == ["org/a", "org/g"]
    path = api.hf_hub_download("org/a", "README.md", repo_type="dataset", cache_dir=tmp_path)
    assert Path(path).read_text() == CARD
    with pytest.raises(RepositoryNotFoundError):
        api.dataset_info("org/none")
    with pytest.raises(GatedRepoError):
        api.hf_hub_download("org/g", "README.md", repo_type="dataset", cache_dir=tmp_path)


def test_a_card_and_the_record_of_its_repository(hub: HubServer, source: HubSource) -> None:
    card, record = _documents(source)
    assert card.id == "hf://datasets/org/a/README.md"
    assert card.kind is DocumentKind.CARD
    assert card.text == CARD
    assert card.version == record.version == source.version(A) == hub.datasets["org/a"].sha
    assert card.metadata["license"] == "mit"
    assert card.metadata["_hub"]["tags"] == ["license:mit", "arxiv:2304.12244"]
    assert card.metadata["_hub"]["created_at"] == "2023-05-04T10:00:00+00:00"
    assert record.kind is DocumentKind.RECORD
    assert "created_at: 2023-05-04T10:00:00+00:00\n" in record.text
    assert "tag: arxiv:2304.12244\n" in record.text
    assert "license" not in record.text  # it only repeats the header: no second witness
    assert hub.requests == 2


def test_tags_of_a_repository_without_a_header_are_kept(hub: HubServer, source: HubSource) -> None:
    hub.datasets["org/b"] = Repository("# no header", tags=["license:mit"])
    hub.datasets["org/c"] = Repository(None, tags=["license:mit"])
    assert "tag: license:mit" in _documents(source, DatasetId.parse("org/b"))[1].text
    (record,) = _documents(source, DatasetId.parse("org/c"))
    assert "tag: license:mit" in record.text
    assert record.skipped == ("the repository has no README.md",)


def test_a_model_and_a_dataset_of_one_name_are_two_things(
    hub: HubServer, source: HubSource
) -> None:
    hub.models["org/a"] = Repository("---\nbase_model: org/base\n---\n")
    card, _ = _documents(source, DatasetId.parse("model:org/a"))
    assert card.kind is DocumentKind.MODEL_CARD
    assert card.id == "hf://org/a/README.md"
    assert card.metadata["base_model"] == "org/base"


def test_an_old_name_leads_to_the_new_one(hub: HubServer, source: HubSource) -> None:
    hub.datasets["old"] = Repository(moved_to="org/a")
    card, record = _documents(source, DatasetId.parse("old"))
    assert card.text == CARD
    assert str(card.dataset) == "old"
    assert record.text.startswith("id: org/a\n")
    assert card.id == "hf://datasets/old/README.md"
    names = [one.value for one in DeclaredReader().read(record).facts if one.key is FactKey.NAME]
    assert names == ["org/a"]


def test_what_the_hub_covers(hub: HubServer, source: HubSource) -> None:
    hub.models["org/m"] = Repository("x")
    found = [*_documents(source), *_documents(source, DatasetId.parse("model:org/m"))]
    assert len(found) == 4
    assert all(source.covers(one.id) for one in found)
    revision = DatasetId.parse(f"org/a@{hub.datasets['org/a'].sha}")
    others = [one.id for one in _documents(source, revision)]
    others += ["arxiv:2304.12244", "cards/org__a.md", "hf://", "hf://datasets/a/b/c/README.md"]
    assert not any(source.covers(one) for one in others)
    assert source.location == hub.url == HubSource([A], endpoint=f"{hub.url}/").location


def test_an_old_revision_is_asked_for_by_name(hub: HubServer, source: HubSource) -> None:
    dataset = DatasetId.parse(f"org/a@{hub.datasets['org/a'].sha}")
    assert _documents(source, dataset)[0].text == CARD
    with pytest.raises(NotFound, match="no such revision"):
        source.documents(DatasetId.parse("org/a@v9"))


def test_missing_private_and_gated_are_told_apart(hub: HubServer, tmp_path: Path) -> None:
    hub.datasets["org/p"] = Repository("secret", private=True)
    hub.datasets["org/g"] = Repository("gated text", gated="manual")
    source = _source(hub, tmp_path)
    for name in ("org/none", "org/p"):
        with pytest.raises(NotFound, match="or it is private"):
            source.documents(DatasetId.parse(name))
    failure, record = list(source.documents(DatasetId.parse("org/g")))
    assert isinstance(failure, Failure)
    assert failure.error == "AccessDenied"
    assert "accept its terms" in failure.message
    assert isinstance(record, Document)
    assert "access: gated\n" in record.text
    granted = HubSource(endpoint=hub.url, token="granted")
    assert _documents(granted, DatasetId.parse("org/g"))[0].text == "gated text"
    assert _documents(granted, DatasetId.parse("org/p"))[0].text == "secret"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b/c", "a b", "-x", "..", "a/..", "a?b=c", "ä/b"]
)
def test_what_is_no_repository_is_not_asked_for(
    hub: HubServer, source: HubSource, name: str
) -> None:
    dataset = DatasetId(name=name)
    assert not source.knows(dataset)
    with pytest.raises(NotFound, match="cannot be a repository"):
        source.documents(dataset)
    assert source.version(dataset) is None
    assert hub.requests == 0
    assert not source.knows(DatasetId(hub="name", name="gsm8k"))


def test_two_failures_and_then_an_answer(
    hub: HubServer, source: HubSource, slept: list[float]
) -> None:
    hub.faults["README.md"] = [status(500), status(503)]
    assert _documents(source)[0].text == CARD
    assert len(slept) == 2
    assert 0.3 < slept[0] <= 0.5
    assert slept[0] < slept[1] <= 1.0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": format_datetime(now().replace(microsecond=0))}, 0.0),
        ({"RateLimit": '"api";r=0;t=9'}, 9.0),
    ],
)
def test_the_wait_that_the_server_asks_for_is_kept(
    hub: HubServer, source: HubSource, slept: list[float], headers: dict[str, str], wait: float
) -> None:
    hub.faults["/api/"] = [status(429, **headers)]
    assert len(_documents(source)) == 2
    assert slept == [wait]


def test_a_wait_without_end_is_not_waited(
    hub: HubServer, source: HubSource, slept: list[float]
) -> None:
    hub.always["/api/"] = status(429, Retry_After="86400")
    with pytest.raises(Unreachable, match="86400 s"):
        source.documents(A)
    assert slept == []
    assert source.version(A) is None


def test_tries_come_to_an_end(hub: HubServer, source: HubSource, slept: list[float]) -> None:
    hub.always["/api/"] = status(502)
    with pytest.raises(Unreachable, match="after 4 tries: status 502"):
        source.documents(A)
    assert len(slept) == 3
    assert hub.requests == 4


def test_nobody_there(tmp_path: Path, slept: list[float]) -> None:
    patience = Patience(sleep=slept.append)
    source = HubSource(
        endpoint="http://127.0.0.1:9", cache_dir=tmp_path, token=False, patience=patience
    )
    with pytest.raises(Unreachable, match="check the network"):
        source.documents(A)
    assert len(slept) == 1


def test_a_body_that_breaks_off_is_asked_for_again(
    hub: HubServer, source: HubSource, slept: list[float]
) -> None:
    hub.faults["README.md"] = [truncated]
    assert _documents(source)[0].text == CARD
    hub.always["/api/datasets/org/b"] = truncated
    with pytest.raises(Unreachable, match="RemoteProtocolError"):
        source.documents(DatasetId.parse("org/b"))


def test_other_hosts_are_not_followed(hub: HubServer, source: HubSource) -> None:
    with HubServer() as other:
        other.datasets["org/a"] = Repository("planted")
        hub.always["README.md"] = redirect(f"{other.url}/datasets/org/a/resolve/main/README.md")
        (failure,) = _failures(source)
        assert failure.error == "AccessDenied"
        assert "another host" in failure.message
        assert other.requests == 0


def test_a_redirect_in_a_circle_ends(hub: HubServer, source: HubSource) -> None:
    hub.always["README.md"] = redirect("/datasets/org/a/resolve/main/README.md")
    (failure,) = _failures(source)
    assert failure.error == "Unreachable"
    assert "redirects more than 5 times" in failure.message


def test_a_body_without_end_is_cut_off(hub: HubServer, source: HubSource) -> None:
    hub.always["README.md"] = endless
    (failure,) = _failures(source)
    assert failure.error == "Unreadable"
    assert f"{MAX_README:,} bytes" in failure.message


@pytest.mark.parametrize(
    ("fault", "said"), [(dripping, "came too slowly"), (silent, "ReadTimeout")]
)
def test_a_server_that_drips_or_stalls_is_given_up(hub: HubServer, fault: Fault, said: str) -> None:
    """The reason tells that it was we who ended it: the server would have gone on, and then
    broken off.
    """
    hub.always["README.md"] = fault
    patience = Patience(attempts=2, first_wait=0.01, read=0.3, whole=0.5)
    (failure,) = _failures(_source(hub, None, patience=patience))
    assert failure.error == "Unreachable"
    assert f"after 2 tries: {'the answer ' * (fault is dripping)}{said}" in failure.message


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b'{"sha": 3}', b'{"id": "../../x"}', b'{"id": "a/b", "createdAt": "x"}'],
)
def test_a_record_that_is_none_is_unreadable(
    hub: HubServer, source: HubSource, body: bytes
) -> None:
    hub.always["/api/"] = lambda handler: handler.reply(200, body, {})
    with pytest.raises(Unreadable):
        source.documents(A)


def test_what_was_read_is_not_sent_twice(hub: HubServer, tmp_path: Path) -> None:
    first = _documents(_source(hub, tmp_path))
    again = _documents(_source(hub, tmp_path))
    assert again == first  # also the time at which it was fetched
    assert hub.asked["GET /api/datasets/org/a"] == 2  # the second answered by 304
    assert hub.requests == 3


def test_a_new_commit_is_noticed(hub: HubServer, tmp_path: Path) -> None:
    before = _documents(_source(hub, tmp_path))[0]
    hub.datasets["org/a"] = replace(hub.datasets["org/a"], card="# New")
    source = _source(hub, tmp_path)
    assert source.version(A) != before.version
    assert _documents(source)[0].text == "# New"


def test_offline_reads_the_cache_and_nothing_else(hub: HubServer, tmp_path: Path) -> None:
    online = _documents(_source(hub, tmp_path))
    asked = hub.requests
    offline = _source(hub, tmp_path, offline=True)
    assert _documents(offline) == online
    assert offline.version(A) == online[0].version
    with pytest.raises(Unreachable, match="run once without offline mode"):
        offline.documents(DatasetId.parse("org/never-read"))
    assert hub.requests == asked


def test_a_damaged_cache_is_fetched_again(hub: HubServer, tmp_path: Path) -> None:
    _documents(_source(hub, tmp_path))
    for blob in (tmp_path / "blobs").rglob("*"):
        if blob.is_file():
            blob.write_bytes(b"damaged")
    assert _documents(_source(hub, tmp_path))[0].text == CARD
    for entry in (tmp_path / "entries").iterdir():
        entry.write_text(json.dumps({"sha256": "../../../etc/passwd", "url": "x"}))
    assert _documents(_source(hub, tmp_path))[0].text == CARD


def test_a_cache_that_cannot_be_written_costs_one_warning(
    hub: HubServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert _documents(_source(hub, tmp_path / "file"))[0].text == CARD
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "nothing is kept" in caplog.text


def test_seeds_from_ids_a_file_and_an_organisation(hub: HubServer, tmp_path: Path) -> None:
    hub.page_size = 2
    for number in range(5):
        hub.datasets[f"many/d{number}"] = Repository("x")
    listed = tmp_path / "ids.txt"
    listed.write_text(
        "# my sets\norg/a\n\nmodel:org/m  # a model\nhttps://hf.co/datasets/x/y\norg/a\n"
    )
    source = _source(hub, None, seeds=read_list(listed), organisation="many")
    assert [str(seed) for seed in source.seeds()] == [
        "org/a", "model:org/m", "x/y", "many/d0", "many/d1", "many/d2", "many/d3", "many/d4",
    ]  # fmt: skip


def test_an_organisation_that_is_not_there(hub: HubServer) -> None:
    with pytest.raises(NotFound, match="no dataset of 'nobody'"):
        _source(hub, None, organisation="nobody").seeds()
    with pytest.raises(InvalidName):
        _source(hub, None, organisation="a/../b")


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"a/b\n\nc/d e/f\n", 3), (b"a/b\nx\x01y\n", 2), (b"\xff\xfe\x00", 0)],
)
def test_a_bad_line_of_a_list_is_named(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match=f"^line {line}: " if line else "cannot read"):
        read_list(path)


def test_the_endpoint_is_that_of_the_environment(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"{hub.url}/")
    assert _documents(HubSource(token=False))[0].text == CARD


def test_denials_name_the_way_on(hub: HubServer, source: HubSource) -> None:
    hub.faults["/api/"] = [
        status(401, X_Error_Message="Invalid credentials in Authorization header"),
        status(403, X_Error_Message="Access to this resource is disabled."),
        status(418),
    ]
    with pytest.raises(AccessDenied, match="refuses the token"):
        source.documents(A)
    with pytest.raises(AccessDenied, match="disabled"):
        source.documents(A)
    with pytest.raises(Unreachable, match="418"):
        source.documents(A)


def test_many_threads_may_ask(hub: HubServer, tmp_path: Path) -> None:
    ids = [DatasetId.parse(f"many/d{number}") for number in range(20)]
    for one in ids:
        hub.datasets[one.name] = Repository(f"card of {one}")
    source = _source(hub, tmp_path)
    found: list[str] = []

    def read(part: list[DatasetId]) -> None:
        found.extend(_documents(source, one)[0].text for one in part)

    threads = [threading.Thread(target=read, args=(ids[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(f"card of {one}" for one in ids)
