"""Names: what must resolve, what must not, and that no dress or case changes the answer."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import dataset_ids
from strategies import names as name_texts

from lineage.errors import InvalidName
from lineage.identity import DatasetId
from lineage.model import NodeKind
from lineage.names import (
    How,
    Names,
    date_conflict,
    default_names,
    is_generic,
    is_hub_shaped,
    names_in,
    partial_date,
    unresolved,
)
from lineage.registry import Entry, Registry, name_key


def entry(entry_id: str, name: str, kind: str = "dataset", **more: object) -> Entry:
    return Entry.model_validate({"id": entry_id, "name": name, "kind": kind, **more})


REGISTRY = Registry(
    [
        entry(
            "openai/gsm8k",
            "GSM8K",
            "benchmark",
            aliases=["grade-school-math"],
            splits=["train", "test"],
            url="https://github.com/openai/grade-school-math",
        ),
        entry("hendrycks/competition_math", "MATH", "benchmark", word_aliases=["MATH"]),
        entry("rajpurkar/squad", "SQuAD", splits=["train", "validation"], aliases=["SQuAD 1.1"]),
        entry("rajpurkar/squad_v2", "SQuAD 2.0", aliases=["SQuAD2.0"]),
        entry("nyu-mll/glue", "GLUE", "benchmark", word_aliases=["GLUE"]),
        entry("deepmind/code_contests", "CodeContests"),
        entry("tatsu-lab/alpaca", "Alpaca", aliases=["Stanford Alpaca"]),
        entry("vicgalle/alpaca-gpt4", "Alpaca-GPT4"),
        entry("stingning/ultrachat", "UltraChat"),
        entry("openbmb/UltraFeedback", "UltraFeedback"),
        entry("AI-MO/NuminaMath-CoT", "NuminaMath-CoT"),
        entry("AI-MO/NuminaMath-1.5", "NuminaMath-1.5"),
        entry("tatsu-lab/alpaca_eval", "AlpacaEval", "benchmark"),
        entry("open-web-math/open-web-math", "OpenWebMath"),
        entry("GBaker/MedQA-USMLE-4-options", "MedQA"),
        entry("allenai/math_qa", "MathQA"),
        entry("pmc/open_access", "PMC Open Access Subset"),
        entry("0-hero/Matter-0.1", "Matter"),
        entry("open-r1/codeforces", "Codeforces by open-r1"),
        entry("codeforces", "Codeforces", "source", url="https://codeforces.com"),
        entry("common-crawl", "Common Crawl", "source", aliases=["commoncrawl.org"]),
        entry("openai/gpt-4", "GPT-4", "model"),
        entry("mawps", "MAWPS", aliases=["Lab/MAWPS", "old/MA-WPS-2"]),
        entry("HuggingFaceH4/ultrachat_200k", "UltraChat 200k", splits=["train_sft"]),
    ]
)
NAMES = Names(REGISTRY)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("GSM8K", "openai/gsm8k"),
        ("gsm-8k", "openai/gsm8k"),
        ("openai/gsm8k", "openai/gsm8k"),
        ("`GSM8K`", "openai/gsm8k"),
        ("**GSM8K** dataset", "openai/gsm8k"),
        ("the original GSM8K benchmark", "openai/gsm8k"),
        ("GSM8K problems", "openai/gsm8k"),
        ("OpenAI's GSM8K", "openai/gsm8k"),
        ("GSM8K [12]", "openai/gsm8k"),
        ("GSM8K (Cobbe et al., 2021)", "openai/gsm8k"),
        ("GSM8K (7.5K)", "openai/gsm8k"),
        ("grade_school_math.jsonl", "openai/gsm8k"),
        ("GSM8K train set", "openai/gsm8k#/train"),
        ("GSM8K (test)", "openai/gsm8k#/test"),
        ("GSM8K-train", "openai/gsm8k#/train"),
        ("training split of GSM8K", "openai/gsm8k#/train"),
        ("SQuAD dev", "rajpurkar/squad#/validation"),
        ("a subset of SQuAD", "rajpurkar/squad"),
        ("Stanford Question Answering Dataset (SQuAD)", "rajpurkar/squad"),
        ("SQuAD 1.1", "rajpurkar/squad"),
        ("GSM8K/test", "openai/gsm8k#/test"),
        ("Alpaca-data", "tatsu-lab/alpaca"),
        ("SQuAD2.0", "rajpurkar/squad_v2"),
        ("the MATH dataset", "hendrycks/competition_math"),
        ("MATH (test)", "hendrycks/competition_math#/test"),
        ("MNLI subset of GLUE", "nyu-mll/glue#MNLI"),
        ("alpaca_data.json", "tatsu-lab/alpaca"),
        ("CodeContest", "deepmind/code_contests"),
        ("CodeContestss", "deepmind/code_contests"),
        ("Open-Web-Math", "open-web-math/open-web-math"),
        ("GPT4-Alpaca", "vicgalle/alpaca-gpt4"),
        ("CommonCrawl", "name:common-crawl"),
        ("Codeforces", "name:codeforces"),
    ],
)
def test_must_resolve(written: str, meant: str) -> None:
    match = NAMES.match(written)
    assert match is not None
    assert str(match.id) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "the dataset",
        "math",
        "math problems",
        "the math dataset",
        "MATH",  # a word, and nothing marks it
        "open access documents",
        "open access",
        "web pages",
        "textbooks",
        "the training set",
        "matter",  # not the shape of a name: see the word rule below
        "GSM8K-Chinese",
        "Chinese GSM8K",
        "GSM8K (Chinese)",
        "gsm8k-zh",
        "GSM-Hard",
        "GSM1K",
        "GSM8K v2",
        "GSM8K-mini",
        "SQuAD 3.0",
        "NuminaMath",
        "NuminaMath-TIR",
        "NuminaMath-2.5",
        "NuminaMath-7B-CoT",
        "AlpacaEvol",
        "alpacaevol",
        "Alpaca-cleaned",
        "MedQB",
        "UltraChat 100k",
        "UltraFeedback-binarized",
        "OpenWebMathPlus",
        "somebody/gsm8k",
        "Lab/MAWPS",
        "m-a-p/neo_sft_phase2",
        "GSM8K/MATH",
        "MetaMATH (MATH)",
        "GSM8K-captions",
        "x" * 5000,
    ],
)
def test_must_not_resolve(written: str) -> None:
    if written == "matter":
        registry = Registry([entry("0-hero/Matter-0.1", "Matter", word_aliases=["Matter"])])
        assert Names(registry).match("matter", words=True) is None
        return
    assert NAMES.match(written) is None


def test_kinds_never_mix() -> None:
    assert NAMES.match("GSM8K", kind=NodeKind.SOURCE) is None
    assert NAMES.match("GSM8K", kind=NodeKind.MODEL) is None
    assert NAMES.match("GPT-4", kind=NodeKind.DATASET) is None
    assert NAMES.match("GPT-4", kind=NodeKind.SOURCE) is None
    assert NAMES.match("openai/gpt-4", kind=NodeKind.DATASET) is None
    match = NAMES.match("gpt 4", kind=NodeKind.MODEL)
    assert match is not None
    assert match.id == DatasetId(hub="model", name="openai/gpt-4")


def test_a_website_is_not_the_repository_named_after_it() -> None:
    for kind in (None, NodeKind.DATASET, NodeKind.SOURCE):
        match = NAMES.match("Codeforces", kind=kind)
        assert match is not None
        assert match.entry.kind is NodeKind.SOURCE


def test_how_it_was_matched() -> None:
    said = {w: NAMES.match(w) for w in ("GSM8K", "grade school math", "CodeContest")}
    assert [m.how for m in said.values() if m] == [How.EXACT, How.ALIAS, How.FUZZY]
    assert [m.score == 1.0 for m in said.values() if m] == [True, True, False]


def test_a_slip_in_a_name_with_a_number_of_its_own_is_not_taken() -> None:
    assert NAMES.match("UltraFeedbck2") is None


def test_two_entries_equally_near_are_neither() -> None:
    registry = Registry([entry("a/x", "Conversation Alpha"), entry("a/y", "Alpha Conversation X")])
    names = Names(registry)
    assert names.match("Alpha Conversation") is not None
    twins = Names(Registry([entry("a/x", "Blue Marigold"), entry("a/y", "Marigold-Blue v")]))
    assert twins.match("Marigold Blue") is not None
    even = Names(
        Registry([entry("a/x", "Gold Mari Stone"), entry("a/y", "Stone Gold Mari")]),
    )
    assert even.match("Mari Stone Gold") is None


@pytest.mark.parametrize(
    ("given_id", "canonical"),
    [
        ("gsm8k", "openai/gsm8k"),
        ("OpenAI/GSM8K", "openai/gsm8k"),
        ("gsm8k@1f2e#main/test", "openai/gsm8k@1f2e#main/test"),
        ("squad", "rajpurkar/squad"),
        ("math_qa", "allenai/math_qa"),
        ("codeforces", "open-r1/codeforces"),  # an id, not a name
        ("github:openai/grade-school-math", "openai/gsm8k"),
        ("github:openai/other", "github:openai/other"),
        ("name:GSM8K", "openai/gsm8k"),
        ("name:common-crawl", "name:common-crawl"),
        ("name:commoncrawl", "name:common-crawl"),
        ("name:math", "name:math"),
        ("model:OpenAI/gpt-4", "model:openai/gpt-4"),
        ("model:openai/gsm8k", "model:openai/gsm8k"),
        ("somebody/gsm8k", "somebody/gsm8k"),
        ("m-a-p/neo_sft_phase2", "m-a-p/neo_sft_phase2"),
        ("local:gsm8k", "local:gsm8k"),
        ("mawps", "name:mawps"),
        ("Lab/MAWPS", "Lab/MAWPS"),  # one copy of it
    ],
)
def test_canonical(given_id: str, canonical: str) -> None:
    assert str(NAMES.canonical(DatasetId.parse(given_id))) == canonical


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("https://huggingface.co/datasets/openai/gsm8k/viewer/main", "openai/gsm8k"),
        ("https://github.com/openai/grade-school-math/tree/master/data", "openai/gsm8k"),
        ("https://github.com/Some/Repo.git", "github:Some/Repo"),
        ("https://www.kaggle.com/datasets/who/what?x=1", "kaggle:who/what"),
        ("https://codeforces.com/", "name:codeforces"),
        ("https://codeforces.com/problem/1", "url:https://codeforces.com/problem/1"),
    ],
)
def test_canonical_address(address: str, canonical: str) -> None:
    assert str(NAMES.canonical(DatasetId(hub="url", name=address))) == canonical


@given(dataset_ids())
@example(DatasetId(hub="url", name="https://github.com/openai/grade-school-math"))
def test_canonical_twice_is_canonical_once(dataset: DatasetId) -> None:
    once = NAMES.canonical(dataset)
    assert NAMES.canonical(once) == once
    assert (once.revision, once.config, once.split) == (
        dataset.revision,
        dataset.config,
        dataset.split,
    )


@given(st.text(max_size=80), st.sampled_from([None, *NodeKind]), st.booleans())
def test_any_text_is_answered(text: str, kind: NodeKind | None, words: bool) -> None:
    match = NAMES.match(text, kind=kind, words=words)
    if match is not None:
        assert 0.8 <= match.score <= 1.0
        assert match.id.base == match.entry.dataset_id
    names_in(text, text)
    is_generic(text)


DRESSES = [
    "{}",
    "the {}",
    "the {} dataset",
    "`{}`",
    "**{}**",
    "{} (train)",
    "{} train set",
    "{} [3]",
    "{} data",
    "“{}”",
    "{} (Someone et al., 2020)",
]


@given(st.sampled_from([e for e in REGISTRY if not e.word_aliases]), st.sampled_from(DRESSES))
def test_dress_does_not_change_what_is_meant(one: Entry, dress: str) -> None:
    match = NAMES.match(dress.format(one.name))
    assert match is not None
    assert match.entry is one


@given(
    st.sampled_from([e for e in REGISTRY if e.kind is not NodeKind.MODEL]),
    st.sampled_from(
        ["-Chinese", "-zh", " v7", "-7B", "-mini", "-cleaned", "-DPO", " 2029", "-CoT"]
    ),
)
def test_a_qualifier_makes_it_another_name(one: Entry, qualifier: str) -> None:
    assert NAMES.match(one.name + qualifier, words=True) is None


@given(name_texts)
def test_unresolved_spellings_meet(text: str) -> None:
    if not name_key(text):
        with pytest.raises(InvalidName):
            unresolved(text)
        return
    assert unresolved(text) == unresolved(f"the `{text}` dataset")


def test_unresolved_ids() -> None:
    assert (
        unresolved("My_New Set") == unresolved("mynewset") == DatasetId(hub="name", name="mynewset")
    )
    assert unresolved("Foo-7B", model=True) == DatasetId(hub="model", name="foo7b")
    for junk in ("", "...", "the dataset", "+" * 300):
        with pytest.raises(InvalidName):
            unresolved(junk)


@pytest.mark.parametrize(
    ("written", "is_id"),
    [
        ("m-a-p/neo_sft_phase2", True),
        ("openai/anything", True),
        ("gavinluo/applied_math", True),
        ("GSM8K/MATH", False),
        ("GPT-4/GPT-3.5", False),
        ("CNN/DailyMail", False),
        ("input/output", False),
        ("train/test", False),
        ("a b/c", False),
        ("GSM8K", False),
    ],
)
def test_hub_shape(written: str, is_id: bool) -> None:
    assert is_hub_shaped(written, REGISTRY) is is_id


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("GSM8K", "we use gsm-8k, too", True),
        ("Hotpot_QA", "from HotpotQA.", True),
        ("Alpaca", "CodeAlpaca", False),
        ("C4", "abc 4", False),
        ("C4", "the C4 corpus", True),
        ("HumanEval+", "on HumanEval we", False),
        ("GSM8K", "我们使用GSM8K数据集", True),
        ("Amazon Review Polarity", "the Amazon Review dataset Polarity", True),
        ("", "anything", False),
        ("the dataset", "the dataset", False),
    ],
)
def test_names_in(name: str, text: str, named: bool) -> None:
    assert names_in(name, text) is named


@pytest.mark.parametrize(
    ("child", "parent", "conflict"),
    [
        ("2023", "2024", True),
        ("2023", "2023-05", False),
        ("2023-05", "2023", False),
        ("2023-04", "2023-05-02", True),
        ("2023-05-02", "2023-05", False),
        ("2024", "2023", False),
        (None, "2023", False),
        ("2023", None, False),
        ("2020", "May 2023", False),
        ("2020-01-01T00:00:00Z", "2021", True),
    ],
)
def test_date_conflict(child: str | None, parent: str | None, conflict: bool) -> None:
    assert date_conflict(child, parent) is conflict


def test_partial_dates() -> None:
    assert partial_date("2023-13") == "2023"
    assert partial_date("20231") is None
    assert partial_date(None) is None


def test_generic_nouns() -> None:
    for noun in ("web pages", "textbooks", "open access documents", "the training set", "exams"):
        assert is_generic(noun), noun
    for name in ("GSM8K", "Wikipedia articles", "OpenWebText", "Natural Instructions"):
        assert not is_generic(name), name


def test_ten_thousand_exact_and_unknown_names_take_moments() -> None:
    names = default_names()
    known = [spelling for spelling, _ in names.registry.spellings()][:5000]
    begin = time.perf_counter()
    for spelling in known:
        names.match(spelling)
    exact = time.perf_counter() - begin
    begin = time.perf_counter()
    for number in range(1000):
        names.match(f"Nonesuch Collected Riddles {number}")
    unknown = time.perf_counter() - begin
    assert exact < 5.0  # measured 0.05 s; the bound is for slow machines
    assert unknown < 10.0  # measured 0.3 s
