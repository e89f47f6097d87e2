"""Names of data in code: mixtures, lists of sources, and what a construction script loads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agents.reading.blocks import Block, Page, front_matter_end
from agents.reading.links import hub_id
from agents.reading.mention import Mention, Sure
from agents.reading.words import PATH_HEADS
from lineage.model import NodeKind
from lineage.registry import Entry, Registry

_MIXES = re.compile(
    r"\bdata(?:set)?s?_?mix\w*|^[ \t]{0,20}#?[ \t]{0,20}[\"']?(?:train_)?"
    r"(?:data|data_?sets?|sources|corpora|components|mixture)[\"']?\s*[:=]\s*(?:[\[({]|$)",
    re.IGNORECASE | re.MULTILINE,
)
_ENTRY = re.compile(
    r"^[ \t#]*(?:-[ \t]*)?[\"']?(?:path|dataset|name|id|repo_id|dataset_name|dataset_id|hf_id|"
    r"source)[\"']?[ \t]*[:=][ \t]*[\"']?([\w.-]{2,60}/[\w.-]{2,96})[\"']?[ \t]*,?[ \t]*(?:#.*)?$"
    r"|^[ \t#]*(?:-[ \t]*)?[\"']?([\w.-]{2,60}/[\w.-]{2,96})[\"']?[ \t]*(?::[ \t]*[\d.{\[].*|,?)$",
    re.MULTILINE,
)
_LIST = re.compile(
    r"\b(?:\w+_)?(?:data_?sets?|sources|corpora|subsets|components|mixture)\w*\s*"
    r"=\s*[\[({]([^\])}]{1,6000})[\])}]",
    re.IGNORECASE,
)
_STRING = re.compile(r"[\"']([^\"'\n]{2,100})[\"']")
_LOADED = re.compile(r"load_dataset\(\s*(?:path\s*=\s*)?[\"']$")
_MAKES = re.compile(
    r"push_to_hub|\.to_(?:json|parquet|csv)\(|save_to_disk|concatenate_datasets|interleave_datasets"
)
_USES = re.compile(
    r"AutoModel|AutoTokenizer|pipeline\(|\bTrainer\b|evaluat|metric|generate\(|vllm|accuracy",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\byour[-_]|^(?:user|username|org|path|namespace)/|[<{]|\.(?:py|json)",
)
_CONFIG = re.compile(
    r"^[ ]{0,12}-?[ ]{0,12}config_name:[ ]*[\"']?([\w.+-]{2,60})[\"']?[ ]*$", re.MULTILINE
)
_LANGUAGE_TAIL = re.compile(r"[._-][a-z]{2}(?:[._-][a-z]{2})*$")
ENOUGH: Final = 5  # configs that bear known names make a collection of them
_MOST_LIST: Final = 400


def is_load(page: Page, mention: Mention) -> bool:
    """Whether the mention is what a `load_dataset` call loads."""
    return _LOADED.search(page.text, max(0, mention.start - 40), mention.start) is not None


def is_construction(page: Page, block: Block) -> bool:
    """Whether the code writes a dataset, so that what it loads goes into one."""
    return _MAKES.search(page.text, block.start, block.end) is not None


def is_use(page: Page, block: Block) -> bool:
    """Whether the code runs a model or measures one."""
    return _USES.search(page.text, block.start, block.end) is not None


def is_placeholder(name: str) -> bool:
    """Whether an id stands for any id: `your-org/your-dataset`."""
    return _PLACEHOLDER.search(name.casefold()) is not None


def listed_in(page: Page, block: Block, registry: Registry) -> Iterator[Mention]:
    """Datasets that a mixture or a list of sources in the code holds; none where fewer than
    two of a list are ids or known names.
    """
    for match in _LIST.finditer(page.text, block.start, block.end):
        found = [
            mention
            for string in _STRING.finditer(page.text, *match.span(1))
            if (mention := _named(string, 1, registry)) is not None
        ]
        if len(found) >= 2:
            yield from found[:_MOST_LIST]
    if _MIXES.search(page.text, block.start, block.end):
        for entry in _ENTRY.finditer(page.text, block.start, block.end):
            mention = _named(entry, 1 if entry[1] else 2, registry)
            if mention is not None and "/" in mention.name:
                yield mention


def configs_in(page: Page, registry: Registry) -> list[Mention]:
    """Known datasets after which the header names configs; none where they are few, or not
    most of the configs.
    """
    body = front_matter_end(page.text)
    every = list(_CONFIG.finditer(page.text, 0, body))
    found: dict[str, Mention] = {}
    known = 0
    for match in every:
        entry = _entry_of_config(match[1], registry)
        if entry is not None:
            known += 1
            mention = Mention(*match.span(1), match[1], Sure.KNOWN, entry.kind, entry)
            found.setdefault(entry.id, mention)
    enough = len(found) >= ENOUGH and known * 2 >= len(every)
    return list(found.values()) if enough else []


def _entry_of_config(name: str, registry: Registry) -> Entry | None:
    for form in (name, _LANGUAGE_TAIL.sub("", name)):
        entry = registry.exact(form, words=True)
        if entry is not None and entry.kind in (NodeKind.DATASET, NodeKind.BENCHMARK):
            return entry
    return None


def _named(match: re.Match[str], group: int, registry: Registry) -> Mention | None:
    name = match[group]
    start, end = match.span(group)
    entry = registry.exact(name, words=True)
    if "/" in name:
        org = name.partition("/")[0].casefold()
        identifier = hub_id(name) if name.count("/") == 1 else None
        if identifier is None or org in PATH_HEADS or is_placeholder(name):
            return None
        kind = entry.kind if entry else None
        return Mention(start, end, name, Sure.GIVEN, kind, entry, identifier, marked=True)
    if entry is None or entry.kind is NodeKind.MODEL:
        return None
    return Mention(start, end, name, Sure.KNOWN, entry.kind, entry, None, marked=True)
