"""Floors of the extraction benchmark on the shared cards, where they are at hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agents.reading.rules import RulesReader
from lineage.model import Role

ROOT = Path(__file__).resolve().parent.parent
EVAL = ROOT.parent / "shared" / "eval"

pytestmark = pytest.mark.skipif(
    not (EVAL / "cards" / "modern_cards.jsonl").is_file(),
    reason="the shared evaluation cards are not beside the checkout",
)


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    name = "benchmark_extraction"
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / "extraction.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scores(benchmark: ModuleType) -> Any:
    cards = {which: benchmark.cards_of(EVAL / "cards", which) for which in ("modern", "hf")}
    return benchmark.scored(EVAL / "cards", benchmark.by_reader(RulesReader()), cards)


def test_modern_cards(scores: Any) -> None:
    assert scores["modern"]["micro"]["f1"] >= 0.81
    assert scores["modern"]["micro"]["precision"] >= 0.84
    assert scores["modern"]["macro"]["f1"] >= 0.76


def test_hub_cards(scores: Any) -> None:
    assert scores["hf_manual"]["micro"]["f1"] >= 0.83
    assert scores["hf_recall"] >= 0.85
    assert scores["hf_parents_per_card"] <= 1.2


def test_predictions_name_their_parents(scores: Any) -> None:
    assert len(scores["predictions"]) > 100
    for line in scores["predictions"]:
        assert line["parent"] in line["quote"]
        assert {"card", "child", "parent_id", "relation"} <= line.keys()


def test_hard_negatives_are_not_inclusions(benchmark: ModuleType) -> None:
    if not (EVAL / "graphs" / "hard_negative_edges.jsonl").is_file():
        pytest.skip("no hard negatives beside the cards")
    result = benchmark.hard_negatives(EVAL / "graphs", RulesReader())
    assert result["with_quote"] >= 10
    assert result["read_as_inclusion"] == []


def test_the_removal_among_the_hard_negatives_is_read_as_removal(benchmark: ModuleType) -> None:
    rows = benchmark.rows_of(EVAL / "graphs" / "hard_negative_edges.jsonl")
    removed = [row for row in rows if "left join" in row["why_not"]]
    assert removed
    document = benchmark.document_of(
        "quote", removed[0]["child"], "Rows of TruthfulQA were removed by a left join."
    )
    roles = {p.role for p in RulesReader().read(document).proposals}
    assert Role.REMOVED in roles
    assert Role.INCLUDED not in roles
