"""The rule-based reader on texts written for these tests."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.reading.blocks import Kind, page_of
from agents.reading.rules import MAX_PROPOSALS, MAX_QUOTE, RulesReader
from lineage.identity import DatasetId
from lineage.model import (
    Document,
    DocumentKind,
    FactKey,
    NodeKind,
    Proposal,
    Relation,
    Role,
)
from lineage.ports import Reader
from lineage.registry import Entry, Registry

REGISTRY = Registry(
    [
        Entry(id="rajpurkar/squad", name="SQuAD", kind=NodeKind.DATASET),
        Entry(id="openai/gsm8k", name="GSM8K", kind=NodeKind.DATASET,
              url="https://github.com/openai/grade-school-math"),
        Entry(id="stingning/ultrachat", name="UltraChat", kind=NodeKind.DATASET),
        Entry(id="openbmb/UltraFeedback", name="UltraFeedback", kind=NodeKind.DATASET),
        Entry(id="truthfulqa/truthful_qa", name="TruthfulQA", kind=NodeKind.BENCHMARK),
        Entry(id="HuggingFaceFW/fineweb", name="FineWeb", kind=NodeKind.DATASET),
        Entry(id="stanfordnlp/snli", name="SNLI", kind=NodeKind.DATASET),
        Entry(id="nyu-mll/multi_nli", name="MultiNLI", kind=NodeKind.DATASET),
        Entry(id="nuprl/MultiPL-E", name="MultiPL-E", kind=NodeKind.BENCHMARK),
        Entry(id="hendrycks/competition_math", name="MATH", kind=NodeKind.BENCHMARK),
        Entry(id="codeparrot/apps", name="APPS", kind=NodeKind.DATASET, word_aliases=("APPS",)),
        Entry(id="universal_dependencies", name="Universal Dependencies", kind=NodeKind.DATASET),
        Entry(id="wikipedia", name="Wikipedia", kind=NodeKind.SOURCE),
        Entry(id="common-crawl", name="Common Crawl", kind=NodeKind.SOURCE),
        Entry(id="weather-corpus", name="天气语料库", kind=NodeKind.DATASET),
    ]
)  # fmt: skip
READER = RulesReader(REGISTRY)


def document(
    text: str, dataset: str = "acme/answers", kind: DocumentKind = DocumentKind.CARD
) -> Document:
    return Document(
        id="card.md",
        dataset=DatasetId.parse(dataset),
        kind=kind,
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def read(text: str, dataset: str = "acme/answers") -> tuple[Proposal, ...]:
    return READER.read(document(text, dataset)).proposals


def roles(text: str, dataset: str = "acme/answers") -> dict[str, Role]:
    return {p.parent_name: p.role for p in read(text, dataset)}


def included(text: str, dataset: str = "acme/answers") -> set[str]:
    return {p.parent_name for p in read(text, dataset) if p.role is Role.INCLUDED}


def test_it_is_a_reader() -> None:
    reader: Reader = RulesReader()
    assert reader.name == "rules/1"


@pytest.mark.parametrize(
    ("text", "parent", "relation"),
    [
        ("Our corpus is derived from SQuAD.", "SQuAD", Relation.DERIVATION),
        ("This is a subset of UltraChat with 5k rows.", "UltraChat", Relation.SUBSET),
        ("A filtered version of the FineWeb dataset.", "FineWeb", Relation.FILTERING),
        ("We machine-translated the SQuAD dataset into Welsh.", "SQuAD", Relation.TRANSLATION),
        ("Automatic translation of SQuAD into Thai.", "SQuAD", Relation.TRANSLATION),
        ("It is a mixture of GSM8K and UltraChat.", "UltraChat", Relation.MIXTURE),
        ("We collected questions from GSM8K for this.", "GSM8K", Relation.DERIVATION),
        ("The sentences are sourced from Common Crawl.", "Common Crawl", Relation.DERIVATION),
        ("We annotated 400 passages of SQuAD with labels.", "SQuAD", Relation.ANNOTATION),
        ("本数据集基于GSM8K构建。", "GSM8K", Relation.DERIVATION),
        ("数据来自天气语料库。", "天气语料库", Relation.DERIVATION),
    ],
)
def test_plain_derivation(text: str, parent: str, relation: Relation) -> None:
    (found,) = [p for p in read(text) if p.parent_name == parent]
    assert found.role is Role.INCLUDED
    assert found.relation is relation


@pytest.mark.parametrize(
    ("text", "parent", "role"),
    [
        ("We removed rows overlapping with GSM8K.", "GSM8K", Role.REMOVED),
        ("The set was decontaminated against GSM8K and SQuAD.", "SQuAD", Role.REMOVED),
        ("TruthfulQA prompts were removed by a left join.", "TruthfulQA", Role.REMOVED),
        ("It takes a completely different approach than UltraChat.", "UltraChat", Role.COMPARED),
        ("Unlike SQuAD, ours has long answers.", "SQuAD", Role.COMPARED),
        ("Models trained this way outperform FineWeb baselines.", "FineWeb", Role.COMPARED),
        ("We evaluated three models on GSM8K.", "GSM8K", Role.EVALUATED),
        ("Rows have the same format as UltraChat.", "UltraChat", Role.INSPIRED),
        ("Written by hand, inspired by SQuAD.", "SQuAD", Role.INSPIRED),
        ("Answers are given in SQuAD-style JSON.", "SQuAD", Role.INSPIRED),
    ],
)
def test_other_roles_are_not_inclusion(text: str, parent: str, role: Role) -> None:
    assert roles(text)[parent] is role


@pytest.mark.parametrize(
    "text",
    [
        "The model was fine-tuned on SQuAD and GSM8K.",
        "This set is not derived from SQuAD.",
        "See also SQuAD.",
        "## Citation\n\nData derived from SQuAD.",
        "<!-- derived from SQuAD -->\nA corpus of rain.",
        "```\nderived from SQuAD\n```",
        "---\nsource: derived from SQuAD\n---\nA corpus of rain.",
        "The code is adapted from [verl](https://github.com/volcengine/verl).",
        "To combine multiple files, use the script.",  # `multiple` is not MultiPL-E
        "We teach math to people from everywhere.",  # nor is `math` MATH
        "Data generated with techniques like SQuAD.",
        "SQuAD is a nice benchmark.",
    ],
)
def test_no_inclusion(text: str) -> None:
    assert not included(text)


def test_an_enumeration_shares_its_cue() -> None:
    text = "Problems were gathered from GSM8K (https://x.org/a), SQuAD, and UltraChat."
    assert included(text) == {"GSM8K", "SQuAD", "UltraChat"}


def test_names_that_nobody_listed() -> None:
    assert "Turtle NER" in included("It is based on the Turtle NER corpus of 2011.")
    assert "Harbour Headlines" in included("Recast from the Harbour Headlines Dataset.")
    assert "RainQA-v2" in included("A subset of RainQA-v2.")
    found = included("A translation of the [RAIN English dataset](https://example.org/rain).")
    assert found == {"RAIN English dataset"}


def test_qualifiers_make_another_name() -> None:
    (found,) = read("We annotate the Danish Universal Dependencies corpus; built from it.")[:1]
    assert found.parent_name == "Danish Universal Dependencies"
    (years,) = read("The rows are taken from GSM8K (up to 2023).")
    assert years.parent_name == "GSM8K (up to 2023)"
    assert years.parent_id is None
    assert not included("It is derived from SQuAD-it.") & {"SQuAD"}


def test_ids_come_from_the_document_only() -> None:
    linked, plain = read(
        "Built from [the chats](https://huggingface.co/datasets/stingning/ultrachat) dataset. "
        "It also draws samples from GSM8K."
    )
    assert str(linked.parent_id) == "stingning/ultrachat"
    assert plain.parent_name == "GSM8K"
    assert plain.parent_id is None
    (written,) = read("Sampled from `acme-labs/rain-qa-10k`.")
    assert str(written.parent_id) == "acme-labs/rain-qa-10k"


def test_the_name_of_a_bare_link_button_is_its_id() -> None:
    (found,) = read("Rows sampled from [here](https://huggingface.co/datasets/rain/wet-qa).")
    assert found.parent_name == "rain/wet-qa"
    assert found.parent_name in found.evidence.quote


def test_sites_are_sources_and_models_teachers() -> None:
    found = {p.parent_name: p for p in read("Scraped from rainforum.org and Wikipedia.")}
    assert found["rainforum.org"].parent_kind is NodeKind.SOURCE
    assert found["Wikipedia"].parent_kind is NodeKind.SOURCE
    assert all(p.parent_id is None for p in found.values())
    (teacher,) = read("All responses were generated by GPT-4.")
    assert teacher.role is Role.TEACHER
    assert teacher.parent_kind is NodeKind.MODEL


def test_the_dataset_itself_is_no_parent() -> None:
    text = "# Answers: a corpus\n\nAnswers is derived from SQuAD. A subset of acme/answers."
    assert included(text) == {"SQuAD"}
    assert not read("A new version of SQuAD.", dataset="rajpurkar/squad")


def test_source_lists_and_tables() -> None:
    listed = "# Rain\n\n## Data sources\n\n- SQuAD\n- GSM8K: 7k rows\n"
    assert included(listed) == {"SQuAD", "GSM8K"}
    led = "We combine the following datasets:\n\n* UltraChat\n* `rain/wet-qa`\n"
    assert included(led) == {"UltraChat", "rain/wet-qa"}
    table = (
        "## Dataset mixture\n\n| Name | Samples |\n| --- | --- |\n"
        "| SQuAD | 100 |\n| [Wet](https://huggingface.co/datasets/rain/wet-qa) | 20 |\n"
    )
    assert included(table) == {"SQuAD", "Wet"}
    html = "<h2>Components</h2><table><tr><td>SQuAD</td>\n<td>5</td></tr></table>"
    assert included(html) == {"SQuAD"}
    results = "## Evaluation results\n\n| Task | Score |\n| --- | --- |\n| GSM8K | 50 |\n"
    assert roles(results) == {"GSM8K": Role.EVALUATED}


def test_a_column_of_sources_and_the_child_of_its_row() -> None:
    text = (
        "Our sets:\n\n| Dataset | Source | Model |\n| --- | --- | --- |\n"
        "| [Wet](https://huggingface.co/datasets/rain/wet-qa) | SQuAD | GPT-4 |\n"
    )
    found = {p.parent_name: p for p in read(text)}
    assert found["SQuAD"].role is Role.INCLUDED
    assert str(found["SQuAD"].child) == "rain/wet-qa"
    assert found["GPT-4"].role is Role.TEACHER


def test_catalogues_describe_others() -> None:
    text = (
        "# Awesome weather data\n\n"
        "- [Wet](https://huggingface.co/datasets/rain/wet-qa): translated from SQuAD.\n"
        "- [Dry](https://huggingface.co/datasets/sun/dry-qa): human-written.\n"
        "- [Fog](https://huggingface.co/datasets/sun/fog-qa): human-written.\n"
    )
    (found,) = read(text)
    assert (str(found.child), found.parent_name) == ("rain/wet-qa", "SQuAD")


def test_sections_under_another_dataset_are_about_it() -> None:
    (found,) = [
        p
        for p in read("# Rain\n\n## UltraChat\n\nIt was distilled from FineWeb.\n")
        if p.parent_name == "FineWeb"
    ]
    assert str(found.child) == "stingning/ultrachat"


def test_what_a_paper_of_the_base_says_is_said_of_the_base() -> None:
    text = "We include all instructions from TruthfulQA (Lin et al., 2022)."
    (found,) = read(text, dataset="hub4/ultrafeedback_binarized")
    assert str(found.child) == "openbmb/UltraFeedback"
    (own,) = read(text)
    assert str(own.child) == "acme/answers"


def test_scripts_and_loading_code() -> None:
    text = "## Data\n\n```bash\npython process_APPS.py\n```\n"
    assert included(text) == {"APPS"}
    code = '```python\nrows = load_dataset("rain/wet-qa")\n```\n'
    assert included(code) == {"rain/wet-qa"}
    assert not included('```python\nload_dataset("acme/answers")\n```\n')


def test_configs_that_bear_known_names() -> None:
    text = (
        "# Rain\n\n## Data Instances\n\n### multi_nli\n\n### snli\n\nSNLI is a corpus of pairs.\n"
    )
    assert {p.parent_name.casefold() for p in read(text)} == {"multi_nli", "snli"}


def test_facts_in_prose() -> None:
    reading = READER.read(
        document(
            "The dataset is licensed under CC BY 4.0. The corpus contains about 12,000 sentences. "
            "This dataset was released in March 2021. GPT-4 was released in 2023."
        )
    )
    facts = {fact.key: fact.value for fact in reading.facts}
    assert facts == {
        FactKey.LICENCE: "CC BY 4.0",
        FactKey.SIZE: "12,000 sentences",
        FactKey.RELEASED: "2021-03",
    }
    for fact in reading.facts:
        assert fact.evidence.start is not None
        text = fact.evidence.quote
        assert text


def test_long_sentences_are_quoted_around_the_name() -> None:
    text = "word " * 100 + "and it is derived from SQuAD " + "word " * 100
    (found,) = read(text)
    assert len(found.evidence.quote) <= MAX_QUOTE
    assert "derived from SQuAD" in found.evidence.quote


def test_evidence_tells_where() -> None:
    (found,) = read("# Rain\n\nA corpus.\n\nIt is derived from SQuAD.\n")
    assert found.evidence.location == "line 5"
    assert found.evidence.quote == "It is derived from SQuAD."
    assert found.evidence.reader == "rules/1"
    assert 0.5 < found.evidence.confidence < 0.99


def test_papers_are_read_without_markdown() -> None:
    text = (
        "Rain: a corpus\n\n3 Data Collection\nWe sample 10k questions\nfrom GSM8K and SQuAD.\n\n"
        "References\nA. Author. Derived from UltraChat. 2020.\n"
    )
    found = READER.read(document(text, kind=DocumentKind.PAPER)).proposals
    assert {p.parent_name for p in found if p.role is Role.INCLUDED} == {"GSM8K", "SQuAD"}
    assert any("questions\nfrom" in p.evidence.quote for p in found)


def test_nothing_is_cut_in_silence() -> None:
    many = "## Data sources\n\n" + "".join(
        f"- [Set{n}](https://huggingface.co/datasets/org{n}/Set{n})\n" for n in range(3000)
    )
    reading = READER.read(document(many))
    assert len(reading.proposals) == MAX_PROPOSALS
    assert any("further ones" in r.reason for r in reading.rejections)
    assert not READER.read(document("A corpus of rain.")).rejections


PIECES = st.sampled_from(
    [
        *("SQuAD", "derived from ", "GSM8K", " and ", "\n", "\n\n", "- ", "# ", "| ", "`", "**"),
        *("## Data sources\n", "|---|---|\n", "[x](https://huggingface.co/datasets/a/b-c1)"),
        *("<tr><td>", "</td></tr>", "```\n", "<!--", "-->", "---\n", "https://github.com/a/b"),
        *("(", ")", "[", "]", "GPT-4 ", "generated by ", "we removed ", "org/Name-1", "基于", "。"),
        *(". ", "the ", "Wet Rain Dataset", "\u2028", "\t", "&nbsp;", "process_APPS.py"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)))
def test_every_quote_is_exact_and_names_the_parent(text: str) -> None:
    doc = document(text)
    page = page_of(doc)
    assert len(page.plain) == len(text)
    for block in page.blocks:
        assert 0 <= block.start <= block.end <= len(text)
    reading = READER.read(doc)
    for p in reading.proposals:
        start, end = p.evidence.start, p.evidence.end
        assert start is not None
        assert end is not None
        assert p.evidence.quote == text[start:end]
        assert p.parent_name in p.evidence.quote
        assert p.child != p.parent_id
    for fact in reading.facts:
        assert fact.evidence.quote == text[fact.evidence.start : fact.evidence.end]
    assert READER.read(doc) == reading


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"- [D{n}](https://huggingface.co/datasets/o/D{n})\n" for n in range(10_000)),
        " ".join(f"[D{n}](https://huggingface.co/datasets/o/D{n})" for n in range(4_000)),
        "\n".join(" " * min(n, 500) + "- derived from SQuAD" for n in range(1_500)),
        "derived from SQuAD and " * 10_000,
        "[" * 300_000,
        "(" * 300_000,
        "a" * 1_000_000,
        "Aa " * 100_000,
        "`a" * 150_000,
        "|a" * 150_000,
        "<tr><td>" * 40_000,
        "<a href=x>" * 30_000,
        "SQuAD (" * 20_000,
        "![a](" * 60_000,
        ">" * 100_000 + " derived from SQuAD",
        "# derived from SQuAD\n" * 10_000,
        "_" * 300_000,
        "```\n" * 70_000,
    ],
    ids=lambda text: text[:12].strip() or "indent",
)
def test_hostile_text_costs_linear_time(text: str) -> None:
    began = time.process_time()
    READER.read(document(text))
    whole = time.process_time() - began
    assert whole < 20, "quadratic work on half a megabyte would take minutes"


def test_blocks_of_a_page() -> None:
    text = "Title\n=====\n\nOne\ntwo.\n\n1. first\n   - inner\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    page = page_of(document(text))
    shape = [(b.kind, page.plain[b.start : b.end].strip()) for b in page.blocks]
    assert shape == [
        (Kind.HEADING, "Title"),
        (Kind.PARAGRAPH, "One\ntwo."),
        (Kind.ITEM, "first"),
        (Kind.ITEM, "inner"),
        (Kind.ROW, "a | b"),
        (Kind.ROW, "1 | 2"),
    ]
    inner = page.blocks[3]
    assert inner.lead == 2
    assert page.blocks[5].header == ("a", "b")
