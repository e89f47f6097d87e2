"""The documents say what is so: commands and names are explained, links lead somewhere.

Their tables are compared with the code in test_docs_tables.py.
"""

from __future__ import annotations

import ast
import inspect
import re
import types
from itertools import pairwise
from pathlib import Path

import pytest
from builders import REPOSITORY
from documents import DOCS, FENCE, coded, text_of, written_documents
from typer.models import CommandInfo

import lineage
from ui.cli import app

# --- commands and names ------------------------------------------------------------------


def commands() -> list[str]:
    """Every command as typed after `lineage`, asked of the application itself."""

    def name(info: CommandInfo) -> str:
        assert info.callback is not None
        return info.name or info.callback.__name__.replace("_", "-")

    found = [name(info) for info in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        found += [f"{group.name} {name(info)}" for info in group.typer_instance.registered_commands]
    return found


def test_the_commands_are_the_expected_ones() -> None:
    """Guards the next test against an introspection that finds nothing."""
    assert {
        "reconstruct", "refresh", "runs", "demo", "show", "path", "stats", "audit", "export",
        "import", "page", "edge add", "edge close",
    } <= set(commands())  # fmt: skip


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    texts = [text_of("README.md"), *(path.read_text("utf-8") for path in DOCS.rglob("*.md"))]
    words = r"\s+".join(map(re.escape, command.split()))
    assert any(re.search(rf"\blineage\s+{words}\b", text) for text in texts)


def test_the_documents_name_no_command_that_is_not_there() -> None:
    known = {name.split()[0] for name in commands()}
    for path in written_documents():
        prose = FENCE.sub("", path.read_text(encoding="utf-8")).replace("\n", " ")
        for code in coded(prose):
            if match := re.match(r"lineage ([a-z]+)\b", code):
                assert match[1] in known, f"{path.name}: {code}"


def test_public_names_are_sorted_and_complete() -> None:
    def rank(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    public = {
        name
        for name, value in vars(lineage).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert lineage.__all__ == sorted(lineage.__all__, key=rank)
    assert set(lineage.__all__) == public


@pytest.mark.parametrize("name", lineage.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    value = getattr(lineage, name)
    if inspect.isclass(value) or inspect.isfunction(value) or hasattr(value, "__wrapped__"):
        said = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
        assert said, name
        assert not said.startswith(f"{name}("), f"{name}: a docstring that dataclass made up"
    else:
        assert name in documented_constants(), f"no text follows the assignment of {name}"


def documented_constants() -> set[str]:
    """Names assigned in a module of the core and followed by a text that explains them."""
    found: set[str] = set()
    for path in (REPOSITORY / "lineage").rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for before, after in pairwise(body):
            if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
                continue
            targets: list[ast.expr] = []
            if isinstance(before, ast.AnnAssign):
                targets = [before.target]
            elif isinstance(before, ast.Assign):
                targets = before.targets
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


# --- all documents -----------------------------------------------------------------------

_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
# Two or more parts after a slash that nothing stands before: a path of somebody's machine.
_ABSOLUTE = re.compile(r"(?<![\w.:/)\]}>*-])/[a-z][\w.-]*/[\w.]")


def anchors(text: str) -> set[str]:
    """The fragments that GitHub gives to the headings of a document."""
    titles = re.findall(r"^#{1,6} (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", written_documents(), ids=lambda path: path.name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    for target in _LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, fragment = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        assert place.exists(), f"{path.name} links to {target}"
        assert place.is_relative_to(REPOSITORY), f"{target} leads out of the project"
        if fragment and place.suffix == ".md":
            assert fragment in anchors(place.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("path", written_documents(), ids=lambda path: path.name)
def test_no_document_mentions_a_path_of_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not _ABSOLUTE.findall(text)
    assert str(REPOSITORY) not in text
    assert str(Path.home()) not in text or Path.home() == Path("/")


def test_absolute_paths_are_told_from_other_slashes() -> None:
    bad = ["see /{}/me/x", "(/{}/a)", "at `/{}/me/`: `/{}/a.md`"]
    bad = [text.replace("{}", "home") for text in bad]  # or this file would hold such a path
    fine = ["a/b/c", "sqlite:///abs/path.db", "https://x.org/a/b", "#main/test", "and/or", "../x/y"]
    assert all(_ABSOLUTE.search(text) for text in bad)
    assert not any(_ABSOLUTE.search(text) for text in fine)


@pytest.mark.parametrize("path", sorted((DOCS / "design").glob("*.md")), ids=lambda path: path.name)
def test_design_notes_are_short_and_say_what_was_turned_down(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(rf"# {path.name[:4]} · ", text)
    assert len(text.splitlines()) <= 60
    assert "**Decision.**" in text
    assert "**Turned down.**" in text


# --- README.md ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "needed",
    [
        r"make demo",
        r"make test",
        r"(?m)^```(?:console|text|shell-session)",  # a transcript
        r"!\[[^\]]+\]\([^)]+\.(?:svg|png)\)|<img [^>]*src=",  # the picture
        r"benchmarks/extraction\.py",
        r"\bF1\b",
        r"--evidence",
        r"import lineage",
        r"\(LICENSE\)",
    ],
    ids=[
        "demo",
        "test",
        "transcript",
        "picture",
        "benchmark",
        "scores",
        "evidence",
        "library",
        "licence",
    ],
)
def test_the_readme_has_what_a_newcomer_needs(needed: str) -> None:
    assert re.search(needed, text_of("README.md")), needed


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_the_readme_leads_to_every_guide(path: Path) -> None:
    assert f"docs/{path.name}" in _LINK.findall(text_of("README.md"))
