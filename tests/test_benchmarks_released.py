"""The benchmark on released graphs: each number it prints is counted as it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import EVAL, REPOSITORY, edge, needs_eval

from agents.reading.rules import RulesReader
from agents.resolver import RegistryResolver
from lineage import DatasetId, Document, Edge, LineageGraph, NotFound, Rejection, Role, open_store
from lineage.registry import Entry, Registry

sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import released_audit
import released_graphs
from released_agreement import REASONS, Agreement, Line, later_parents, shown
from released_audit import Released, differences, explained, recounted, released

REGISTRY = Registry(
    [
        Entry(id="openai/gsm8k", name="GSM8K", kind="benchmark", aliases=("grade school math",)),
        Entry(id="cais/mmlu", name="MMLU", kind="benchmark"),
        Entry(id="wikipedia", name="Wikipedia", kind="source"),
    ]
)


def line(child: str, parent: str, quote: str = "", **said: Any) -> Line:
    values = {"on_hub": True, "kind": "HuggingFace README", "relation": "Direct Inclusion/Subset"}
    return Line(child=child, parent=parent, quote=quote, **{**values, **said})


def agreement(
    lines: list[Line],
    edges: list[Edge],
    cards: dict[str, str],
    rejections: list[Rejection] | None = None,
) -> Agreement:
    texts = {DatasetId(name=name): text for name, text in cards.items()}
    graph = LineageGraph([], edges)
    return Agreement(lines, graph, rejections or [], texts, RegistryResolver(REGISTRY))


def reason(
    theirs: Line,
    card: str,
    edges: list[Edge] | None = None,
    rejections: list[Rejection] | None = None,
) -> tuple[str, str, bool]:
    (one,) = agreement([theirs], edges or [], {theirs.child: card}, rejections).reasons()
    return one.reason, one.detail, one.quote_names_parent


def test_pairs_meet_under_their_resolved_ids() -> None:
    found = agreement(
        [line("o/a", "gsm8k"), line("o/a", "GSM8K", on_hub=False), line("o/a", "o/x")],
        [edge("o/a", "openai/gsm8k"), edge("o/a", "cais/mmlu")],
        {"o/a": "text"},
    )
    assert len(found.theirs) == 2  # two lines name one data set
    assert found.both == {(DatasetId(name="o/a"), DatasetId(name="openai/gsm8k"))}
    assert [str(parent) for _, parent in found.ours_only] == ["cais/mmlu"]
    assert [str(parent) for _, parent in found.theirs_only] == ["o/x"]


def test_what_cannot_be_compared_is_counted_apart() -> None:
    lines = [line("o/a", "o/a"), line("o/unread", "o/b")]
    found = agreement(lines, [edge("o/unread", "o/b"), edge("o/a", "o/a")], {"o/a": "text"})
    assert (found.theirs, found.ours) == ({}, {})
    assert (found.self_pairs, found.without_card) == (1, 1)


def test_other_roles_are_no_pairs_of_ours() -> None:
    found = agreement([], [edge("o/a", "o/b", role=Role.COMPARED)], {"o/a": "text"})
    assert found.ours == {}


def test_short_names_match_whatever_the_organisation() -> None:
    found = agreement(
        [line("o/a", "x/Some_Set"), line("o/a", "x/other"), line("o/b", "x/Some_Set")],
        [edge("o/a", "name:someset"), edge("o/b", "y/third")],
        {"o/a": "text", "o/b": "text"},
    )
    assert len(found.both) == 0
    assert found.by_short_name() == (1, 1)


@pytest.mark.parametrize(
    ("held", "detail"),
    [
        ("name:fooset", "an unresolved name"),
        ("github:x/FooSet", "another repository of that name"),
    ],
)
def test_a_parent_held_under_another_id(held: str, detail: str) -> None:
    theirs = line("o/a", "y/foo-set", "from FooSet")
    assert reason(theirs, "from FooSet", [edge("o/a", held)]) == ("other-id", detail, True)


def test_a_parent_held_in_another_role() -> None:
    edges = [edge("o/a", "y/foo", role=Role.REMOVED)]
    assert reason(line("o/a", "y/foo", "minus foo"), "minus foo", edges) == (
        "other-role",
        "removed",
        True,
    )


def test_a_proposal_that_was_turned_down() -> None:
    refused = Rejection(child=DatasetId(name="o/a"), parent_name="y/Foo", reason="not a name")
    found = reason(line("o/a", "y/foo", "of foo"), "of foo", rejections=[refused])
    assert found == ("rejected", "not a name", True)


@pytest.mark.parametrize(
    ("theirs", "card", "expected"),
    [
        (line("o/foo", "y/foo", "foo"), "Foo is good.", ("own-name", "", True)),
        (line("o/foo", "y/foo", "y/foo"), "See y/foo.", ("missed", "in the text", True)),
        (line("o/a", "y/foo", "of Foo"), "Thanks, Foo!", ("missed", "in the text", True)),
        (
            line("o/a", "y/foo", "of Foo"),
            "---\nconfigs:\n- foo\n---\nNothing.",
            ("missed", "in the YAML header only", True),
        ),
        (line("o/a", "y/foo", "see there"), "Thanks, Foo!", ("missed", "in the text", False)),
        (line("o/a", "openai/gsm8k", "x"), "grade school math", ("missed", "in the text", False)),
        (line("o/a", "y/foo", "see there"), "None.", ("quote-without-name", "", False)),
        (line("o/a", "y/data", "our data"), "our data", ("quote-without-name", "", False)),
        (line("o/a", "y/foo", "Foo", kind="Paper"), "None.", ("other-document", "Paper", True)),
        (
            line("o/a", "y/foo", "Foo", kind="HuggingFace README; Blog"),
            "None.",
            ("other-document", "HuggingFace README; Blog", True),
        ),
        (line("o/a", "y/foo", "Foo"), "Foolish.", ("not-in-card", "", True)),
    ],
)
def test_the_reason_why_a_pair_is_theirs_only(
    theirs: Line, card: str, expected: tuple[str, str, bool]
) -> None:
    assert reason(theirs, card) == expected
    assert expected[0] in REASONS


def test_parents_later_need_two_dates() -> None:
    a, b, c = (DatasetId(name=f"o/{letter}") for letter in "abc")
    assert later_parents([(a, b), (b, a), (a, c)], {a: "2023", b: "2024-05"}) == (1, 2)


def test_quotes_are_shown_on_one_line() -> None:
    assert shown("a\n  b") == "a b"
    assert shown("x" * 300, 10) == "xxxxxxx..."


# The counts of part 1


def graph_of(lines: list[Line], records: list[dict[str, Any]]) -> Released:
    return Released("text", Path("e"), Path("d"), tuple(lines), tuple(records))


def test_defects_are_counted_on_the_lines_as_they_stand() -> None:
    graph = graph_of(
        [
            line("o/a", "o/Foo-Set", "from foo set"),
            line("o/a", "p/foo_set", "from elsewhere"),
            line("o/a", "p/foo_set", "said twice"),
            line("o/b", "o/gone", "from elsewhere", on_hub=False),
        ],
        [{"name": "o/a", "year": "2023-05"}, {"name": "o/Foo-Set", "year": "2024-01"}],
    )
    assert recounted(graph) == {
        "lines": (4, 4),
        "pairs": (3, 4),
        "records": (2, 2),
        "quote-without-short-name": (2, 3),
        "parent-later": (1, 1),
        "duplicate-name": (1, 5),
    }


def test_the_reasons_for_a_difference_are_counted_too() -> None:
    graph = graph_of(
        [
            line("o/a", "o/x", "from x"),
            line("o/b", "o/x", "from elsewhere", on_hub=False),
            line("o/c", "o/x", "from x", on_hub=False),
        ],
        [{"name": "o/X_"}, {"name": "o/lonely"}],
    )
    why = differences(graph)
    assert why["quote-without-short-name"][:2] == (1, 2)
    assert why["duplicate-name"][:2] == (1, 2)


def test_a_reason_that_does_not_add_up_is_no_reason() -> None:
    assert explained((3, 9), (2, 7), (1, 2, "because")) == "because"
    assert "not explained" in explained((3, 9), (2, 8), (1, 2, "because"))
    assert "not explained" in explained((3, 9), (2, 8), None)


@needs_eval
@pytest.mark.parametrize("name", released_graphs.GRAPHS)
def test_every_stated_count_is_found_or_explained(name: str) -> None:
    graph = released(EVAL / "graphs", name)
    counted = recounted(graph)
    for kind, (found, of) in released_audit.STATED[name].items():
        assert counted[kind][0] == found, kind
        assert of is None or counted[kind][1] == of, kind
    report = released_audit.audited(graph)
    unexplained = [
        c["kind"] for c in report["checks"] if "not explained" in c.get("difference", "")
    ]
    assert unexplained == []


# The whole script, on a folder of this test's own


def released_folder(folder: Path) -> Path:
    lines = [
        ("o/clean", "openai/gsm8k", "a filtered version of GSM8K", "HuggingFace README"),
        ("o/clean", "o/hidden", "Table 4 of the paper", "Paper"),
    ]
    records = [
        ("o/clean", "A filtered version of [GSM8K](https://huggingface.co/datasets/openai/gsm8k)."),
        ("o/other", "This is a subset of [MMLU](https://huggingface.co/datasets/cais/mmlu)."),
        ("o/empty", " "),
        ("o/old", "Early skip - dataset created before or in 2020"),
    ]
    for graph in released_graphs.GRAPHS:
        with (folder / f"tracing_roots_{graph}_edges.jsonl").open("w") as out:
            for child, parent, quote, kind in lines:
                meta = {"source": kind, "confidence": 0.9, "evidence": quote, "exists": True}
                meta["relationship"] = "Direct Inclusion/Subset"
                row = {"target": child, "source": parent, "meta_info": json.dumps(meta)}
                out.write(json.dumps(row) + "\n")
        with (folder / f"tracing_roots_{graph}_datasets.jsonl").open("w") as out:
            for name, text in records:
                out.write(json.dumps({"name": name, "year": "2024", "description": text}) + "\n")
    return folder


def test_the_run_reads_stores_audits_and_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.db"
    folder = released_folder(tmp_path)
    released_graphs.main(["--graphs", str(folder), "--store", str(kept), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["run"]["texts"] == {"cards": 2, "no_text": 1, "placeholder": 1, "records": 4}
    assert result["run"]["read"] == 2
    assert result["run"]["failures"] == 0
    found = result["agreement"]
    assert (found["theirs"], found["ours"], found["both"]) == (2, 2, 1)
    split = {row["reason"]: row["pairs"] for row in found["theirs_only"]["split"]}
    assert split == dict.fromkeys(REASONS, 0) | {"quote-without-name": 1}
    (sample,) = found["ours_only"]["sample"]
    assert (sample["child"], sample["parent"]) == ("o/other", "cais/mmlu")
    with open_store(str(kept), read_only=True) as store:
        assert len(tuple(store.edges())) == 2


def test_the_table_is_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    released_graphs.main(["--graphs", str(released_folder(tmp_path)), "--limit", "1", "--verbose"])
    printed = capsys.readouterr().out
    assert "Released text graph: 2 lines (README: 1,092)" in printed
    assert "both 1, ours only 0, theirs only 1" in printed
    assert all(words in printed for words in REASONS.values())


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--graphs DIR"):
        released_graphs.main(["--graphs", str(tmp_path)])


def test_the_source_knows_its_cards_only() -> None:
    known = DatasetId(name="o/a")
    source = released_graphs.CardSource({known: "---\nlicense: mit\n---\nText"})
    (document,) = source.documents(known)
    assert isinstance(document, Document)
    assert (document.version, document.metadata) == (source.version(known), {"license": "mit"})
    assert source.version(DatasetId(name="o/b")) is None
    with pytest.raises(NotFound):
        next(source.documents(DatasetId(name="o/b")))


def test_a_quote_that_says_removed_is_told(tmp_path: Path) -> None:
    graph = released(released_folder(tmp_path), "text")
    said = line("o/a", "cais/mmlu", "We removed all questions that also occur in MMLU.")
    told = released_audit.quoted_roles(
        Released("text", graph.edges, graph.datasets, (*graph.lines, said), ()),
        RulesReader(REGISTRY),
        RegistryResolver(REGISTRY),
    )
    assert told["by_role"] == {"removed": 1}
    assert [row["parent"] for row in told["removed"]] == ["cais/mmlu"]
