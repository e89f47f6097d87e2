"""The demo sample keeps the promises of its truth file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from lineage.identity import DatasetId
from lineage.model import NodeKind, Relation, Role
from lineage.registry import data_folder

SAMPLE = data_folder() / "sample"
CARDS = SAMPLE / "cards"
ROOT = Path(__file__).parent.parent
TRUTH: dict[str, Any] = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
DOCUMENTED = [node for node in TRUTH["nodes"] if node["documented"]]
Row = dict[str, Any]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@lru_cache
def _text(name: str) -> str:
    """The text of a file of the sample with single spaces, as its reader would see it."""
    path = CARDS / name
    if path.suffix != ".pdf":
        return _plain(path.read_text(encoding="utf-8"))
    pdf = pytest.importorskip("pypdfium2")
    document = pdf.PdfDocument(path)
    try:
        return _plain(" ".join(page.get_textpage().get_text_bounded() for page in document))
    finally:
        document.close()


@lru_cache
def _rows(name: str) -> tuple[Row, ...]:
    with (CARDS / name).open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def _prompt(row: Row) -> str:
    if "messages" in row:
        return str(row["messages"][0]["content"])
    return str(next(row[key] for key in ("question", "instruction", "frage", "text") if key in row))


def _pair(row: Row) -> tuple[str, str]:
    if "messages" in row:
        return _prompt(row), str(row["messages"][1]["content"])
    return _prompt(row), str(row["output"])


def _dataset_of(file: str) -> str:
    return re.sub(r"\.(train|test)\.jsonl$", "", file).replace("__", "/")


def _shared(child: str, parent: str, by: str) -> int:
    """How many rows of the child match the parent, in the sense that truth.json names."""
    ours, theirs = _rows(child), _rows(parent)
    if by == "prompt":
        prompts = {_prompt(row) for row in theirs}
        return sum(_prompt(row) in prompts for row in ours)
    if by == "row":
        pairs = {_pair(row) for row in theirs}
        return sum(_pair(row) in pairs for row in ours)
    if by == "contained":
        prompts = {_prompt(row) for row in theirs}
        return sum(any(prompt in _prompt(row) for prompt in prompts) for row in ours)
    if by == "answers in order":
        return sum(
            a["antwort"] == b["answer"] for a, b in zip(ours, theirs[: len(ours)], strict=True)
        )
    if by == "seed_id":
        ids = {row["id"] for row in theirs}
        return sum(row["seed_id"] in ids for row in ours)
    assert by == "source"
    return sum(row["source"] == _dataset_of(parent) for row in ours)


@pytest.mark.parametrize("edge", TRUTH["edges"], ids=lambda e: f"{e['child']}<{e['parent']}")
def test_an_edge_is_well_formed_and_stands_where_the_truth_says(edge: dict[str, Any]) -> None:
    DatasetId.parse(edge["child"])
    DatasetId.parse(edge["parent"])
    Relation(edge["relation"])
    Role(edge["role"])
    assert bool(edge["stated"]) == edge["documented"]
    for stated in edge["stated"]:
        assert stated["quote"] in _text(stated["file"]), stated


@pytest.mark.parametrize("claim", TRUTH["non_edges"], ids=lambda c: f"{c['child']}<{c['parent']}")
def test_a_non_edge_is_tempting_and_not_an_edge(claim: dict[str, Any]) -> None:
    assert claim["quote"] in _text(claim["file"])
    assert claim["why"]
    parent = DatasetId.parse(claim["parent"])
    carrying = {
        DatasetId.parse(edge["parent"])
        for edge in TRUTH["edges"]
        if edge["child"] == claim["child"] and edge["role"] in ("included", "teacher")
    }
    assert parent not in carrying
    assert parent.base not in carrying


@pytest.mark.parametrize(
    "overlap",
    TRUTH["shared_rows"],
    ids=lambda o: f"{o['child']}<{o['parent']}:{o['by']}".replace(".jsonl", ""),
)
def test_records_overlap_as_the_truth_says(overlap: dict[str, Any]) -> None:
    assert len(_rows(overlap["child"])) == overlap["of"]
    assert _shared(overlap["child"], overlap["parent"], overlap["by"]) == overlap["rows"]


def test_leaks_are_among_the_measured_overlaps() -> None:
    measured = {
        (_dataset_of(o["child"]), f"{_dataset_of(o['parent'])}#/test"): o["rows"]
        for o in TRUTH["shared_rows"]
        if o["parent"].endswith(".test.jsonl") and o["rows"]
    }
    revision = ("northwind-ai/harbor-math-v1.1", "northwind-ai/harbor-math#/test")
    assert measured.pop(revision) == 30  # the same test split, not a leak
    assert measured == {(k["dataset"], k["benchmark"]): k["rows"] for k in TRUTH["leaks"]}


def test_every_row_of_the_mixture_names_a_direct_parent() -> None:
    stated = {row["source"] for row in _rows("silverbirch__assistant-mix.train.jsonl")}
    parents = {e["parent"] for e in TRUTH["edges"] if e["child"] == "silverbirch/assistant-mix"}
    assert len(stated) == 5
    assert stated <= parents


def test_the_hidden_parent_is_named_nowhere_as_a_source_and_is_the_first_release() -> None:
    hidden = [edge for edge in TRUTH["edges"] if not edge["documented"]]
    assert [(e["child"], e["parent"]) for e in hidden] == [
        ("quietcove/everyday-reasoning", "northwind-ai/harbor-math")
    ]
    card = _text("quietcove__everyday-reasoning.md")
    assert card.count("Harbor Math") == 1  # the note on evaluation
    assert "northwind" not in card
    by_version = []
    for version in ("", "-v1.1"):
        answers = {
            row["question"]: row["answer"]
            for row in _rows(f"northwind-ai__harbor-math{version}.train.jsonl")
        }
        tasks = _rows("quietcove__everyday-reasoning.train.jsonl")
        copied = [row for row in tasks if row["instruction"] in answers]
        by_version.append(
            sum(row["output"].endswith(f" {answers[row['instruction']]}.") for row in copied)
        )
    assert by_version == [30, 28]  # two answers that v1.1 corrected are still the old ones


def test_train_and_test_problems_share_no_run_of_ten_words() -> None:
    def runs(file: str) -> set[tuple[str, ...]]:
        found = set()
        for row in _rows(file):
            words = re.findall(r"\w+", row["question"].lower())
            found |= {tuple(words[n : n + 10]) for n in range(len(words) - 9)}
        return found

    train = runs("northwind-ai__harbor-math.train.jsonl")
    test = runs("northwind-ai__harbor-math.test.jsonl")
    assert len(train) > 500
    assert not train & test


def test_nodes_are_the_cards_and_what_edges_name() -> None:
    ids = [node["id"] for node in TRUTH["nodes"]]
    assert len(ids) == len(set(ids))
    for node in TRUTH["nodes"]:
        assert str(DatasetId.parse(node["id"]).base) == node["id"]
        NodeKind(node["kind"])
    assert {n["card"] for n in DOCUMENTED} == {path.name for path in CARDS.glob("*.md")}
    ends = {
        str(DatasetId.parse(e[end]).base) for e in TRUTH["edges"] for end in ("child", "parent")
    }
    assert ends == set(ids)


def test_parents_are_older_than_their_children() -> None:
    released = {node["id"]: node["released"] for node in DOCUMENTED}
    compared = 0
    for edge in TRUTH["edges"]:
        child, parent = edge["child"], str(DatasetId.parse(edge["parent"]).base)
        if parent in released and edge["role"] == "included":
            # Some dates are months only, so months are compared.
            assert released[parent][:7] <= released[child][:7], edge
            compared += 1
    assert compared > 15


@pytest.mark.parametrize("node", DOCUMENTED, ids=lambda n: n["id"])
def test_a_card_has_a_readable_header_with_the_licence_of_the_truth(node: dict[str, Any]) -> None:
    text = (CARDS / node["card"]).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    header = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(header, dict)
    licence = header.get("license")
    assert (licence[0] if isinstance(licence, list) else licence) == node["licence"]
    year, month, *day = node["released"].split("-")
    names = date(int(year), int(month), 1)
    written = (f"{names:%B}", f"{names:%b}", f"{year}-{month}", f"{names:%B}".lower())
    assert year in text
    assert any(name in text for name in written)
    assert not day or str(int(day[0])) in text


def test_one_licence_is_missing() -> None:
    assert [node["id"] for node in DOCUMENTED if node["licence"] is None] == [
        "openlantern/textbook-dialogues-scored"
    ]


def test_the_croissant_file_describes_the_records() -> None:
    croissant = json.loads((CARDS / "fjordworks__tideqa.croissant.json").read_text("utf-8"))
    assert croissant["prov:wasDerivedFrom"]["@id"].endswith("/wikimedia/wikipedia")
    for part in croissant["distribution"]:
        content = (CARDS / part["contentUrl"]).read_bytes()
        assert part["sha256"] == sha256(content).hexdigest()


def test_the_paper_has_two_pages_in_reading_order_and_the_broken_one_does_not_open() -> None:
    pdf = pytest.importorskip("pypdfium2")
    document = pdf.PdfDocument(CARDS / "copperline__mathwell-instruct.pdf")
    assert len(document) == 2
    document.close()
    text = _text("copperline__mathwell-instruct.pdf")
    marks = ["Abstract", "Table 1: Composition", "Total 150 100%", "3 Decontamination", "[4] Yu"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    for failure in TRUTH["failures"]:
        with pytest.raises(pdf.PdfiumError):
            pdf.PdfDocument(CARDS / failure["file"])


def test_the_generator_gives_the_same_bytes(tmp_path: Path) -> None:
    generator = ROOT / "benchmarks" / "make_sample.py"
    subprocess.run([sys.executable, str(generator), "--out", str(tmp_path)], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name for path in CARDS.iterdir() if path.suffix in (".jsonl", ".pdf")}
    assert set(made) == kept
    assert all((CARDS / name).read_bytes() == content for name, content in made.items())


def test_the_records_are_small() -> None:
    sizes = [path.stat().st_size for path in CARDS.glob("*.jsonl")]
    assert len(sizes) == 19
    assert sum(sizes) < 600_000
    assert all(20 <= len(_rows(path.name)) <= 220 for path in CARDS.glob("*.jsonl"))
