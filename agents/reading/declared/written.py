"""A value that someone put where a dataset's name belongs -> the name it writes, or why none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lineage.identity import DatasetId
from lineage.model import NodeKind

# How sure a careful person would be that a value of this form names a parent. Set by
# reading the forms on the Hub, not fitted: an id cannot be misread, a bare word can.
ID: Final = 0.95  # `openai/gsm8k`, or its address
EXTENDED: Final = 0.9  # `extended|glue`: the Hub's own form, an id of a set without owner
BARE: Final = 0.8  # `wikipedia`
OTHER: Final = 0.75  # `extended|other-tatoeba`: free text by the Hub's rules
ADDRESS: Final = 0.7  # the address of something that is not a dataset's repository

_NOTHING: Final = frozenset(
    {
        "", "-", "all", "and/or", "custom", "data", "dataset", "datasets", "default", "dev",
        "expert-generated", "extended", "false", "found", "human", "internal", "machine-generated",
        "manual", "misc", "mixed", "more information needed", "multiple", "n/a", "na", "nan", "new",
        "no", "none", "null", "org/name", "original", "other", "other sources", "others", "private",
        "self", "source", "sources", "synthetic", "tbd", "test", "todo", "train", "true", "unknown",
        "user", "validation", "various", "web", "yes", "~",
    }
)  # fmt: skip
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_FILE = re.compile(r"\.(?:jsonl?|csv|tsv|txt|parquet|arrow|zip|gz|zst|py|md|pdf)$", re.IGNORECASE)
_HUB = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?"
    r"([A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?)",
    re.IGNORECASE,
)
_HUB_PAGES: Final = frozenset(
    {"blog", "collections", "docs", "join", "models", "organizations", "papers", "spaces", "tasks"}
)
_GITHUB = re.compile(
    r"(?:https?://)?(?:www\.)?github\.com/([A-Za-z0-9][\w.-]*/[\w.-]+)", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://(?:www\.)?([^\s?#]+)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST: Final = 300  # characters of a name, as `Proposal.parent_name` and `DatasetId` allow
_MODEL = re.compile(
    r"(?:openai/)?(?:chatgpt|gpt-?[345](?:[.-]\w+)*|text-davinci-\d+|o[134](?:-(?:mini|preview|pro))?)"
    r"|(?:anthropic/)?claude(?:[.-]\w+)*|(?:google/)?(?:gemini|palm)(?:[.-]\w+)*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Written:
    """A name as it stands in the value, the id where the value is one, and how sure."""

    name: str
    id: DatasetId | None
    kind: NodeKind | None
    confidence: float


def written(value: str) -> Written | str:
    """The name that `value` writes; else the reason why it names nothing, empty where the
    value says that there is no parent (`original`, `none`).

    >>> written("extended|other-tatoeba").name
    'tatoeba'
    >>> str(written("https://huggingface.co/datasets/openai/gsm8k/tree/main").id)
    'openai/gsm8k'
    >>> written("original")
    ''
    """
    found = _form(value.strip())
    if isinstance(found, Written) and (len(found.name) > _LONGEST or _CONTROL.search(found.name)):
        return f"too long for a name, or not text: {shown(value)!r}"
    return found


def shown(text: str) -> str:
    """The beginning of a text, fit for a message: half surrogate pairs become `?`."""
    return text[:80].encode("utf-8", "replace").decode()


def _form(text: str) -> Written | str:
    confidence = BARE
    if text.lower().startswith("extended"):
        head, parted, rest = text.partition("|")
        if head.strip().lower() == "extended" and parted:
            text, confidence = rest.strip(), EXTENDED
            if text.lower().startswith(("other-", "other_")):
                text, confidence = text[len("other-") :].strip(), OTHER
    if text.strip("[]().* ").lower() in _NOTHING:
        return ""
    if "://" in text or _HUB.match(text) or _GITHUB.match(text):
        return _address(text)
    if _MODEL.fullmatch(text):
        return Written(text, None, NodeKind.MODEL, BARE)
    if _FILE.search(text):
        return f"a file, not a dataset: {shown(text)!r}"
    if _REPOSITORY.fullmatch(text):
        return _identified(text, "hf", None, ID)
    return _plain(text, confidence)


def _plain(text: str, confidence: float) -> Written | str:
    if len(text) > 120 or text.count(" ") > 8 or re.search(r"[.;:!?]\s|\n", text):
        return f"a sentence, not a name: {shown(text)!r}"
    if sum(character.isalpha() for character in text) < 2:
        return f"no name: {shown(text)!r}"
    return Written(text, None, None, confidence)


def _address(text: str) -> Written | str:
    """An address: a repository of the Hub or GitHub where it is one, else an outside source."""
    if match := _HUB.match(text):
        name = match[2].rstrip(".")
        if match[1]:
            return _identified(name, "hf", None, ID)
        if "/" in name and name.partition("/")[0].lower() not in _HUB_PAGES:
            return _identified(name, "model", NodeKind.MODEL, ID)
        return f"a page of the Hub, not a repository: {shown(text)!r}"
    if match := _GITHUB.match(text):
        name = match[1].removesuffix(".git")
        if re.search(r"\w", name.partition("/")[2]):
            return _identified(name, "github", None, ADDRESS)
        return f"a page of GitHub, not a repository: {shown(text)!r}"
    if match := _ADDRESS.match(text):
        return _identified(match[1].rstrip("/.,)"), "url", NodeKind.SOURCE, ADDRESS)
    return f"an address that cannot be read: {shown(text)!r}"


def _identified(name: str, hub: str, kind: NodeKind | None, confidence: float) -> Written | str:
    """The name with its id, or the reason why it can be none."""
    try:
        return Written(name, DatasetId(hub=hub, name=name), kind, confidence)
    except ValueError:  # InvalidName, or pydantic's word for empty and too long
        return f"an address that no id can hold: {shown(name)!r}"
