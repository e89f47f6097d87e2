"""What stands in a table of docs/ equals the enum, the fields or the files it speaks of."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import pytest
from builders import EVAL, REPOSITORY, needs_eval
from documents import bare, coded, table, tables, text_of
from pydantic import BaseModel

import lineage
from agents import resolver
from agents.sources import FolderSource, cards, croissant, filing, header, papers, parquet, rows
from graph_store.sqlite import BUSY_TIMEOUT
from lineage import (
    Closure,
    Dataset,
    DocumentKind,
    Edge,
    Evidence,
    Fact,
    FactKey,
    Failure,
    Flag,
    Method,
    NodeKind,
    Relation,
    Role,
    Verdict,
    VerificationState,
)
from lineage.exchange.tracing_roots import RELATIONS
from lineage.identity import HUBS

# --- relations.md ------------------------------------------------------------------------

NO_WORD = "*(no word)*"
NO_EDGE = "*no edge*"


class Reference(NamedTuple):
    """Where a file of the evaluation sets lies, and which field holds its word."""

    path: str
    field: str


REFERENCES = {
    "edges of modern cards": Reference("cards/modern_gold.jsonl", "relation"),
    "edges of Hugging Face cards, by hand": Reference("cards/hf_gold_manual.jsonl", "relation"),
    "edges of modern cards, addresses only": Reference("cards/modern_url_gold.jsonl", "relation"),
    "edges of Hugging Face cards, from YAML": Reference("cards/hf_gold.jsonl", "kind"),
    "Data Provenance Collection": Reference("cards/dpc_gold.jsonl", "edge_type"),
    "reference edges of released graphs": Reference("graphs/gold_edges.jsonl", "relation"),
    "released text graph": Reference("graphs/tracing_roots_text_edges.jsonl", "relationship"),
    "released multimodal graph": Reference(
        "graphs/tracing_roots_multimodal_edges.jsonl", "relationship"
    ),
    "records with known lineage": Reference("records/edges.jsonl", "relation"),
}


def mapping() -> list[list[str]]:
    return table(text_of("docs/relations.md"), "reference file", "word")


def words_of(reference: Reference) -> Counter[str | None]:
    """How often each word stands in the file; None where a line has none."""
    found: Counter[str | None] = Counter()
    with (EVAL / reference.path).open(encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            found[json.loads(item.get("meta_info", line)).get(reference.field)] += 1
    return found


def test_relations_and_roles_are_all_defined_with_an_example() -> None:
    text = text_of("docs/relations.md")
    relations = table(text, "relation", "the child ...")
    roles = table(text, "role", "the parent ...", "carries data")
    assert [bare(row[0]) for row in relations] == list(resolver._SPECIFIC)
    assert {bare(row[0]) for row in relations} == set(Relation)
    assert [bare(row[0]) for row in roles] == list(Role)
    assert all(cell for row in (*relations, *roles) for cell in row)
    for row in roles:
        assert (row[2] == "yes") is Role(bare(row[0])).carries_data, row


def test_words_are_mapped_onto_relations_and_roles_that_exist() -> None:
    one_meaning: dict[str, tuple[str, str]] = {}
    for name, word, _, relation, role in mapping():
        assert name in REFERENCES, name
        if relation == NO_EDGE:
            assert not role
            continue
        target = (bare(relation), bare(role))
        assert target[0] in set(Relation), target
        assert target[1] in set(Role), target
        if word != NO_WORD:
            assert one_meaning.setdefault(word, target) == target, f"{word} is mapped two ways"
    pairs = [(row[0], row[1]) for row in mapping()]
    assert len(pairs) == len(set(pairs)), "a word stands twice"


def test_the_importer_maps_the_released_words_as_the_table_does() -> None:
    stated = {
        bare(word): bare(relation)
        for name, word, _, relation, _ in mapping()
        if name in ("released text graph", "released multimodal graph")
    }
    assert stated == RELATIONS


@needs_eval
@pytest.mark.parametrize("name", REFERENCES)
def test_every_word_of_a_reference_file_is_mapped(name: str) -> None:
    if not (EVAL / REFERENCES[name].path).is_file():
        pytest.skip(f"the evaluation sets here have no {REFERENCES[name].path}")
    found = words_of(REFERENCES[name])
    stated = {
        None if word == NO_WORD else bare(word): int(count.replace(",", ""))
        for have, word, count, _, _ in mapping()
        if have == name
    }
    assert not found.keys() - stated.keys(), "these words are not mapped"
    lines = {
        row[0]: row[2] for row in table(text_of("docs/relations.md"), "reference file", "field")
    }
    if f"{found.total():,}" != lines[name]:
        pytest.skip(f"another edition of {REFERENCES[name].path}: its counts are not documented")
    assert dict(found) == stated


def test_every_reference_file_is_described() -> None:
    described = table(text_of("docs/relations.md"), "reference file", "field", "lines")
    assert {row[0]: bare(row[1]) for row in described} == {
        name: reference.field for name, reference in REFERENCES.items()
    }
    for name, _, lines in described:
        counted = sum(int(row[2].replace(",", "")) for row in mapping() if row[0] == name)
        assert f"{counted:,}" == lines, name


# --- model.md ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (("kind", "what it is"), NodeKind),
        (("fact", "example of a value"), FactKey),
        (("kind of document", "what it is"), DocumentKind),
        (("method", "how the evidence was come by"), Method),
        (("state", "meaning"), VerificationState),
        (("flag", "meaning"), Flag),
    ],
)
def test_every_word_of_the_model_is_explained(head: tuple[str, ...], words: type[StrEnum]) -> None:
    listed = [bare(row[0]) for row in table(text_of("docs/model.md"), *head)]
    assert sorted(listed) == sorted(words)


def test_every_hub_is_explained() -> None:
    listed = [
        hub for row in table(text_of("docs/model.md"), "hub", "holds") for hub in coded(row[0])
    ]
    assert sorted(listed) == sorted(HUBS)


def test_ids_that_the_documents_write_read_back() -> None:
    for row in table(text_of("docs/model.md"), "text", "meaning"):
        text = bare(row[0])
        assert str(lineage.DatasetId.parse(text)) == text


def test_the_example_of_confidence_is_right() -> None:
    from lineage.model import MAX_CONFIDENCE, combined

    text = text_of("docs/model.md")
    assert "card, best quote 0.7 · paper, best quote 0.5   →   1 − 0.3 · 0.5 = 0.85" in text
    assert combined([0.7, 0.5]) == 0.85
    assert f"0 to {MAX_CONFIDENCE}" in text


# --- formats.md --------------------------------------------------------------------------


@pytest.mark.parametrize("value", [Dataset, Fact, Edge, Evidence, Verdict, Closure])
def test_every_field_of_the_format_is_described(value: type[BaseModel]) -> None:
    section = text_of("docs/formats.md").split(f"\n### {value.__name__}\n")[1].split("\n## ")[0]
    _, described = next(tables(section))
    assert [bare(row[0]) for row in described] == list(value.model_fields)
    for name, kind, default, meaning in described:
        field = value.model_fields[bare(name)]
        assert (not default) is field.is_required(), f"{name}: {default}"
        assert kind
        assert meaning
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, StrEnum) and coded(meaning):
            assert coded(meaning) == list(annotation), name


# --- folder-layout.md --------------------------------------------------------------------

_CONTENT: dict[str, bytes] = {
    ".md": b"# A title\n\nSome text.\n",
    ".jsonl": b'{"source": "squad", "question": "?"}\n',
    ".json": b'{"@context": {"@vocab": "https://schema.org/"}, "@type": "sc:Dataset"}',
}


def test_files_belong_to_the_datasets_that_the_table_says(tmp_path: Path) -> None:
    described = table(text_of("docs/folder-layout.md"), "file", "dataset", "read as")
    root = tmp_path / "cards"
    for name, _, _ in described:
        path = root / bare(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".pdf":
            shutil.copy(next((REPOSITORY / "data/sample/cards").glob("*mathwell*.pdf")), path)
        else:
            path.write_bytes(_CONTENT.get(path.suffix, b"Some text.\n"))
    (root / "package.json").write_bytes(b'{"name": "something else"}')
    source = FolderSource(root, "cards")
    found: dict[str, tuple[str, str]] = {}
    for node in source.seeds():
        for document in source.documents(node):
            assert not isinstance(document, Failure), document
            found[document.id.removeprefix("cards/")] = (str(node), str(document.kind))
    stated = {
        bare(name): (bare(about), bare(kind))
        for name, about, kind in described
        if kind != "not read"
    }
    assert found == stated
    assert len(described) > len(stated)


def test_the_provenance_columns_are_listed() -> None:
    text = text_of("docs/folder-layout.md").split("\n## Provenance columns\n")[1]
    columns, nests = text.split("\nat the top")[0], text.split("\nat the top")[1].split(".")[0]
    assert coded(columns) == sorted(rows.COLUMNS)
    assert coded(nests) == sorted(rows.NESTS)
    assert f"more than {rows.MAX_VALUES} distinct" in text


def test_the_summary_of_a_record_file_looks_as_shown(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    named = '{"question": "?", "answer": "!", "source": "numina"}\n'
    silent = '{"question": "?", "answer": "!", "source": null}\n'
    file.write_text(named * 1234 + silent * (5000 - 1234), encoding="utf-8")
    assert f"```text\n{rows.rows_of(file).text}```" in text_of("docs/folder-layout.md")


def test_the_limits_are_those_of_the_code() -> None:
    stated = {row[0]: row[1] for row in table(text_of("docs/folder-layout.md"), "what", "limit")}
    assert stated == {
        "bytes of a card": f"{cards.MAX_CARD:,}",
        "characters of a YAML header": f"{header.MAX_HEADER:,}",
        "values of a header, aliases counted as often as used": f"{header.MAX_VALUES:,}",
        "bytes of a Croissant file": f"{croissant.MAX_CROISSANT:,}",
        "bytes of a paper or page": f"{papers.MAX_PAPER:,}",
        "pages of a PDF": f"{papers.MAX_PAGES:,}",
        "characters of a paper": f"{papers.MAX_PAPER_TEXT:,}",
        "bytes of one line of records": f"{rows.MAX_LINE:,}",
        "rows of a file, and its lines": f"{rows.MAX_ROWS:,}",
        "bytes of records, unpacked": f"{rows.MAX_UNPACKED:,}",
        "bytes of one Parquet column in one row group, unpacked": f"{parquet.MAX_CHUNK:,}",
        "elements of one Parquet column of lists in one row group": f"{parquet.MAX_ELEMENTS:,}",
        "distinct values of one list in Parquet": f"{parquet.MAX_LIST:,}",
        "provenance columns of a file": f"{rows.MAX_COLUMNS:,}",
        "files and folders of a folder": f"{filing.MAX_FILES:,}",
        "folders deep": f"{filing.MAX_FOLDERS_DEEP:,}",
    }
    assert f"up to {BUSY_TIMEOUT:.0f} seconds" in text_of("docs/design/0001-embedded-store.md")
