"""Every name of the described dataset itself, so that it is not taken for a parent."""

from __future__ import annotations

import re
from functools import lru_cache

from agents.reading.blocks import Kind, Page
from lineage.identity import DatasetId
from lineage.model import Document
from lineage.registry import Registry, name_key


@lru_cache(maxsize=1)
def _title_tail() -> re.Pattern[str]:
    return re.compile(
        r"^(?:dataset card (?:for|of)|the|introducing|welcome to|readme)\s+", re.IGNORECASE
    )


_SIZE_TAIL = re.compile(
    r"(?:[-_ ](?:v?\d+(?:\.\d+)*[kmb]?|data|dataset|chatbot|train|test|collection|corpus"
    r"|sft|dpo|rl))+$",
    re.IGNORECASE,
)

_FILE = re.compile(r"([\w-]{3,80})\.(?:jsonl?|parquet|csv|tsv)\b")


_WORDS_PROCESSED = """\
binarized binarised cleaned clean filtered dedup deduped deduplicated preferences
preference formatted converted sft dpo rl rlhf subset mini sample sampled tokenized processed
preprocessed shuffled split splits unfiltered chatml sharegpt jsonl parquet"""
_PROCESSED = frozenset(_WORDS_PROCESSED.split())


def base_of(document: Document, registry: Registry) -> DatasetId | None:
    """The known dataset of which the described one is by its name a processed version
    (`x_binarized` of `x`), else None. Where the version's documents hold the base's paper,
    what the paper's authors say they did is said of the base.
    """
    words = re.split(r"[-_ ]", document.dataset.short_name)
    for length in range(len(words) - 1, 0, -1):
        if words[length].casefold() not in _PROCESSED:
            return None
        entry = registry.exact("-".join(words[:length]), words=True)
        if entry is not None and entry.dataset_id != document.dataset:
            return entry.dataset_id
    return None


def own_names(document: Document, page: Page, registry: Registry) -> frozenset[str]:
    """Keys of every name of the described dataset: its id, its parts, pretty name, title."""
    dataset = document.dataset
    names = {dataset.name, dataset.short_name}
    pretty = document.metadata.get("pretty_name")
    if isinstance(pretty, str):
        inside = re.findall(r"\(([^()]{2,60})\)", pretty)
        names |= {pretty, *inside}
        if not any(words.islower() for words in inside):  # `X (scored)` is not X
            names.add(pretty.partition("(")[0])
    for block in page.blocks:
        if block.kind is Kind.HEADING:
            title = " ".join(page.plain[block.start : block.end].split())
            title = _title_tail().sub("", title).strip("\"'` ")
            names |= {title, re.split(r"\s*[:(–—|,]\s*|\s-\s", title)[0]}
            break
    names |= {
        match[1]
        for block in page.blocks
        if block.kind is Kind.HEADING
        and (match := _FILE.search(page.plain[block.start : block.end]))
    }
    keys = {name_key(name) for name in names if name}
    for name in names:
        entry = registry.exact(name) if name else None
        if entry is not None and "/" not in name:
            keys.add(name_key(entry.name))
            keys.add(name_key(entry.id))
            keys |= {name_key(alias) for alias in entry.plain_names}
    if "/" in dataset.name:
        keys.add(name_key(dataset.name.partition("/")[0]))
    plain = _SIZE_TAIL.sub("", dataset.short_name)
    if registry.exact(plain, words=True) is None:
        keys.add(name_key(plain))
    return frozenset(keys - {""})
