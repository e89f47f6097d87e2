"""`lineage reconstruct` on the Hub, end to end against a server that speaks its API."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_server import HubServer, Repository, status
from pdf_files import pdf

from ui import cli


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    with HubServer() as server:
        server.datasets["acme/mix"] = Repository(
            card="---\nlicense: mit\narxiv: '2501.01234'\n---\n# Mix\n\nMix combines "
            "[acme/base](https://huggingface.co/datasets/acme/base) and "
            "[acme/gone](https://huggingface.co/datasets/acme/gone).\n"
            "\n**Paper:** https://arxiv.org/abs/2501.01234\n",
            tags=["license:mit", "arxiv:2501.01234"],
        )
        server.datasets["acme/base"] = Repository(
            card="---\nsource_datasets:\n- acme/root\n---\n# Base\n"
        )
        server.datasets["acme/root"] = Repository(card="# Root\n\nWritten by us.\n")
        server.datasets["acme/gated"] = Repository(card="# Secret", gated="manual")
        server.papers["2501.01234"] = pdf(
            [["About the mix."], ["We removed every row that also occurs in GSM8K."]]
        )
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("LINEAGE_ARXIV", server.url)
        monkeypatch.setenv("HF_TOKEN", "hf_do_not_show_me")
        monkeypatch.chdir(tmp_path)
        yield server


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["lineage", *words])
    capsys.readouterr()
    try:
        cli.main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dataset: str) -> Any:
    return json.loads(run(monkeypatch, capsys, "show", dataset, "--all", "--json")[1])


def test_parents_are_followed_on_the_hub_and_papers_read(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(monkeypatch, capsys, "reconstruct", "acme/mix", "acme/gated")
    assert code == 0
    assert "in 3 levels" in out
    assert "acme/gated" in err
    assert "acme/gone" in err
    value = show(monkeypatch, capsys, "acme/mix")
    assert value["ancestors"] == {"acme/base": 1, "acme/gone": 1, "acme/root": 2}
    kinds = {e["kind"] for edge in value["edges"] for e in edge["evidence"]}
    assert {"card", "paper"} <= kinds
    (removed,) = [edge for edge in value["edges"] if edge["role"] == "removed"]
    assert removed["evidence"][0]["location"] == "page 2"
    facts = {(fact["key"], fact["value"]) for fact in value["dataset"]["facts"]}
    assert {("licence", "mit"), ("released", "2023-05-04")} <= facts


def test_the_cache_serves_offline_and_a_dead_hub_is_a_recorded_failure(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("reconstruct", "acme/base", "--max-depth", "2", "--json")
    run(monkeypatch, capsys, *words)
    asked = hub.requests
    code, out, _ = run(monkeypatch, capsys, *words, "--offline", "--fresh", "--store", "b.db")
    assert code == 0
    assert json.loads(out)["failures"] == []
    assert hub.requests == asked
    hub.always["acme/root"] = status(404, X_Error_Code="RepoNotFound")
    code, out, _ = run(
        monkeypatch, capsys, "reconstruct", "acme/root", "--cache", "new", "--json", "--strict"
    )
    assert code == 1
    assert json.loads(out)["failures"][0]["error"] == "NotFound"


def test_refresh_on_the_hub_reads_only_new_commits(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, capsys, "reconstruct", "acme/base", "-q")
    _, out, _ = run(monkeypatch, capsys, "refresh", "--hub", "--json")
    assert json.loads(out)["read"] == 0
    hub.datasets["acme/base"].card = "# Base\n\nNow written by us alone.\n"
    _, out, _ = run(monkeypatch, capsys, "refresh", "--hub", "--json")
    assert json.loads(out)["read"] == 1
    assert show(monkeypatch, capsys, "acme/base")["ancestors"] == {}


def test_an_organisation_and_a_list_file_are_seeds(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ids.txt").write_text("# ours\nacme/root\n")
    _, out, _ = run(monkeypatch, capsys, "reconstruct", "--list", "ids.txt", "--json")
    assert json.loads(out)["read"] == 1
    words = ("reconstruct", "--org", "acme", "--max-depth", "1", "--store", "o.db", "--json")
    assert json.loads(run(monkeypatch, capsys, *words)[1])["read"] == 4
    Path("bad.txt").write_text("acme/root\n\x01\n")
    code, _, err = run(monkeypatch, capsys, "reconstruct", "--list", "bad.txt")
    assert code == 3
    assert "line 2" in err


def test_the_token_is_in_no_store_and_no_output(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.always["acme/base"] = status(500)
    code, out, err = run(monkeypatch, capsys, "reconstruct", "acme/base", "acme/mix")
    assert code == 0
    assert "hf_do_not_show_me" not in out + err
    for file in Path().rglob("*"):
        if file.is_file():
            assert b"hf_do_not_show_me" not in file.read_bytes(), file
