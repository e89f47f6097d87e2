"""The command line as a person meets it: output, JSON, exit codes, errors, interruption."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_runner import Run, process_environment
from cli_runner import cards as cards  # noqa: PLC0414 - a fixture
from cli_runner import run as run  # noqa: PLC0414 - a fixture
from cli_runner import stored as stored  # noqa: PLC0414 - a fixture

import lineage
from ui import cli


def test_reconstruct_says_what_it_read_and_what_it_could_not(run: Run, cards: Path) -> None:
    said = run("reconstruct", str(cards))
    assert said.code == 0
    assert "read 2 datasets" in said.out
    assert "not read: acme/torn" in said.err
    assert Path("lineage.db").exists()


def test_strict_turns_unread_documents_into_an_exit_code(run: Run, cards: Path) -> None:
    assert run("reconstruct", str(cards), "--strict").code == 1


def test_reconstruct_json_is_json_and_nothing_else(run: Run, cards: Path) -> None:
    outcome = run("reconstruct", str(cards), "--json").json
    assert outcome["read"] == 3
    assert outcome["failures"][0]["dataset"] == "acme/torn"


def test_show_gives_parents_with_evidence_and_roles_on_request(stored: Run) -> None:
    brief = stored("show", "acme/mix")
    assert "acme/base" in brief.out
    assert "gsm8k" not in brief.out.casefold()
    full = stored("show", "mix", "--all", "--evidence")
    assert "removed" in full.out
    assert "overlap with GSM8K" in full.out


def test_show_json_holds_ancestors_and_edges(stored: Run) -> None:
    value = stored("show", "acme/mix", "--json").json
    assert value["ancestors"] == {"acme/base": 1}
    assert {edge["parent"] for edge in value["edges"]} == {"acme/base"}
    assert value["edges"][0]["evidence"][0]["quote"]


def test_path_prints_the_chain_and_exits_1_without_one(stored: Run) -> None:
    found = stored("path", "acme/mix", "acme/base")
    assert found.code == 0
    assert "acme/mix <- acme/base" in found.out
    none = stored("path", "acme/base", "acme/mix")
    assert none.code == 1
    assert "no path" in none.out
    assert stored("path", "acme/base", "acme/mix", "--json").json["paths"] == []


def test_stats_audit_and_runs_agree_with_the_store(stored: Run) -> None:
    numbers = stored("stats", "--json").json
    assert numbers["by_relation"]
    audit = stored("audit", "--json")
    assert audit.code == 0
    checks = {check["kind"]: check["found"] for check in audit.json["checks"]}
    assert checks["unread"] == 1
    log = stored("runs", "--json").json
    assert len(log["runs"]) == 1
    assert {line["dataset"] for line in log["documents"]} == {"acme/mix", "acme/base"}
    assert "not read: acme/torn" in stored("runs", "--dataset", "torn").err


@pytest.mark.parametrize("name", ["graph.jsonl", "graph.graphml"])
def test_export_and_import_give_the_same_graph(stored: Run, name: str) -> None:
    assert stored("export", name).code == 0
    assert stored("import", name, "--store", "copy.db").code == 0
    assert stored("import", name, "--store", "copy.db").code == 0
    first = lineage.open_store("lineage.db", read_only=True)
    second = lineage.open_store("copy.db", read_only=True)
    with first, second:
        assert tuple(first.edges()) == tuple(second.edges())
        assert tuple(first.datasets()) == tuple(second.datasets())


def test_export_to_stdout_is_json_lines(stored: Run) -> None:
    here = Path.cwd()
    printed = _process("export", "-", "--format", "jsonl", cwd=here)
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert lines[0]["format"] == "dataset-lineage"


def test_edges_by_hand_are_added_closed_and_kept_closed(stored: Run, cards: Path) -> None:
    added = stored(
        "edge", "add", "acme/base", "acme/older", "-r", "revision", "--reason", "I made it",
        "--by", "Ada", "--json",
    )  # fmt: skip
    assert added.code == 0
    assert added.json[0]["evidence"][0]["note"] == "I made it"
    assert added.json[0]["evidence"][0]["reader"] == "Ada"
    closed = stored("edge", "close", "acme/mix", "acme/base", "--reason", "wrong", "--by", "Ada")
    assert closed.code == 0
    assert "closed: wrong" in closed.out
    assert stored("reconstruct", str(cards), "--fresh", "--quiet").code == 0
    assert stored("path", "acme/mix", "acme/base").code == 1
    assert stored("path", "acme/base", "acme/older").code == 0


def test_refresh_reads_only_what_changed(stored: Run, cards: Path) -> None:
    assert stored("refresh", str(cards), "--json").json["read"] == 1  # the torn one
    (cards / "acme__torn.md").unlink()
    assert stored("refresh", str(cards), "--json").json["read"] == 0
    (cards / "acme__mix.md").write_text("# Mix\n\nMix is a translation of acme/base.\n")
    assert stored("refresh", str(cards), "--json").json["read"] == 1
    (edge,) = stored("show", "acme/mix", "--json").json["edges"]
    assert edge["relation"] == "translation"


def test_as_of_shows_the_graph_as_it_was_known(stored: Run) -> None:
    assert stored("stats", "--as-of", "2020-01-01", "--json").json["edges"] == 0
    assert stored("stats", "--as-of", "2999-01-01", "--json").json["edges"] > 0


def test_page_and_picture_are_written(stored: Run) -> None:
    assert stored("page", "all.html").code == 0
    assert stored("page", "part.svg", "--dataset", "acme/mix").code == 0
    assert "<svg" in Path("all.html").read_text(encoding="utf-8")
    assert Path("part.svg").read_text(encoding="utf-8").startswith("<svg")


def test_every_command_has_json_help_and_an_example(run: Run) -> None:
    for words in _commands():
        helped = run(*words, "--help")
        assert helped.code == 0, words
        assert f"lineage {' '.join(words)}" in helped.out, words
        assert "--json" in helped.out, words


def _commands() -> list[list[str]]:
    top = [[(c.name or c.callback.__name__)] for c in cli.app.registered_commands if c.callback]
    by_hand = [["edge", str(name)] for name in ("add", "close")]
    return top + by_hand


def _process(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from ui.cli import main; main()", *words],
        cwd=cwd,
        env=process_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def _many_cards(folder: Path, count: int) -> None:
    folder.mkdir()
    prose = "Collected by hand. Each row has a question and an answer.\n\n" * 300
    for n in range(count):
        (folder / f"acme__set-{n:04}.md").write_text(
            f"# Set {n}\n\nSet {n} is a filtered version of acme/set-{n - 1:04}.\n\n{prose}"
        )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_goes_on_where_it_stopped(
    run: Run, tmp_path: Path, how: signal.Signals
) -> None:
    folder = tmp_path / "many"
    _many_cards(folder, 200)
    command = "from ui.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "reconstruct", str(folder), "--workers", "2"],
        cwd=tmp_path,
        env=process_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    before: dict[str, str] = {}
    for _ in range(3000):
        time.sleep(0.02)
        if (tmp_path / "lineage.db").exists():
            said = run("runs", "--json")
            if said.code == 0 and said.json["documents"]:
                process.send_signal(how)
                break
    code = process.wait(timeout=60)
    assert code == (130 if how is signal.SIGINT else -signal.SIGKILL)
    before = {line["document"]: line["read_at"] for line in run("runs", "--json").json["documents"]}
    assert 0 < len(before) < 200
    outcome = run("reconstruct", str(folder), "--json").json
    after = {line["document"]: line["read_at"] for line in run("runs", "--json").json["documents"]}
    assert len(after) == 200
    assert {name: after[name] for name in before} == before
    assert outcome["resumed"] == len(before)
    assert outcome["read"] == 200 - len(before)
