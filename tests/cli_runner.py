"""Running the command line in a test: in this process, in an empty folder."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders import REPOSITORY

from ui import cli


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


def process_environment() -> dict[str, str]:
    """For a process of its own that runs the command line from the checkout."""
    return os.environ | {"PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs one command in an empty folder; nothing answers where the Hub would be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEAGE_STORE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["lineage", *words])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A folder of three cards, one of them torn."""
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "acme__mix.md").write_text(
        "---\nlicense: mit\nsource_datasets:\n- acme/base\n---\n# Mix\n\n"
        "Mix is a filtered version of acme/base. We removed all rows that overlap with GSM8K.\n"
    )
    base = "---\nlicense: apache-2.0\n---\n# Base\n\nWritten by us.\n"
    (folder / "acme__base.md").write_text(base)
    (folder / "acme__torn.md").write_bytes(b"\x00\x01\x02\xff" * 500)
    return folder


@pytest.fixture
def stored(run: Run, cards: Path) -> Run:
    """`run`, with the cards reconstructed into the default store."""
    assert run("reconstruct", str(cards), "--quiet").code == 0
    return run
