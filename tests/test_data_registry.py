"""The shipped registry of names: every line well-formed, every name with one owner."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lineage.model import NodeKind
from lineage.registry import Entry, Registry, data_folder, read_registry

FOLDER = data_folder() / "registry"
FILES = sorted(FOLDER.glob("*.jsonl"))
FIELDS = tuple(Entry.model_fields)
HOSTED = frozenset({NodeKind.DATASET, NodeKind.BENCHMARK})
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

CONTESTED = {
    "taco": "TACO and TaCo are two sets whose names differ in case only",
    "wikipedia": "two Hub repositories end in it; the name alone is the encyclopaedia",
}
NOT_IDS = {"CNN/DM"}
"""Names with a stroke that have the shape of a Hub id."""

PAPER_MUCH_LATER = {
    "conceptnet5/conceptnet5",
    "Conversational-Reasoning/Topical-Chat",
    "pushshift",
    "star-situated",
}
"""Sets whose paper came to arXiv more than two years after them."""

Line = dict[str, Any]


@lru_cache
def lines_of(path: Path) -> tuple[Line, ...]:
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


@lru_cache
def registry() -> Registry:
    return read_registry(FOLDER)


def all_lines() -> list[Line]:
    return [line for path in FILES for line in lines_of(path)]


def of_kind(*kinds: NodeKind) -> list[Entry]:
    return [entry for entry in registry() if entry.kind in kinds]


def id_key(line: Line) -> tuple[bool, str]:
    return line["kind"] == "model", line["id"].casefold().replace("_", "-")


def readme_table() -> list[str]:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def readme_domains() -> set[str]:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    row = re.search(r"^\| `domains` \| from: (.+?) \|$", text, re.MULTILINE)
    assert row is not None
    return set(row[1].split(", "))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lines_are_entries_in_order(path: Path) -> None:
    for line in lines_of(path):
        Entry.model_validate(line)
        assert tuple(line) == tuple(field for field in FIELDS if field in line), line["id"]
        assert all(line.values()), f"{line['id']}: an empty value is left out"
        assert list(line["id"].split()) == [line["id"]]
    keys = [(line["id"].casefold(), line["id"]) for line in lines_of(path)]
    assert all(first < second for first, second in pairwise(keys)), "sorted by id"
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_kinds_are_kept_apart(path: Path) -> None:
    kinds = {line["kind"] for line in lines_of(path)}
    own = {"models": {"model"}, "sources": {"source"}}
    assert kinds == own.get(path.stem, kinds - {"model", "source"})


def test_an_id_stands_once_in_all_files() -> None:
    counts = Counter(id_key(line) for line in all_lines())
    assert [key for key, count in counts.items() if count > 1] == []
    assert len(registry()) == len(all_lines())


def test_names_that_two_entries_share_are_known() -> None:
    assert registry().contested == CONTESTED.keys()


def test_enough_of_each_kind() -> None:
    counts = Counter(entry.kind for entry in registry())
    assert counts[NodeKind.DATASET] >= 2500
    assert counts[NodeKind.BENCHMARK] >= 700
    assert counts[NodeKind.SOURCE] >= 400
    assert counts[NodeKind.MODEL] >= 250


def test_readme_explains_every_key() -> None:
    assert readme_table() == list(FIELDS)
    assert {domain for entry in registry() for domain in entry.domains} <= readme_domains()


def test_members_and_teachers_are_entries() -> None:
    models = {entry.id for entry in of_kind(NodeKind.MODEL)}
    data = {entry.id for entry in registry()} - models
    for entry in registry():
        assert set(entry.members) <= data - {entry.id}, entry.id
        assert set(entry.teachers) <= models, entry.id


def test_papers_and_dates_agree() -> None:
    for entry in registry():
        if entry.date is not None:
            assert "1400" < entry.date < "2027", entry.id
        if entry.arxiv is None:
            continue
        year, month = 2000 + int(entry.arxiv[:2]), int(entry.arxiv[2:4])
        assert 2007 <= year <= 2026, entry.id
        assert 1 <= month <= 12, entry.id
        if entry.date is not None:
            late = year - int(entry.date[:4])
            assert late >= -2, f"{entry.id}: its paper is older than it"
            assert late <= 2 or entry.id in PAPER_MUCH_LATER, f"{entry.id}: its paper is younger"


def test_a_plain_name_means_its_own_entry() -> None:
    stolen = [
        (entry.id, name, found.id if found else None)
        for entry in registry()
        for name in entry.plain_names
        if (found := registry().exact(name, kinds={entry.kind})) is not entry
    ]
    assert stolen == []


def test_a_word_name_counts_only_beside_a_cue() -> None:
    for entry in registry():
        for word in entry.word_aliases:
            assert registry().exact(word, words=True, kinds={entry.kind}) is entry, word
            assert registry().exact(word, kinds={entry.kind}) is not entry, word


def test_every_entry_is_found_by_the_name_its_authors_gave_it() -> None:
    lost = [
        entry.id
        for entry in registry()
        if registry().exact(entry.name, words=True, kinds={entry.kind}) is not entry
    ]
    assert lost == []


def test_no_alias_is_the_id_of_another_entry() -> None:
    owners = {id_key(line): line["id"] for line in all_lines()}
    for line in all_lines():
        for alias in line.get("aliases", ()):
            owner = owners.get(id_key({**line, "id": alias}), line["id"])
            assert owner == line["id"], alias
        assert line["name"] not in line.get("aliases", ())
        assert line["id"] not in line.get("aliases", ())


def test_hub_ids_among_the_aliases_are_former_ids() -> None:
    """What has no home on the Hub lists none; a copy is a data set of its own."""
    for entry in of_kind(*HOSTED):
        for alias in entry.aliases:
            if HUB_ID.fullmatch(alias) and alias not in NOT_IDS:
                assert "/" in entry.id, f"{entry.id}: make {alias} its id, or drop it"
                assert registry().by_hub_id(alias) is entry, f"{alias} is another repository"


def test_an_address_tells_one_entry() -> None:
    for entry in registry():
        if entry.url:
            assert entry.url.startswith(("https://", "http://")), entry.id
            assert registry().by_url(entry.url) is entry, entry.url


@pytest.mark.parametrize(
    "written",
    ["Amazon", "Medium", "Steam", "Guardian", "Nature", "Indeed", "Vox", "Genius", "Forbes",
     "Google", "Bing", "Discord", "Telegram", "Springer", "Brilliant", "WHO", "who"],
)  # fmt: skip
def test_a_website_named_by_a_word_is_no_plain_name(written: str) -> None:
    assert registry().exact(written) is None
    if written != "who":
        found = registry().exact(written, words=True)
        assert found is not None
        assert found.kind is NodeKind.SOURCE


@pytest.mark.parametrize("written", ["Time", "Independent", "the dataset", "math", "guidelines"])
def test_words_that_name_nothing(written: str) -> None:
    assert registry().exact(written) is None


MEANT = {
    "SQuAD": "rajpurkar/squad",
    "SQuAD 2.0": "rajpurkar/squad_v2",
    "MNLI": "nyu-mll/multi_nli",
    "SNLI": "stanfordnlp/snli",
    "SST-2": "stanfordnlp/sst2",
    "QQP": "qqp",
    "Quora Question Pairs": "qqp",
    "XNLI": "facebook/xnli",
    "CMRC2018": "hfl/cmrc2018",
    "AFQMC": "afqmc",
    "CLUEWSC2020": "cluewsc",
    "NKJP-NER": "allegro/klej-nkjp-ner",
    "KLUE-MRC": "klue-mrc",
    "HatEval": "valeriobasile/HatEval",
    "SemEval-2018 Task 1": "SemEvalWorkshop/sem_eval_2018_task_1",
    "e2e_nlg_cleaned": "e2e_nlg_cleaned",
    "20 Newsgroups": "google-research-datasets/newsgroup",
    "Natural Questions": "google-research-datasets/natural_questions",
    "TriviaQA": "mandarjoshi/trivia_qa",
    "HotpotQA": "hotpotqa/hotpot_qa",
    "ELI5": "defunct-datasets/eli5",
    "MS MARCO": "microsoft/ms_marco",
    "CNN/DailyMail": "abisee/cnn_dailymail",
    "FLORES-101": "flores101",
    "FLORES-200": "facebook/flores",
    "CodeSearchNet": "code-search-net/code_search_net",
    "code_x_glue_cc_defect_detection": "google/code_x_glue_cc_defect_detection",
    "GSM8K": "openai/gsm8k",
    "MGSM": "juletxara/mgsm",
    "GSM-Hard": "reasoning-machines/gsm-hard",
    "MATH-500": "HuggingFaceH4/MATH-500",
    "AIME 2024": "HuggingFaceH4/aime_2024",
    "AIME25": "aime-2025",
    "AMC23": "amc-2023",
    "MMLU": "cais/mmlu",
    "MMLU-Pro": "TIGER-Lab/MMLU-Pro",
    "HellaSwag": "Rowan/hellaswag",
    "ARC-Challenge": "arc-challenge",
    "AI2 ARC": "allenai/ai2_arc",
    "TruthfulQA": "truthfulqa/truthful_qa",
    "HumanEval": "openai/openai_humaneval",
    "HumanEval+": "evalplus/humanevalplus",
    "MBPP": "google-research-datasets/mbpp",
    "CodeContests": "deepmind/code_contests",
    "IFEval": "google/IFEval",
    "XSTest": "Paul/XSTest",
    "ShareGPT": "sharegpt",
    "ShareGPT52K": "RyokoAI/ShareGPT52K",
    "OASST1": "OpenAssistant/oasst1",
    "UltraChat": "openbmb/UltraChat",
    "UltraFeedback": "openbmb/UltraFeedback",
    "HH-RLHF": "Anthropic/hh-rlhf",
    "OpenHermes 2.5": "teknium/OpenHermes-2.5",
    "SlimOrca": "Open-Orca/SlimOrca",
    "LMSYS-Chat-1M": "lmsys/lmsys-chat-1m",
    "NuminaMath-CoT": "AI-MO/NuminaMath-CoT",
    "OpenThoughts3": "open-thoughts/OpenThoughts3-1.2M",
    "s1K": "simplescaling/s1K",
    "Llama-3-Magpie-Pro-1M-v0.1": "Magpie-Align/Magpie-Pro-1M-v0.1",
    "C4": "allenai/c4",
    "RedPajama": "togethercomputer/RedPajama-Data-1T",
    "SlimPajama": "cerebras/SlimPajama-627B",
    "FineWeb-Edu": "HuggingFaceFW/fineweb-edu",
    "BookCorpus": "bookcorpus/bookcorpus",
    "Books3": "defunct-datasets/the_pile_books3",
    "WikiText-103": "wikitext-103",
    "enwik8": "LTCB/enwik8",
    "S2ORC": "allenai/s2orc",
    "CORD-19": "allenai/cord19",
    "LAION-5B": "laion5b",
    "LibriSpeech": "openslr/librispeech_asr",
    "Wikipedia": "wikipedia",
    "Common Crawl": "common-crawl",
    "GitHub": "github",
    "Quora": "quora",
    "wikiHow": "wikihow",
    "EUR-Lex": "eur-lex",
}


@pytest.mark.parametrize("written", MEANT)
def test_well_known_names(written: str) -> None:
    found = registry().exact(written)
    assert found is not None
    assert found.id == MEANT[written]


MEANT_AS_WORDS = {
    "MATH": "hendrycks/competition_math",
    "GLUE": "nyu-mll/glue",
    "Alpaca": "tatsu-lab/alpaca",
    "alpaca": "tatsu-lab/alpaca",
    "self-instruct": "yizhongw/self_instruct",
    "Evol-Instruct": "WizardLMTeam/WizardLM_evol_instruct_70k",
    "Dolly": "databricks/databricks-dolly-15k",
    "dolly": "databricks/databricks-dolly-15k",
    "FLAN": "flan-collection",
    "flan": "flan-collection",
    "GPT4All": "nomic-ai/gpt4all_prompt_generations",
    "LIMO": "GAIR/LIMO",
    "TACO": "BAAI/TACO",
    "TaCo": "saillab/taco-datasets",
    "NLLB": "allenai/nllb",
    "OSCAR": "oscar-corpus/oscar",
    "The Pile": "EleutherAI/pile",
    "the Pile": "EleutherAI/pile",
    "The Stack": "bigcode/the-stack",
    "WebText": "webtext",
}


@pytest.mark.parametrize("written", MEANT_AS_WORDS)
def test_well_known_names_that_are_words(written: str) -> None:
    data = {NodeKind.DATASET, NodeKind.BENCHMARK, NodeKind.SOURCE}
    assert registry().exact(written, kinds=data) is None
    found = registry().exact(written, words=True, kinds=data)
    assert found is not None
    assert found.id == MEANT_AS_WORDS[written]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("squad", "rajpurkar/squad"),
        ("glue", "nyu-mll/glue"),
        ("WizardLM/WizardLM_evol_instruct_70k", "WizardLMTeam/WizardLM_evol_instruct_70k"),
        ("princeton-nlp/SWE-bench_Verified", "SWE-bench/SWE-bench_Verified"),
        ("THUDM/LongBench", "zai-org/LongBench"),
        ("CohereForAI/aya_dataset", "CohereLabs/aya_dataset"),
        ("stingning/ultrachat", "openbmb/UltraChat"),
        ("fka/awesome-chatgpt-prompts", "fka/prompts.chat"),
        ("lighteval/MATH", None),
        ("SetFit/mnli", None),
        ("lmms-lab/ChartQA", None),
        ("llamafactory/alpaca_en", None),
    ],
)
def test_former_ids_are_the_set_and_copies_are_not(written: str, meant: str | None) -> None:
    found = registry().by_hub_id(written)
    assert (found.id if found else None) == meant
