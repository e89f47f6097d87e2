"""The registry of names: who owns a name, former ids, addresses, and the shipped files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.errors import ImportRefused
from lineage.identity import DatasetId
from lineage.model import NodeKind
from lineage.registry import Entry, Registry, default_registry, name_key, read_registry


def entry(entry_id: str, name: str, kind: str = "dataset", **more: object) -> Entry:
    return Entry.model_validate({"id": entry_id, "name": name, "kind": kind, **more})


def test_spellings_of_one_name_share_a_key() -> None:
    spellings = ["HotpotQA", "hotpot_qa", "Hotpot QA", "the HotpotQA dataset", "ＨｏｔｐｏｔＱＡ"]
    assert {name_key(s) for s in spellings} == {"hotpotqa"}
    assert name_key("HumanEval+") != name_key("HumanEval")
    assert name_key("the dataset") == ""


def test_a_word_counts_only_when_marked_and_in_its_own_case() -> None:
    registry = Registry([entry("hendrycks/competition_math", "MATH", word_aliases=["MATH"])])
    assert registry.exact("MATH") is None
    assert registry.exact("math", words=True) is None
    assert registry.exact("MATH", words=True) is registry.entries[0]


def test_a_word_in_a_case_that_no_word_has_counts_when_marked() -> None:
    registry = Registry([entry("openai/webgpt_comparisons", "WebGPT", word_aliases=["WebGPT"])])
    assert registry.exact("webGPT", words=True) is registry.entries[0]
    assert registry.exact("webgpt", words=True) is None


def test_bare_id_that_is_a_word_is_no_name() -> None:
    registry = Registry([entry("record", "ReCoRD", word_aliases=["ReCoRD"])])
    assert registry.exact("record", words=True) is None
    assert registry.by_hub_id("record") is registry.entries[0]


def test_dataset_at_the_end_does_not_make_a_noun_a_name() -> None:
    registry = Registry([entry("deepmind/math_dataset", "DM-Maths", aliases=["math dataset"])])
    assert registry.exact("math") is None
    assert registry.exact("the math dataset") is None
    assert registry.by_hub_id("deepmind/math_dataset") is registry.entries[0]


def test_stronger_claim_wins_whatever_the_order() -> None:
    own = entry("org/flan", "FLAN")
    alias = entry("org/other", "Other", aliases=["FLAN"])
    for entries in ([own, alias], [alias, own]):
        registry = Registry(entries)
        assert registry.exact("flan") is own
        assert not registry.contested


def test_equal_claims_are_contested_and_a_website_comes_first() -> None:
    rows, site = entry("org/wikihow-rows", "wikiHow"), entry("wikihow", "WikiHow", "source")
    registry = Registry([rows, site])
    assert registry.contested == {"wikihow"}
    assert registry.exact("WikiHow") is site
    assert registry.exact("WikiHow", kinds={NodeKind.DATASET}) is rows


def test_models_and_data_are_names_apart() -> None:
    model, data = entry("org/vicuna", "Vicuna", "model"), entry("lm/vicuna-data", "Vicuna")
    registry = Registry([model, data])
    assert registry.exact("Vicuna") is data
    assert registry.exact("Vicuna", kinds={NodeKind.MODEL}) is model
    assert not registry.contested
    assert registry.by_hub_id("org/vicuna") is None
    assert registry.by_hub_id("org/vicuna", model=True) is model


def test_lines_of_one_id_are_one_entry() -> None:
    registry = Registry(
        [
            entry("a/x", "XSet", aliases=["X1"], date="2021"),
            entry("a/x", "X-Set v1", aliases=["X2"], date="2022", licence="MIT"),
        ]
    )
    assert len(registry) == 1
    (one,) = registry
    assert (one.name, one.date, one.licence) == ("XSet", "2021", "MIT")
    assert registry.exact("X2") is registry.exact("X-Set v1") is registry.exact("X1") is one
    assert not registry.contested


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("squad", "rajpurkar/squad"),
        ("SQuAD", "rajpurkar/squad"),
        ("rajpurkar/SQUAD", "rajpurkar/squad"),
        ("old-org/squad", "rajpurkar/squad"),
        ("somebody/squad", None),
        ("squad_v2", None),
    ],
)
def test_former_and_bare_hub_ids(written: str, meant: str | None) -> None:
    registry = Registry([entry("rajpurkar/squad", "SQuAD", aliases=["old-org/squad"])])
    found = registry.by_hub_id(written)
    assert (found.id if found else None) == meant


def test_two_repositories_that_differ_by_a_stroke_are_two() -> None:
    registry = Registry([entry("lab/my_set1", "First"), entry("lab/my-set1", "Second")])
    assert len(registry) == 2
    for entry_id in ("lab/my_set1", "lab/my-set1", "Lab/My_Set1"):
        found = registry.by_hub_id(entry_id)
        assert found is not None
        assert found.id == entry_id.lower()
    assert Registry([entry("lab/my_set1", "First")]).by_hub_id("lab/my-set1") is None


def test_bare_id_that_two_ids_end_in_means_neither() -> None:
    registry = Registry([entry("a/news", "A News Set"), entry("b/news", "B News Set")])
    assert registry.by_hub_id("news") is None


def test_a_repository_made_from_an_entry_is_no_alias_of_it() -> None:
    taco = entry("BAAI/TACO", "TACO", aliases=["lab/TACO-verified", "old-lab/taco", "Ta/Co"])
    registry = Registry([taco])
    assert registry.by_hub_id("lab/TACO-verified") is None
    assert registry.exact("lab/TACO-verified") is None
    assert "lab/TACO-verified" not in [spelling for spelling, _ in registry.spellings()]
    assert registry.by_hub_id("old-lab/TACO") is taco
    assert registry.exact("Ta/Co") is taco  # two words with a stroke, not an id


def test_a_copy_of_what_has_no_home_on_the_hub_keeps_its_id() -> None:
    mawps = entry("mawps", "MAWPS", aliases=["lab/MAWPS", "other/mawps", "MA/WPS"])
    registry = Registry([mawps])
    assert registry.by_hub_id("lab/MAWPS") is None
    assert registry.is_copy("Lab/mawps")
    assert not registry.is_copy("MA/WPS")
    assert registry.by_hub_id("mawps") is registry.exact("lab/MAWPS") is mawps


def test_a_website_is_no_hub_id() -> None:
    site = entry("quora", "Quora", "source", aliases=["quora.com"])
    registry = Registry([site])
    assert registry.by_hub_id("quora") is None
    assert registry.by_entry_id("quora") is site


def test_addresses() -> None:
    registry = Registry(
        [
            entry("openai/gsm8k", "GSM8K", url="https://github.com/openai/grade-school-math"),
            entry("a/x", "XSet", url="https://shared.example/page"),
            entry("a/y", "YSet", url="https://shared.example/page/"),
        ]
    )
    gsm8k = registry.entries[0]
    assert registry.by_url("http://www.github.com/OpenAI/grade-school-math/?tab=readme") is gsm8k
    assert registry.by_url("https://github.com/openai") is None
    assert registry.by_url("https://shared.example/page") is None  # two entries share it


def test_broken_line_is_named(tmp_path: Path) -> None:
    good = json.dumps({"id": "a/b", "name": "B", "kind": "dataset"})
    (tmp_path / "x.jsonl").write_text(f"{good}\n\n{{broken\n", encoding="utf-8")
    with pytest.raises(ImportRefused, match=r"line 3: x\.jsonl") as refused:
        read_registry(tmp_path)
    assert refused.value.line == 3
    (tmp_path / "x.jsonl").write_text(good[:-1] + ', "colour": "red"}', encoding="utf-8")
    with pytest.raises(ImportRefused, match="colour"):
        read_registry(tmp_path)


@pytest.fixture(scope="module")
def shipped() -> Registry:
    return default_registry()


def test_shipped_registry_knows_the_well_known(shipped: Registry) -> None:
    assert len(shipped) > 300
    for written, meant in [
        ("GSM8K", "openai/gsm8k"),
        ("HotpotQA", "hotpotqa/hotpot_qa"),
        ("SQuAD 2.0", "rajpurkar/squad_v2"),
        ("Common Crawl", "common-crawl"),
    ]:
        found = shipped.exact(written)
        assert found is not None
        assert found.id == meant


def test_no_shipped_name_is_an_ordinary_phrase(shipped: Registry) -> None:
    for noun in ["data", "math", "code", "web pages", "textbooks", "open access", "questions"]:
        assert shipped.exact(noun) is None, noun


def test_every_shipped_entry_is_found_by_its_own_id(shipped: Registry) -> None:
    lost = [
        entry.id
        for entry in shipped
        if shipped.by_entry_id(entry.id, model=entry.kind is NodeKind.MODEL) is not entry
    ]
    assert lost == []


def test_the_datasets_of_a_run_are_known_by_their_last_part() -> None:
    registry = Registry((Entry(id="o/known", name="Known", kind=NodeKind.DATASET),))
    ids = ["acme/harbor-math", "p/twice-1", "q/Twice_1", "x/known", "x/abc", "acme/beans", "bare"]
    wider = registry.among([DatasetId.parse(one) for one in ids])
    assert {entry.id for entry in wider} == {"o/known", "acme/harbor-math", "acme/beans"}
    named = wider.exact("Harbor Math")
    assert named is not None
    assert named.id == "acme/harbor-math"
    assert wider.exact("beans") is None
    assert wider.exact("beans", words=True) is not None
    assert registry.among([]) is registry
