"""What cards, Croissant files, records and the Hub declare, each claim with its own words."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import yaml
from builders import EVAL, needs_eval
from effort import growth
from hypothesis import given
from hypothesis import strategies as st

from agents.reading.declared import DeclaredReader
from agents.resolver import REGISTRY_CONFIDENCE
from agents.sources import FolderSource
from lineage.errors import LineageError, Unreadable
from lineage.identity import DatasetId
from lineage.model import (
    Document,
    DocumentKind,
    FactKey,
    Method,
    NodeKind,
    Proposal,
    Relation,
    Role,
    now,
)
from lineage.ports import Reading

_HUB: dict[str, Any] = {"_hub": {}}


def _document(text: str, kind: DocumentKind = DocumentKind.CARD, **more: Any) -> Document:
    more.setdefault("dataset", "org/child")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Document(id="doc", kind=kind, text=text, sha256=sha256, fetched_at=now(), **more)


def _read(text: str, kind: DocumentKind = DocumentKind.CARD, **more: Any) -> Reading:
    document = _document(text, kind, **more)
    reading = DeclaredReader().read(document)
    _check(document, reading)
    return reading


def _check(document: Document, reading: Reading) -> None:
    """The promises of `lineage.ports.Reader`."""
    statements = [one.evidence for one in reading.proposals]
    for evidence in statements + [one.evidence for one in reading.facts]:
        assert evidence.start is not None
        assert document.text[evidence.start : evidence.end] == evidence.quote != ""
        assert (evidence.document, evidence.sha256) == (document.id, document.sha256)
        assert evidence.reader == DeclaredReader.name
        assert evidence.location
    for proposal in reading.proposals:
        assert proposal.parent_name in proposal.evidence.quote


def _card(header: str, body: str = "") -> Reading:
    return _read(f"---\n{header}\n---\n{body}")


def _parents(reading: Reading) -> list[str]:
    return [one.parent_name for one in reading.proposals]


def _only(reading: Reading) -> Proposal:
    (proposal,) = reading.proposals
    return proposal


def _facts(reading: Reading, key: FactKey) -> list[str]:
    return [one.value for one in reading.facts if one.key is key]


@pytest.mark.parametrize(
    ("value", "name", "parent", "confidence"),
    [
        ("openai/gsm8k", "openai/gsm8k", "openai/gsm8k", 0.95),
        ("extended|glue", "glue", None, 0.9),
        ("extended|org/set", "org/set", "org/set", 0.95),
        ("extended|other-tatoeba", "tatoeba", None, 0.75),
        ("wikipedia", "wikipedia", None, 0.8),
        ("https://huggingface.co/datasets/a/b/tree/main", "a/b", "a/b", 0.95),
        ("https://huggingface.co/datasets/squad", "squad", "squad", 0.95),
        ("https://github.com/org/repo.git", "org/repo", "github:org/repo", 0.7),
        ("https://www.example.org/data", "example.org/data", "url:example.org/data", 0.7),
        ('"quoted name"', "quoted name", None, 0.8),
    ],
)
@pytest.mark.parametrize("shape", ["source_datasets: {}", "source_datasets:\n- original\n- {}"])
def test_a_declared_source(
    shape: str, value: str, name: str, parent: str | None, confidence: float
) -> None:
    proposal = _only(_card(shape.format(value)))
    assert proposal.parent_name == name
    assert (str(proposal.parent_id) if proposal.parent_id else None) == parent
    assert proposal.relation is Relation.DERIVATION
    assert proposal.role is Role.INCLUDED
    assert proposal.evidence.method is Method.DECLARED
    assert proposal.evidence.confidence == confidence
    assert proposal.child == DatasetId.parse("org/child")


@pytest.mark.parametrize(
    "value",
    [
        "original",
        "extended",
        "extended|other",
        "Original",
        "none",
        "N/A",
        "~",
        "[More Information Needed]",
    ],
)
def test_values_that_state_no_parent_state_none(value: str) -> None:
    reading = _card(
        f"source_datasets:\n- '{value}'\nbase_dataset: {value if value[0] != '[' else ''}"
    )
    assert reading.proposals == ()
    assert reading.rejections == ()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("We crawled the web. Then we cleaned it", "a sentence"),
        ("data/train.jsonl", "a file"),
        ("https://huggingface.co/docs/datasets", "a page of the Hub"),
        ("2019", "no name"),
        ('"esc\\x41ped"', "escapes"),
    ],
)
def test_what_is_no_name_is_turned_down_with_a_reason(value: str, reason: str) -> None:
    reading = _card(f"source_datasets: [{value}]")
    assert reading.proposals == ()
    assert reason in reading.rejections[0].reason


@pytest.mark.parametrize(
    ("key", "relation"),
    [
        ("base_datasets", Relation.DERIVATION),
        ("Original-Dataset", Relation.DERIVATION),
        ("derived_from", Relation.DERIVATION),
        ("translated_from", Relation.TRANSLATION),
        ("subset_of", Relation.SUBSET),
        ("filtered_from", Relation.FILTERING),
        ("mirror_of", Relation.COPY),
    ],
)
def test_the_key_says_the_relation(key: str, relation: Relation) -> None:
    assert _only(_card(f"{key}: a/b")).relation is relation


def test_entries_may_be_mappings_lists_in_a_text_or_shares() -> None:
    reading = _card(
        "source_datasets:\n- name: a/b\n  config: main\n  split: train\n"
        "derived_from: c/d, e/f\n"
        "dataset_mixer:\n  g/h: 0.5\n  i/j: 0.5\n"
    )
    assert _parents(reading) == ["a/b", "c/d", "e/f", "g/h", "i/j"]
    assert (reading.proposals[0].parent_config, reading.proposals[0].parent_split) == (
        "main",
        "train",
    )
    assert reading.proposals[3].relation is Relation.MIXTURE


def test_the_quote_is_the_line_with_its_key_where_that_is_near() -> None:
    first, second = _card("license: mit\nsource_datasets:\n- a/b\n- c/d").proposals
    assert first.evidence.quote == "source_datasets:\n- a/b"
    assert second.evidence.quote == "- c/d"
    assert second.evidence.location == "line 5 (source_datasets)"


def test_a_model_is_trained_on_its_datasets_and_made_from_its_base() -> None:
    reading = _read(
        "---\nbase_model: org/base\nbase_model_relation: finetune\n"
        "datasets:\n- a/b\n- squad\n---\n",
        DocumentKind.MODEL_CARD,
        dataset="model:org/m",
    )
    base, first, second = reading.proposals
    assert (base.relation, base.role) == (Relation.DERIVATION, Role.INCLUDED)
    assert (str(base.parent_id), base.parent_kind) == ("model:org/base", NodeKind.MODEL)
    assert "finetune" in base.evidence.note
    assert {first.relation, second.relation} == {Relation.TRAINING}
    assert (str(first.parent_id), second.parent_id) == ("a/b", None)


def test_facts_of_a_card() -> None:
    reading = _card(
        "license: other\nlicense_name: my-terms\nlanguage: [en, no]\npretty_name: The Child\n"
        "size_categories:\n- 1K<n<10K\ntask_categories:\n- question-answering\n"
        "tags: [math, biology]\nextra_gated_prompt: Agree.\n"
        "dataset_info:\n  splits:\n  - name: train\n    num_examples: 7473\n"
        "  - name: test\n    num_examples: 1319\n",
        "- **Paper:** https://arxiv.org/abs/2110.14168\n",
    )
    assert _facts(reading, FactKey.LICENCE) == ["my-terms"]
    assert _facts(reading, FactKey.LANGUAGE) == ["en", "no"]
    assert _facts(reading, FactKey.NAME) == ["The Child"]
    assert _facts(reading, FactKey.SIZE) == ["1K<n<10K", "8,792 rows"]
    assert _facts(reading, FactKey.DOMAIN) == ["qa", "math", "science"]
    assert _facts(reading, FactKey.ACCESS) == ["gated"]
    assert _facts(reading, FactKey.ARXIV) == ["2110.14168"]
    assert _facts(reading, FactKey.RELEASED) == ["2021-10"]


def test_the_surest_date_is_the_one_that_is_stated() -> None:
    """Stated, registry (0.6), month of the paper, day of the repository: no two are equal."""
    card = _card("release_date: 2024-05-06", "- **Paper:** https://arxiv.org/abs/2110.14168\n")
    record = _read("created_at: 2023-05-04T10:00:00\n", DocumentKind.RECORD, metadata=_HUB)
    sure = {
        one.value: one.evidence.confidence
        for one in (*card.facts, *record.facts)
        if one.key is FactKey.RELEASED
    }
    assert sure["2024-05-06"] > REGISTRY_CONFIDENCE > sure["2021-10"] > sure["2023-05-04"]


@pytest.mark.parametrize("day", ["2024-02-31", "2023-02-29"])
def test_a_day_that_no_calendar_has_is_no_date(day: str) -> None:
    reading = _card(f"release_date: {day}")
    assert _facts(reading, FactKey.RELEASED) == []
    assert "calendar" in reading.rejections[0].reason
    record = _read(f"created_at: {day}T10:00:00\n", DocumentKind.RECORD, metadata=_HUB)
    assert record.facts == ()


@pytest.mark.parametrize("count", ["²", "٣", "1" * 16, "-1", "1.5", "x", ""])
def test_rows_that_are_no_number_are_not_summed(count: str) -> None:
    reading = _card(
        "dataset_info:\n  splits:\n  - name: a\n    num_examples: 7\n"
        f"  - name: b\n    num_examples: {count}\n"
    )
    assert _facts(reading, FactKey.SIZE) == []


LONG = "n" * 400
UNUSABLE = [
    LONG,
    f"gpt-4-{LONG}",
    f"{LONG}/{LONG}",
    f"huggingface.co/datasets/{LONG}",
    f"https://huggingface.co/datasets/org/{LONG}",
    f"https://huggingface.co/org/{LONG}",
    f"hf.co/{LONG}/{LONG}",
    f"https://github.com/{LONG}/x",
    f"github.com/org/{LONG}.git",
    "https://github.com/a/.git",
    "https://github.com/a/..",
    f"https://example.org/{LONG}",
    "https://...",
    "https://?q",
    "ftp://example.org/x",
    "https://example.org/\x9f",
    "a\x7fname",
    f"extended|{LONG}",
    f"extended|other-https://github.com/{LONG}/{LONG}",
    f"extended|https://hf.co/datasets/{LONG}",
]


@pytest.mark.parametrize("value", UNUSABLE)
def test_an_address_or_name_that_nothing_can_hold_is_turned_down_everywhere(value: str) -> None:
    for text, kind in (
        (f"---\nsource_datasets: {json.dumps(value)}\n---\n", DocumentKind.CARD),
        (f"---\nbase_model: {json.dumps(value)}\n---\n", DocumentKind.MODEL_CARD),
        (f"---\ndataset_mixer: {{{json.dumps(value)}: 1}}\n---\n", DocumentKind.MODEL_CARD),
        (json.dumps({"isBasedOn": value}, ensure_ascii=False), DocumentKind.CROISSANT),
        (f"source = {json.dumps(value, ensure_ascii=False)} in 3 of 9 rows\n", DocumentKind.ROWS),
    ):
        reading = _read(text, kind)
        assert reading.proposals == ()
        (rejection,) = reading.rejections
        assert len(rejection.reason) < 300
    tagged = f"tag: source_datasets:{value}\ntag: base_model:{value}\ntag: dataset:{value}\n"
    assert _read(tagged, DocumentKind.RECORD, metadata=_HUB).proposals == ()


def test_half_letters_in_escapes_are_no_error() -> None:
    half = '"half \\ud83d pair"'
    assert len(_read(f"source = {half} in 3 of 9 rows\n", DocumentKind.ROWS).rejections) == 1
    croissant = _read(f'{{"isBasedOn": {half}, "name": {half}}}', DocumentKind.CROISSANT)
    assert _facts(croissant, FactKey.NAME) == ["half ? pair"]
    assert croissant.rejections[0].parent_name == "half ? pair"
    assert _read('source = "no \\x json" in 3 of 9 rows\n', DocumentKind.ROWS) == Reading()


def test_a_narrowing_that_no_id_can_hold_is_left_out() -> None:
    reading = _card(
        f"source_datasets:\n- name: a/b\n  config: {LONG}\n  split: train\n"
        '- name: c/d\n  config: "a\\x85b"\n'
    )
    assert [(one.parent_config, one.parent_split) for one in reading.proposals] == [
        (None, "train"),
        (None, None),
    ]


def test_a_broken_header_reads_as_none() -> None:
    assert _card("source_datasets: [a/b\nlicense: mit") == Reading()


def test_prose_is_not_the_business_of_this_reader() -> None:
    assert (
        _read("# Child\nDerived from GSM8K (https://huggingface.co/datasets/openai/gsm8k).")
        == Reading()
    )
    assert _read("Derived from a/b", DocumentKind.PAPER) == Reading()


ROWS = (
    "5,000 rows; columns: source, text\n"
    'source = "openai/gsm8k" in 1,234 of 5,000 rows\n'
    'source = "numina" in 600 of 5,000 rows\n'
    'metadata.dataset = "MATH" in 10 of 5,000 rows\n'
    'subset = "algebra" in 10 of 5,000 rows\n'
    'source = "gpt-4" in 9 of 5,000 rows\n'
    'source = "human" in 9 of 5,000 rows\n'
    'source = "Child" in 9 of 5,000 rows\n'
    'source = "quo\\"ted" in 9 of 5,000 rows\n'
)


def test_values_of_a_provenance_column_are_parts_of_a_mixture() -> None:
    reading = _read(ROWS, DocumentKind.ROWS)
    found = {one.parent_name: one for one in reading.proposals}
    assert list(found) == ["openai/gsm8k", "numina", "MATH", "algebra", "gpt-4"]
    assert found["numina"].relation is Relation.MIXTURE
    assert found["numina"].evidence.quote == 'source = "numina" in 600 of 5,000 rows'
    assert found["numina"].evidence.method is Method.ROWS
    assert found["numina"].evidence.note == "600 rows"
    confidence = {name: one.evidence.confidence for name, one in found.items()}
    assert (
        confidence["openai/gsm8k"]
        > confidence["MATH"]
        > confidence["numina"]
        > confidence["algebra"]
    )
    assert (found["gpt-4"].role, found["gpt-4"].parent_kind) == (Role.TEACHER, NodeKind.MODEL)
    assert _facts(reading, FactKey.SIZE) == ["5,000 rows"]
    assert [one.parent_name for one in reading.rejections] == ["Child", 'quo"ted']


CROISSANT: dict[str, Any] = {
    "@context": {
        "@vocab": "https://schema.org/",
        "prov": "http://www.w3.org/ns/prov#",
        "parents": {"@id": "prov:wasDerivedFrom", "@type": "@id"},
    },
    "@type": "sc:Dataset",
    "name": "Child",
    "license": "https://spdx.org/licenses/MIT.html",
    "datePublished": "2024-05-01T10:00:00",
    "distribution": [
        {
            "@id": "raw",
            "contentUrl": "x.zip",
            "prov:wasDerivedFrom": {"@id": "https://example.org/dump"},
        },
        {"@id": "clean", "contentUrl": "y.zip", "prov:wasDerivedFrom": {"@id": "raw"}},
    ],
}


@pytest.mark.parametrize(
    "key",
    [
        "prov:wasDerivedFrom",
        "wasDerivedFrom",
        "http://www.w3.org/ns/prov#wasDerivedFrom",
        "isBasedOn",
        "sc:isBasedOn",
        "schema:isBasedOn",
        "http://schema.org/isBasedOn",
        "parents",
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "value",
    [
        "https://huggingface.co/datasets/openai/gsm8k",
        {"@id": "https://huggingface.co/datasets/openai/gsm8k", "name": "GSM8K"},
        [
            {
                "@type": "Dataset",
                "name": "GSM8K",
                "url": "https://huggingface.co/datasets/openai/gsm8k",
            }
        ],
    ],
)
def test_croissant_names_its_sources(key: str, value: Any, indent: int | None) -> None:
    text = json.dumps({**CROISSANT, key: value}, indent=indent)
    reading = _read(text, DocumentKind.CROISSANT)
    found = {str(one.parent_id): one for one in reading.proposals}
    assert found.keys() == {"url:example.org/dump", "openai/gsm8k"}
    assert key in found["openai/gsm8k"].evidence.quote
    assert _facts(reading, FactKey.LICENCE) == ["https://spdx.org/licenses/MIT.html"]
    assert _facts(reading, FactKey.RELEASED) == ["2024-05-01"]
    assert _facts(reading, FactKey.NAME) == ["Child"]


def test_croissant_words_inside_a_text_are_no_statement() -> None:
    said = json.dumps({"@context": {}, "description": 'see "isBasedOn": "planted/set" there'})
    assert _read(said, DocumentKind.CROISSANT).proposals == ()


def test_croissant_that_is_not_json_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        _read("{", DocumentKind.CROISSANT)
    with pytest.raises(Unreadable):
        _read("[]", DocumentKind.CROISSANT)


def test_the_hubs_record_of_a_repository() -> None:
    reading = _read(
        "id: org/new-name\nsha: abc\ncreated_at: 2023-05-04T10:00:00+00:00\n"
        "last_modified: 2024-01-02T03:04:05+00:00\naccess: gated\ngated: auto\ntag: license:mit\n"
        "tag: source_datasets:extended|glue\n"
        "tag: source_datasets:original\ntag: arxiv:2304.12244\n",
        DocumentKind.RECORD,
        metadata=_HUB,
    )
    assert _facts(reading, FactKey.RELEASED) == ["2023-05-04"]
    assert _facts(reading, FactKey.MODIFIED) == ["2024-01-02"]
    assert _facts(reading, FactKey.ACCESS) == ["gated"]
    assert _facts(reading, FactKey.LICENCE) == ["mit"]
    assert _facts(reading, FactKey.ARXIV) == ["2304.12244"]
    assert _facts(reading, FactKey.NAME) == ["org/new-name"]
    assert _parents(reading) == ["glue"]
    assert (
        _read("access: gated\n", DocumentKind.RECORD) == Reading()
    )  # another record, not the Hub's


def test_tags_of_a_model_without_a_header() -> None:
    reading = _read(
        "tag: base_model:org/base\ntag: base_model:finetune:org/base\ntag: dataset:a/b\n",
        DocumentKind.RECORD,
        dataset="model:org/m",
        metadata=_HUB,
    )
    assert [(str(one.parent_id), one.relation) for one in reading.proposals] == [
        ("model:org/base", Relation.DERIVATION),
        ("a/b", Relation.TRAINING),
    ]


def test_the_hubs_first_day_is_hardly_a_release_date() -> None:
    record = "created_at: 2022-03-02T23:29:22+00:00\n"
    (fact,) = _read(record, DocumentKind.RECORD, metadata=_HUB).facts
    assert fact.evidence.confidence < 0.5
    assert "as old or older" in fact.evidence.note


def test_statements_without_end_are_cut_aloud_and_in_good_time() -> None:
    def read(count: int) -> Reading:
        flow = ", ".join(f"org/d{number}" for number in range(count))
        return DeclaredReader().read(_document(f"---\nsource_datasets: [{flow}]\n---\n"))

    assert growth(read, 1_200) < 10
    reading = read(20_000)
    assert len(reading.proposals) == 5_000
    assert "more than 5,000 statements" in reading.rejections[-1].reason
    assert max(len(one.evidence.quote) for one in reading.proposals) < 3_000


@given(st.text(max_size=300), st.sampled_from(list(DocumentKind)))
def test_any_text_is_read_or_refused(text: str, kind: DocumentKind) -> None:
    try:
        _read(text, kind, metadata=_HUB)
    except Unreadable:
        assert kind is DocumentKind.CROISSANT


_YAML_ISH = st.text("ab/-|:[]{}'\"#&*\n 1.,é", max_size=60)


@given(_YAML_ISH, st.sampled_from(["source_datasets", "license", "dataset_info", "tags"]))
def test_any_header_keeps_the_promises(value: str, key: str) -> None:
    _card(f"{key}: {value}")


_KEYS = st.sampled_from(["@id", "@context", "isBasedOn", "name", "license", "x"])
_JSON = st.recursive(
    st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner),
)


@given(_JSON)
def test_any_json_keeps_the_promises(value: Any) -> None:
    _read(json.dumps({"isBasedOn": value}, ensure_ascii=False), DocumentKind.CROISSANT)


_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_ODD = st.one_of(
    st.sampled_from(UNUSABLE),
    st.sampled_from(["a/b", "extended|glue", "https://hf.co/datasets/a/b", "arxiv:2304.12244"]),
    st.sampled_from(["²", "2024-02-31", "half \\ud83d", "none"]),
    _TEXT,
    st.integers() | st.floats() | st.booleans() | st.none(),
)
_HEADER_KEYS = st.sampled_from(
    [
        "source_datasets", "base_model", "base_model_relation", "datasets", "dataset_mixer",
        "dataset_info", "splits", "num_examples", "license", "license_name", "language", "tags",
        "task_categories", "size_categories", "release_date", "arxiv", "paper", "name", "config",
        "split", "repo_id", "_hub", "extra_gated_prompt", "pretty_name", "@context", "@id", "url",
        "isBasedOn", "prov:wasDerivedFrom", "datePublished", "inLanguage",
    ]
)  # fmt: skip
_METADATA = st.dictionaries(
    _HEADER_KEYS | _TEXT,
    st.recursive(
        _ODD,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(_HEADER_KEYS, inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=5,
)


@given(_METADATA, _METADATA)
def test_whatever_is_declared_is_read_or_refused(
    declared: dict[str, Any], metadata: dict[str, Any]
) -> None:
    """Nothing but our own errors, on any input: else one odd card would end a run."""
    header = f"---\n{yaml.safe_dump(declared, allow_unicode=True, width=10_000)}---\nA card."
    column = "".join(
        f"source = {json.dumps(str(value), ensure_ascii=False)} in 3 of 9 rows\n"
        for value in declared.values()
    )
    fields = "".join(f"{key}: {value}\ntag: {key}:{value}\n" for key, value in declared.items())
    for text, kind in (
        (header, DocumentKind.CARD),
        (header, DocumentKind.MODEL_CARD),
        (json.dumps(declared, ensure_ascii=False), DocumentKind.CROISSANT),
        (column, DocumentKind.ROWS),
        (fields, DocumentKind.RECORD),
    ):
        document = _document(text, kind, metadata={**metadata, "_hub": metadata.get("_hub", {})})
        try:
            _check(document, DeclaredReader().read(document))
        except LineageError:
            assert kind is DocumentKind.CROISSANT


@needs_eval
def test_headers_of_real_cards_keep_the_promises() -> None:
    source = FolderSource(EVAL / "cards" / "hf_cards")
    licences = 0
    for seed in source.seeds():
        for document in source.documents(seed):
            assert isinstance(document, Document)
            reading = DeclaredReader().read(document)
            _check(document, reading)
            licences += bool(_facts(reading, FactKey.LICENCE))
    assert licences > 300
