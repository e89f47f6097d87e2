"""What the structure of a page says: lists, tables, headings, code, and how it is quoted."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.reading.blocks import page_of
from agents.reading.coded import is_placeholder
from agents.reading.heads import head_of
from agents.reading.rules import RulesReader
from agents.reading.sections import Section, column_role, section_of
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, Proposal, Role
from lineage.registry import default_registry

READER = RulesReader()
HUB = "https://huggingface.co/datasets"


def document(text: str, dataset: str = "acme/rain") -> Document:
    return Document(
        id="card",
        dataset=DatasetId.parse(dataset),
        kind=DocumentKind.CARD,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def read(text: str, dataset: str = "acme/rain") -> tuple[Proposal, ...]:
    return READER.read(document(text, dataset)).proposals


def included(text: str, dataset: str = "acme/rain") -> set[str]:
    return {p.parent_name for p in read(text, dataset) if p.role is Role.INCLUDED}


def roles(text: str) -> dict[str, Role]:
    return {p.parent_name: p.role for p in read(text)}


def test_a_list_carries_through_its_categories() -> None:
    text = (
        "# Rain\n\nThe mix is made of:\n\n- Arithmetic:\n"
        f"  - [Wet sums]({HUB}/rain/wet-sums)\n  - DampMath-10K\n  - GSM8K\n"
        "- Code\n  - Magicoder-OSS\n  - APPS\n"
    )
    found = included(text)
    assert {"Wet sums", "DampMath-10K", "GSM8K", "Magicoder-OSS", "APPS"} <= found
    assert not found & {"Arithmetic", "Code"}


def test_an_enumeration_opens_an_item() -> None:
    found = included("We collect rows from the following sources:\n\n- SQuAD, CoQA and HotpotQA\n")
    assert found == {"SQuAD", "CoQA", "HotpotQA"}
    assert included("# Rain\n\n## Data sources\n\nSQuAD, CoQA, and HotpotQA.\n") == found


@pytest.mark.parametrize(
    "lead",
    [
        "The following datasets were used in the merger:",
        "This set mixes the following datasets:",
        "It incorporates data from the following sources:",
        "Download the images of the constituting datasets:",
        "本数据集由以下数据集组成:",
    ],
)
def test_leads_that_make_a_list_one_of_sources(lead: str) -> None:
    text = f"# Rain\n\n{lead}\n\n- {HUB}/rain/wet-qa\n\n- {HUB}/sun/dry-qa\n"
    assert included(text) == {"rain/wet-qa", "sun/dry-qa"}


@pytest.mark.parametrize(
    "lead",
    [
        "We decontaminated it with respect to the following benchmarks, based on n-grams:",
        "We removed rows that overlap with the following:",
    ],
)
def test_leads_that_say_what_was_removed(lead: str) -> None:
    found = roles(
        f"# Rain\n\n{lead}\n\n- GLUE (dev set of SST-2, CoLA)\n- MATH, GSM8K (test set)\n"
    )
    assert found["GSM8K"] is Role.REMOVED
    assert Role.INCLUDED not in found.values()


@pytest.mark.parametrize(
    "heading",
    ["Datasets which use Rain", "Used by", "Derivatives", "Models trained on this dataset"],
)
def test_what_is_made_with_the_dataset_is_no_source(heading: str) -> None:
    names = "".join(f"- [Snow{n}]({HUB}/org{n}/snow-{n})\n" for n in range(4))
    assert not included(f"# Rain\n\n## {heading}\n\n{names}")


def test_news_and_fields_are_no_lists_of_sources() -> None:
    news = f"## Data sources\n\n- 2024/6/22: Released [Snow]({HUB}/org/snow-1)\n"
    assert not included(news)
    fields = (
        "## Fields\n\nEach row contains the following:\n\n"
        "- [SQuAD](https://example.org/squad)\n- GSM8K\n"
    )
    assert not included(fields)


def test_headings_that_name_one_source_each() -> None:
    text = (
        "# Rain\n\n## Dataset sources\n\n"
        f"### Platform talk\nBy Wet Inc.: {HUB}/wet/platform-talk\n\n### GSM8K\nAll of it.\n"
    )
    assert included(text) == {"wet/platform-talk", "GSM8K"}
    steps = "# Rain\n\n## Dataset sources\n\n### Convert to GSM8K format\n\n### Data Collection\n"
    assert not included(steps)


def test_a_table_whose_first_column_is_titled_source() -> None:
    text = (
        "# Rain\n\nWhere rows come from.\n\n| Source | Rows |\n| --- | --- |\n"
        "| wet_sums | 20 |\n| gsm8k | 7 |\n| squad | 9 |\n| **Total** | 36 |\n"
    )
    assert included(text) == {"wet_sums", "gsm8k", "squad"}
    html = (
        "<table>\n<tr><th>Source</th><th>Rows</th></tr>\n"
        f'<tr><td><a href="{HUB}/rain/wet-qa">WetQA</a></td><td>3</td></tr>\n'
        "<tr><td>GSM8K</td><td>4</td></tr>\n</table>\n"
    )
    assert included(html) == {"WetQA", "GSM8K"}


def test_a_column_of_origins_may_hold_unknown_names() -> None:
    text = (
        "# Rain\n\n| Subset | Size | Origin |\n| --- | --- | --- |\n"
        "| chat | 2k | WeatherTalkQA |\n| sums | 1k | GSM8K, ours |\n| code | 3k | in-house |\n"
    )
    assert included(text) == {"WeatherTalkQA", "GSM8K"}


def test_the_licences_of_the_parts_name_the_parts() -> None:
    text = (
        "# Rain\n\n## License\n\nPlease check the licence of each subset.\n\n"
        "| Dataset Name | License |\n| --- | --- |\n| GSM8K | MIT |\n| SQuAD | CC-BY-4.0 |\n"
        "| Our Curated | MIT |\n"
    )
    assert included(text) == {"GSM8K", "SQuAD"}


def test_marked_items() -> None:
    text = (
        "It incorporates data from the following sources:\n\n"
        "- **wetnews/sentiment**: 221 entries\n- [x] TATA1: [Dataset link](https://example.org/t)\n"
        "- GSM8K\n- Github: https://github.com/acme/rain-code\n"
    )
    assert included(text) == {"wetnews/sentiment", "TATA1", "GSM8K"}


def test_own_family_and_own_files_are_no_parents() -> None:
    family = (
        "# xRain\n\n## Components\n\n| Name | About |\n| --- | --- |\n"
        f"| [xRainAll]({HUB}/acme/xRainAll) | all |\n| [xRainMini]({HUB}/acme/xRainMini) | few |\n"
    )
    assert not included(family, "acme/xRain")
    assert not included("rain_small.jsonl is curated from rain_raw.json by hand.")
    assert not included("It was built from EASY and HARD problems of README files.")


def test_where_files_lie_is_no_source() -> None:
    text = "The data was collected from Google Drive, Baidu Pan and Zenodo, and from GSM8K."
    assert included(text) == {"GSM8K"}


def test_ids_in_running_text() -> None:
    assert included("Random 25% subset of acme2/wet-mix.") == {"acme2/wet-mix"}
    assert included("A translation of wetlab/corpus1 into Dutch.") == {"wetlab/corpus1"}
    assert not included("A subset of train/test and questions/answers.")


def test_mixtures_in_code() -> None:
    yaml = (
        "# Rain\n\nThe mix:\n\n```yaml\ndataset_mixer:\n  wet/talk-200k: 1.0\n  sun/dry: 0.5\n```\n"
    )
    assert included(yaml) == {"wet/talk-200k", "sun/dry"}
    paths = "```yaml\ndatasets:\n  - path: wet/talk\n    type: chat\n  - path: sun/dry\n```\n"
    assert included(paths) == {"wet/talk", "sun/dry"}
    names = '```python\ndatasets = ["squad", "HotpotQA", "coqa", "my own notes"]\n```\n'
    assert included(names) == {"squad", "HotpotQA", "coqa"}
    assert not included("```yaml\nmodel: wet/talk-7b\nsteps: 3\n```\n")


def test_usage_examples_load_no_parents() -> None:
    load = 'ds = load_dataset("wet/talk")\n'
    assert not included(f"## Usage\n\n```python\n{load}```\n")
    assert not included(f"## Data\n\n```python\n{load}model = AutoModel.load()\n```\n")
    made = f'```python\n{load}ds.filter(good).push_to_hub("acme/rain")\n```\n'
    assert included(f"## Usage\n\n{made}") == {"wet/talk"}
    assert is_placeholder("your-org/your-dataset-name")
    assert not included('```python\nload_dataset("your-org/your-dataset")\n```\n')


def test_configs_of_the_header_that_bear_known_names() -> None:
    def header(*names: str) -> str:
        lines = "".join(f"- config_name: {name}\n" for name in names)
        return f"---\nconfigs:\n{lines}---\n\n# Rain\n"

    known = ("squad", "gsm8k", "hotpot_qa", "coqa", "multi_nli")
    assert included(header(*known)) == set(known)
    assert not included(header(*known[:3]))
    assert not included(header(*known, *(f"part{n}" for n in range(9))))


def test_a_quote_holds_the_whole_link_that_gives_the_id() -> None:
    link = f"[CB]({HUB}/wet/super_umbrella)"
    (found,) = read(f"# Rain\n\n## Data sources\n\n- {link}\n")
    assert str(found.parent_id) == "wet/super_umbrella"
    assert found.evidence.quote == link
    (here,) = read(f"Rows sampled from [here]({HUB}/rain/wet-qa).")
    assert here.evidence.quote.endswith(f"[here]({HUB}/rain/wet-qa).")
    (bold,) = read("# Rain\n\n## Data sources\n\n- **GSM8K**\n")
    assert bold.evidence.quote == "**GSM8K**"


def test_a_hub_address_without_datasets() -> None:
    (noun,) = read("Derived from the [wet-talk](https://huggingface.co/wet/wet-talk) dataset.")
    assert str(noun.parent_id) == "wet/wet-talk"
    assert not included("Derived with [wet-talk](https://huggingface.co/wet/wet-talk).")
    text = f"We merged the following datasets:\n\n- [A1]({HUB}/o/a1)\n- [B1]({HUB}/o/b1)\n"
    listed = f"{text}- [Dry-Talk](https://huggingface.co/sun/dry-talk)\n"
    assert "Dry-Talk" in included(listed)
    assert "Llama-3-8B" not in included(
        f"{text}- [Llama-3-8B](https://huggingface.co/m/Llama-3-8B)\n"
    )


def test_parts_of_a_release_name_their_parents() -> None:
    text = (
        "# Rain\n\nWe release three sets.\n\n| Dataset | About |\n| --- | --- |\n"
        f"| Rain-SFT | filtered from [UltraChat]({HUB}/stingning/ultrachat) |\n"
        "| Rain-RL | prompts from GSM8K and MATH |\n"
    )
    assert {"UltraChat", "GSM8K", "MATH"} <= included(text, "acme/rain-sft")
    assert "Rain-RL" not in included(text, "acme/rain-sft")


def test_titles_of_sections_and_columns() -> None:
    assert section_of(("Rain", "Sources (needs to be updated)")) is Section.SOURCES
    assert section_of(("Rain", "SFT data")) is Section.PLAIN
    assert column_role("Image Source") is Role.INCLUDED
    assert column_role("来源") is Role.INCLUDED
    assert column_role("Licence") is None
    assert column_role("") is None


def test_heads() -> None:
    def head(text: str) -> tuple[str, bool] | None:
        page = page_of(document(text))
        found = head_of(page, 0, len(text), default_registry())
        return None if found is None else (found.mention.name, found.titled)

    assert head("~1 million of GSM8K rows") is None
    assert head("20k rows from GSM8K: all") == ("GSM8K", False)
    assert head("WetQA-2 (Rain et al., 2021)") == ("WetQA-2", False)
    assert head("Isabelle Proofs") == ("Isabelle Proofs", True)
    assert head("Total: 12") is None
    assert head("our own WetQA2") is None
    assert head("Human-written: all of them") is None
    assert head("en") is None


HOSTILE = [
    "datasets = [" * 4_000,
    "---\n" + " " * 60_000 + "config_name\n---\n",
    "\n" * 60_000 + "data",
    "- " + "A" * 60_000,
    "".join(f"- [x] A{n}: [l](https://example.org/{n})\n" for n in range(3_000)),
    "## Data sources\n\n" + "".join(f"### Wet{n}QA\n\n" for n in range(3_000)),
    "| Source |\n| --- |\n" + "".join(f"| wet_{n} |\n" for n in range(3_000)),
    "<table>" + "<tr><th>Source</th></tr>" * 3_000,
    "made of " * 6_000 + ":\n\n- GSM8K\n",
    "*" * 60_000 + "GSM8K" + "_" * 60_000,
    "- " + ", ".join("GSM8K" for _ in range(6_000)),
    "a/b-1 " * 10_000,
    "".join(f"[m{n}](https://huggingface.co/o/m{n}) " for n in range(5_000)),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_structure_costs_linear_time(text: str) -> None:
    began = time.process_time()
    READER.read(document(text))
    assert time.process_time() - began < 5.0


PIECES = st.sampled_from(
    [
        *("- ", "  - ", "[x] ", "**", "`", ": ", "\n", "\n\n", "| ", "|---|\n", "### ", "# Rain\n"),
        *("## Data sources\n", "made of the following:\n", "GSM8K", "SQuAD", "WetQA-2", "wet_sums"),
        *(f"[CB]({HUB}/a/b-c1)", f"{HUB}/a/b-c1", "```\n", "datasets = [", "'squad', ", "]\n"),
        *("dataset_mixer:\n", "  a/b: 1.0\n", "config_name: squad\n", "---\n", "<tr><th>", "</th>"),
        *("Source", "</tr>", "wet/talk", " of ", "translation of ", "(Rain et al., 2021)"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=50).map("".join))
def test_every_quote_is_exact_and_names_the_parent(text: str) -> None:
    for proposal in read(text):
        start, end = proposal.evidence.start, proposal.evidence.end
        assert start is not None
        assert end is not None
        assert proposal.evidence.quote == text[start:end]
        assert proposal.parent_name in proposal.evidence.quote
