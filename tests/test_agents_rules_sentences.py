"""What single sentences say: denial, removal, teachers, relations, splits, dates, cue search."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.reading import cues
from agents.reading.openings import openings, word_heads
from agents.reading.rules import RulesReader
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, FactKey, NodeKind, Proposal, Relation, Role
from lineage.ports import Reading
from lineage.registry import Entry, Registry

REGISTRY = Registry(
    [
        Entry(id="rajpurkar/squad", name="SQuAD", kind=NodeKind.DATASET),
        Entry(id="openai/gsm8k", name="GSM8K", kind=NodeKind.DATASET),
        Entry(id="stingning/ultrachat", name="UltraChat", kind=NodeKind.DATASET),
        Entry(id="tatsu-lab/alpaca", name="Alpaca", kind=NodeKind.DATASET),
        Entry(id="cais/mmlu", name="MMLU", kind=NodeKind.BENCHMARK),
        Entry(id="wikipedia", name="Wikipedia", kind=NodeKind.SOURCE),
        Entry(id="common-crawl", name="Common Crawl", kind=NodeKind.SOURCE),
    ]
)
READER = RulesReader(REGISTRY)


def document(text: str, kind: DocumentKind = DocumentKind.CARD) -> Document:
    return Document(
        id="card.md",
        dataset=DatasetId.parse("acme/answers"),
        kind=kind,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def read(text: str) -> tuple[Proposal, ...]:
    return READER.read(document(text)).proposals


def said(text: str) -> dict[str, tuple[Role, Relation]]:
    return {p.parent_name: (p.role, p.relation) for p in read(text)}


def included(text: str) -> set[str]:
    return {p.parent_name for p in read(text) if p.role is Role.INCLUDED}


@pytest.mark.parametrize(
    "text",
    [
        "SQuAD was left aside: we did not draw on it, nor did we sample rows from SQuAD.",
        "For want of a licence we could not take any passages from SQuAD.",
        "Our crawl holds no passages of SQuAD.",
        "Nothing of SQuAD is part of this release.",
        "None of the items are drawn from SQuAD.",
        "It contains neither SQuAD nor GSM8K.",
        "SQuAD isn't included.",
        "SQuAD, which was never sampled, is shown for reference.",
        "The set was compiled without using SQuAD.",
        "Rows were written by hand rather than taken over; we don't use SQuAD.",
        "We thought of SQuAD as a further source, but opted against it.",
        "We no longer use SQuAD.",
        "No question of SQuAD was copied.",
        "The answers are not based on SQuAD.",
        "It is free of SQuAD questions.",
    ],
)
def test_what_is_denied_is_not_included(text: str) -> None:
    assert not included(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Rows are taken not only from SQuAD but also from GSM8K.", {"SQuAD", "GSM8K"}),
        ("The rows are not shuffled; they were taken from SQuAD.", {"SQuAD"}),
        ("Since no public set existed, we collected rows from SQuAD.", {"SQuAD"}),
        ("The answers, which are not short, are taken from SQuAD.", {"SQuAD"}),
        ("We use no data other than SQuAD.", {"SQuAD"}),
        ("Prompts were drawn from SQuAD, not from GSM8K.", {"SQuAD"}),
        ("We picked items from GSM8K rather than SQuAD.", {"GSM8K"}),
        ("With no changes to the wording, we extracted items from GSM8K.", {"GSM8K"}),
    ],
)
def test_a_denial_of_something_else_denies_nothing(text: str, names: set[str]) -> None:
    assert included(text) == names


@pytest.mark.parametrize(
    ("text", "parent", "role"),
    [
        ("We threw out every item that shares a sentence with the test part of SQuAD.", "SQuAD",
         Role.REMOVED),
        ("Prompts matching the dev questions of SQuAD were discarded.", "SQuAD", Role.REMOVED),
        ("We dropped anything found in the validation split of SQuAD or in MMLU.", "MMLU",
         Role.REMOVED),
        ("It was deduplicated by hash against SQuAD.", "SQuAD", Role.REMOVED),
        ("We deleted all examples from MMLU.", "MMLU", Role.REMOVED),
        ("All web pages except those of Wikipedia are kept.", "Wikipedia", Role.REMOVED),
        ("Accuracy was measured on 200 questions from SQuAD.", "SQuAD", Role.EVALUATED),
        ("Models are tested on the held-out portion of SQuAD.", "SQuAD", Role.EVALUATED),
        ("A small model gains 3 points on SQuAD.", "SQuAD", Role.EVALUATED),
        ("We compare our rows with a cleaned version of SQuAD.", "SQuAD", Role.COMPARED),
        ("Previous collections of this sort, for example SQuAD, are bigger.", "SQuAD",
         Role.COMPARED),
        ("SQuAD and other reading sets such as ours differ.", "SQuAD", None),
        ("SQuAD and other extractive benchmarks lack long answers.", "SQuAD", Role.COMPARED),
        ("We searched for matches with MMLU.", "MMLU", None),
        ("We looked for overlaps with MMLU.", "MMLU", Role.COMPARED),
        ("Overlaps with MMLU were filtered out.", "MMLU", Role.REMOVED),
        ("Two of the posts are questions of SQuAD, word for word.", "SQuAD", None),
        ("Although SQuAD is bigger (100k rows from Wikipedia), this set is cleaner.", "Wikipedia",
         Role.COMPARED),
        ("The plan is due to Alpaca authors; the idea of SQuAD helped.", "SQuAD", Role.INSPIRED),
    ],
)  # fmt: skip
def test_an_earlier_verb_decides_over_a_noun(text: str, parent: str, role: Role | None) -> None:
    found = said(text).get(parent)
    assert (found[0] if found else None) is role


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("A deduplicated union of SQuAD and GSM8K.", Relation.MIXTURE),
        ("We discarded refusals and then sampled 300 questions from SQuAD.", Relation.SUBSET),
        ("After duplicates had been dropped, the set is a subset of SQuAD.", Relation.SUBSET),
        ("Items were gathered from SQuAD, and doubtful ones were removed.", Relation.FILTERING),
        ("Toxic replies were removed from SQuAD.", Relation.FILTERING),
        ("Starting from SQuAD, we threw away or removed broken rows.", Relation.FILTERING),
        ("This is the amended edition of SQuAD.", Relation.REVISION),
        ("Version 3.1 of SQuAD with fewer typos.", Relation.REVISION),
        ("SQuAD (train) in JSON Lines format.", None),
        ("SQuAD in ShareGPT layout.", Relation.COPY),
        ("The paragraphs of SQuAD with three fluency ratings each.", Relation.ANNOTATION),
        ("New riddles were generated from paragraphs of SQuAD.", Relation.SYNTHESIS),
        ("The tasks were evolved from questions in SQuAD.", Relation.REWRITING),
        ("Random tenth of the rows: a 10% sample of SQuAD. seed 7", Relation.SUBSET),
        ("We combine existing corpora such as SQuAD.", Relation.MIXTURE),
    ],
)
def test_relations(text: str, relation: Relation | None) -> None:
    found = said(text).get("SQuAD")
    assert (found if relation else None) == ((Role.INCLUDED, relation) if relation else None)


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("Every abstract was handed to Qwen2-72B-Instruct to write a question.",
         Relation.SYNTHESIS),
        ("Qwen2-72B-Instruct rephrased all titles.", Relation.REWRITING),
        ("We sampled four answers from Qwen2-72B-Instruct.", Relation.REGENERATION),
        ("Replies by people, rated by Qwen2-72B-Instruct.", Relation.ANNOTATION),
        ("Qwen2-72B-Instruct was asked to translate the stories.", Relation.TRANSLATION),
        ("The responses of Qwen2-72B-Instruct are kept: completions from Qwen2-72B-Instruct.",
         Relation.REGENERATION),
    ],
)  # fmt: skip
def test_teachers_and_their_work(text: str, relation: Relation) -> None:
    assert said(text) == {"Qwen2-72B-Instruct": (Role.TEACHER, relation)}


@pytest.mark.parametrize(
    "text",
    [
        "Lengths are in tokens, using the Qwen2-72B-Instruct tokenizer.",
        "The set was used to fine-tune Qwen2-72B-Instruct.",
        "We start from the base model Qwen2-72B-Instruct.",
        "Use of it is bound by the terms of the license of Qwen2-72B-Instruct.",
        "Our model is better than Qwen2-72B-Instruct.",
        "Qwen2-72B-Instruct scores 71.2 here.",
    ],
)
def test_other_mentions_of_models_teach_nothing(text: str) -> None:
    assert not said(text)


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("We took prompts from SQuAD. For each prompt, an answer was sampled from GPT-4.",
         Relation.REGENERATION),
        ("- Start: 80 articles drawn from SQuAD\n- GPT-4 wrote a quiz for each article.\n",
         Relation.SYNTHESIS),
        ("40 questions from SQuAD.\n\nGPT-4 then rewrote each question.", Relation.REWRITING),
        ("40 questions from SQuAD.\n\n# Other\n\nGPT-4 rewrote each question.",
         Relation.DERIVATION),
        ("40 passages from SQuAD. GPT-4 wrote the introduction.", Relation.DERIVATION),
        ("A third comes from SQuAD. The remainder was scraped from Wikipedia.", Relation.MIXTURE),
        ("The replies were generated by GPT-4 using SQuAD questions.", Relation.REGENERATION),
    ],
)  # fmt: skip
def test_relations_told_by_the_neighbours(text: str, relation: Relation) -> None:
    assert said(text)["SQuAD"] == (Role.INCLUDED, relation)


@pytest.mark.parametrize(
    ("text", "splits"),
    [
        ("Drawn from the training split of SQuAD.", ["train"]),
        ("Drawn from the `validation` split of [SQuAD](https://example.org/s).", ["validation"]),
        ("We sampled items from the SQuAD dev set.", ["validation"]),
        ("Taken from SQuAD (test).", ["test"]),
        ("Taken from SQuAD's train set.", ["train"]),
        ("We merged the train and test splits of SQuAD.", ["train", "test"]),
        ("A translation of the first 50 test questions of SQuAD.", ["test"]),
        ("Models are evaluated on the test sets of GSM8K and SQuAD.", ["test"]),
        ("Questions for training were taken from SQuAD.", [None]),
        ("Taken from SQuAD to test models.", [None]),
        ("Taken from SQuAD.", [None]),
    ],
)
def test_splits(text: str, splits: list[str | None]) -> None:
    assert [p.parent_split for p in read(text) if p.parent_name == "SQuAD"] == splits


def test_what_is_said_of_a_split_comes_before_what_is_said_of_the_whole() -> None:
    text = "It is derived from SQuAD. Rows are taken from the train split of SQuAD."
    (found,) = read(text)
    assert found.parent_split == "train"
    assert "train split" in found.evidence.quote


def test_configs() -> None:
    (found,) = read("Drawn from the `socratic` config of GSM8K.")
    assert found.parent_config == "socratic"
    assert found.parent_split is None


@pytest.mark.parametrize(
    "text",
    [
        "Distributed under CC BY-SA, as the terms of Wikipedia demand.",
        "Usage must be in line with the SQuAD licence.",
        "All rows are stored in Alpaca format.",
        "See the SQuAD paper.",
        "Code follows the SQuAD repository.",
        "The current version of SQuAD covers 9 topics.",
        "Rows were labelled during the Rain Net project.",
        "With more than 900 talks from many speakers.",
        "A smaller sample of this dataset is at [wet](https://huggingface.co/datasets/rain/wet-q1).",
        "Duplicates were found via [hasher](https://github.com/rain/hasher).",
    ],
)
def test_terms_formats_tools_and_pointers_say_nothing(text: str) -> None:
    assert not said(text)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Uploaded in February 2023.", "2023-02"),
        ("First published on 3 May 2022.", "2022-05-03"),
        ("Our corpus was originally released on June 14th, 2021.", "2021-06-14"),
        ("Collected in 2019, released 2020-11-30.", "2020-11-30"),
        ("- **Release date:** 2024", "2024"),
        ("* 2023-01-09: initial version", "2023-01-09"),
        ("| event | date |\n|---|---|\n| First release | 2024-01-29 |\n", "2024-01-29"),
        ("SQuAD, released in 2016, is large.", None),
        ("Articles released in March 2021 were read.", None),
        ("Released under CC BY 4.0.", None),
        ("Released on 45 May 2020.", None),
    ],
)
def test_dates_of_release(text: str, date: str | None) -> None:
    facts = {f.value for f in READER.read(document(text)).facts if f.key is FactKey.RELEASED}
    assert facts == ({date} if date else set())


@pytest.mark.parametrize("kind", [DocumentKind.ROWS, DocumentKind.RECORD, DocumentKind.CROISSANT])
def test_what_is_no_prose_is_left_to_its_own_reader(kind: DocumentKind) -> None:
    text = "Our corpus is derived from SQuAD."
    assert READER.read(document(text, kind)) == Reading()
    assert READER.read(document(text)) != Reading()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_cue_is_missed_for_speed(data: st.DataObject) -> None:
    cue = data.draw(st.sampled_from([c for c in cues.ALL if c.openings is not None]))
    text = data.draw(st.from_regex(cue.pattern))
    assert cue.openings is not None
    assert not word_heads(text).isdisjoint(cue.openings)


WORDS = st.sampled_from(
    [
        *("we", "did", "not", "use", "removed", "all", "questions", "from", "the", "test", "split"),
        *("of", "X", "based", "on", "following", "derived", "filtered", "version", "compared"),
        *("with", "基于", ",", ".", ";", "(", ")", "evaluated", "a", "subset", "5%", "translation"),
    ]
)


@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_searching_by_openings_finds_the_same(text: str) -> None:
    free = tuple(c for c in cues.ALL if not c.pattern.pattern.startswith("^"))
    assert cues.hits(text) == cues.hits(text, free)


@pytest.mark.parametrize(
    ("pattern", "heads"),
    [
        (r"\b(?:re-?)?mix\b", {"re", "remi", "mix"}),
        (r"(?<!x)\bto\s+be|\bseed", {"to", "seed"}),
        (r"\b(?i:a[bc]d)\w*", {"abd", "acd"}),
        (r"\b(?:of|v\d)", {"of", "v"}),
        (r"\w+ing", None),
        (r"from|\bto", None),
    ],
)
def test_openings(pattern: str, heads: set[str] | None) -> None:
    assert openings(pattern) == (None if heads is None else frozenset(heads))
