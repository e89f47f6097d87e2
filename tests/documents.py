"""The Markdown documents of the project, and what stands in them: tables, code, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from builders import REPOSITORY

DOCS = REPOSITORY / "docs"
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def written_documents() -> list[Path]:
    """Every Markdown document of the project; cards of the sample are data."""
    found = [*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md"), *(REPOSITORY / "data").rglob("*.md")]
    return sorted(path for path in found if "cards" not in path.parts)


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def tables(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Head and rows of each Markdown table."""
    lines = [line.strip() for line in text.splitlines()]
    cells = [
        [cell.strip() for cell in line[1:-1].split("|")] if line.startswith("|") else None
        for line in lines
    ]
    at = 0
    while at < len(cells):
        head = cells[at]
        at += 1
        if head is None or at >= len(cells) or not set(lines[at]) <= set("|-: "):
            continue
        body: list[list[str]] = []
        at += 1
        while at < len(cells) and (row := cells[at]) is not None:
            body.append(row)
            at += 1
        yield head, body


def table(text: str, *head: str) -> list[list[str]]:
    """The rows of the one table whose head begins so."""
    found = [body for have, body in tables(text) if tuple(have[: len(head)]) == head]
    assert len(found) == 1, f"{len(found)} tables with the head {head}"
    return found[0]


def bare(cell: str) -> str:
    return cell.strip("`")


def coded(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)
