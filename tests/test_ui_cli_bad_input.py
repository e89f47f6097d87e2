"""The command line under bad input: one clear line, the documented code, nothing lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import edge
from cli_runner import Run, process_environment
from cli_runner import cards as cards  # noqa: PLC0414 - a fixture
from cli_runner import run as run  # noqa: PLC0414 - a fixture
from cli_runner import stored as stored  # noqa: PLC0414 - a fixture

import lineage
from lineage import Role


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["reconstruct"], 2, "say what to read"),
        (["reconstruct", "no-such-folder/"], 3, "no folder"),
        (["reconstruct", "./nowhere"], 3, "no folder"),
        (["reconstruct", "cards", "--max-depth", "0"], 2, "max-depth"),
        (["show", "x", "--store", "absent.db"], 4, "absent.db"),
        (["show", "x", "--store", "neo4j://host"], 4, "no store of kind"),
        (["refresh", "--store", "absent.db"], 4, "no store at"),
        (["edge", "close", "a", "b", "--reason", "x", "--store", "absent.db"], 4, "no store at"),
        (["import", "absent.jsonl"], 3, "absent.jsonl"),
        (["nonsense"], 2, "nonsense"),
        (["demo", "--out", "/dev/null/x"], 3, "cannot make the folder"),
    ],
)
def test_wrong_use_says_what_and_how(run: Run, words: list[str], code: int, complaint: str) -> None:
    said = run(*words)
    assert said.code == code
    assert complaint in said.err
    assert "Traceback" not in said.err
    assert not Path("absent.db").exists()


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["stats", "--as-of", "yesterday"], 3, "not a moment"),
        (["stats", "--as-of", "0001-01-01T00:00:00+14:00"], 3, "not a moment"),
        (["edge", "add", "a/b", "c/d", "--reason", "r", "--since", "2024-02-31"], 3, "not a date"),
        (["edge", "add", "a/b", "c/d", "--reason", " "], 3, "--reason"),
        (["edge", "close", "acme/mix", "acme/base"], 3, "--reason"),
        (["edge", "close", "acme/mix", "acme/base", "--reason", "x" * 3000], 3, "--reason"),
        (["edge", "close", "acme/base", "acme/mix", "--reason", "x"], 3, "no open edge"),
        (["edge", "close", "0" * 32, "--reason", "x"], 3, "no edge"),
        (["page", "picture.png"], 2, "a page is .html"),
        (["page", "lineage.db.svg", "--dataset", "acme/nothing"], 3, "no dataset"),
        (["page", "absent/all.html"], 3, "cannot write"),
        (["export", "lineage.db", "-f", "jsonl"], 3, "is a store"),
        (["export", "graph.xyz"], 3, "cannot tell the format"),
        (["export", "graph.xyz", "-f", "docx"], 2, "docx"),
    ],
)
def test_bad_words_change_nothing(stored: Run, words: list[str], code: int, complaint: str) -> None:
    before = stored("export", "-", "--closed").out
    said = stored(*words)
    assert said.code == code
    assert complaint in said.err
    assert "Traceback" not in said.err
    assert stored("export", "-", "--closed").out == before


def test_nothing_read_at_all_is_no_success(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "torn"
    folder.mkdir()
    (folder / "a__b.md").write_bytes(b"\x00\x01" * 500)
    said = run("reconstruct", str(folder))
    assert said.code == 3
    assert "read 0 datasets" in said.out


def test_an_unknown_dataset_offers_near_names(stored: Run) -> None:
    said = stored("show", "acme/mixx")
    assert said.code == 3
    assert "did you mean acme/mix" in said.err


def test_a_file_that_is_no_store_is_refused_and_untouched(run: Run) -> None:
    Path("notes.db").write_text("my notes, which are not a database\n" * 100)
    said = run("stats", "--store", "notes.db")
    assert said.code == 4
    assert "notes.db" in said.err
    assert Path("notes.db").read_text().startswith("my notes")


def test_hostile_text_does_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "a__b.md").write_text(
        "---\nsource_datasets: ['x/y']\npretty_name: \"\\e[31mred[/bold]\"\n---\n"
        "Derived from [x/y](https://huggingface.co/datasets/x/y) \x1b[2J\u202e.\n"
    )
    assert run("reconstruct", str(folder), "--store", "h.db").code == 0
    for words in (["show", "a/b", "-e", "-a"], ["runs", "--dataset", "a/b"], ["audit"]):
        said = run(*words, "--store", "h.db")
        assert "\x1b" not in said.out + said.err
        assert "\u202e" not in said.out + said.err


def test_a_split_closes_and_leads_to_its_own_edges_only(run: Run) -> None:
    with lineage.open_store("splits.db") as store:
        store.put_edges(
            [
                edge("o/mix", "o/bench#main/train"),
                edge("o/mix", "o/bench#main/test", role=Role.REMOVED),
            ]
        )
    at = ("--store", "splits.db")
    assert run("path", "o/mix", "o/bench#main/test", *at).code == 1
    assert run("path", "o/mix", "o/bench#main/train", *at).code == 0
    assert run("path", "o/mix", "o/bench", *at).code == 0
    refused = run("edge", "close", "o/mix", "o/bench", "--reason", "r", *at)
    assert refused.code == 3
    assert "2 edges join" in refused.err
    closed = run("edge", "close", "o/mix", "o/bench#main/test", "--reason", "r", "--json", *at)
    assert [one["parent"] for one in closed.json] == ["o/bench#main/test"]
    assert run("path", "o/mix", "o/bench#main/train", *at).code == 0
    every = run("edge", "close", "o/mix", "o/bench", "--every", "--reason", "r", "--json", *at)
    assert len(every.json) == 1


def test_closed_edges_can_be_shown(stored: Run) -> None:
    stored("edge", "close", "acme/mix", "acme/base", "--reason", "a slip", "--by", "Ada")
    assert "a slip" not in stored("show", "acme/mix", "--all").out
    assert "a slip" in stored("show", "acme/mix", "--closed").out


def test_addresses_and_names_by_hand_become_honest_nodes(run: Run) -> None:
    for written, expected in (
        ("https://example.org/x", "url:https://example.org/x"),
        ("https://huggingface.co/datasets/o/p", "o/p"),
        ("my thing with spaces", "name:mythingwithspaces"),
        ("GSM8K", "openai/gsm8k"),
        ("gsm8k#main/test", "openai/gsm8k#main/test"),
    ):
        said = run("edge", "add", "o/c", written, "--reason", "r", "--json")
        assert said.json[0]["parent"] == expected


def test_a_reader_that_goes_away_is_a_quiet_end(stored: Run) -> None:
    for words in ("export -", "audit --json --limit 0", "show acme/mix -e"):
        lineage_command = f"{sys.executable} -c 'from ui.cli import main; main()' {words}"
        done = subprocess.run(
            ["bash", "-c", lineage_command + " | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}"],
            env=process_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), words


def test_a_full_disk_under_stdout_is_said(stored: Run) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from ui.cli import main; main()", "stats", "--json"],
            env=process_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 4
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_card_that_is_gone_takes_its_edges_with_it(stored: Run, cards: Path) -> None:
    (cards / "acme__mix.md").unlink()
    said = stored("refresh", str(cards))
    assert said.code == 0
    assert "1 datasets are gone" in said.out
    assert stored("path", "acme/mix", "acme/base").code == 1
    (cards / "acme__new.md").write_text("---\nsource_datasets:\n- acme/base\n---\n# New\n")
    stored("refresh", str(cards))
    assert stored("path", "acme/new", "acme/base").code == 0
