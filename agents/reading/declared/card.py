"""The YAML header of a card -> declared parents and facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from agents.reading.declared.notes import Notes
from agents.sources.cited import month_of, own_papers
from agents.sources.header import Header, Path, Span, header_of
from lineage.identity import DatasetId
from lineage.model import DocumentKind, FactKey, NodeKind, Relation

STATED: Final = 0.95
"""Confidence of a property that a header states outright."""

_GUESSED: Final = 0.55
"""Read off something that was written for another purpose: below a date of the registry
(0.6), above the day a repository was made (0.5)."""

# Header keys that name parents, `-` read as `_`; the relation that the key's name states,
# and how much less sure than the Hub's own `source_datasets`, whose meaning is documented.
_KEYS: Final[dict[str, tuple[Relation, float]]] = {
    "source_datasets": (Relation.DERIVATION, 1.0),
    "source_dataset": (Relation.DERIVATION, 1.0),
    "dataset_source": (Relation.DERIVATION, 0.9),
    "dataset_sources": (Relation.DERIVATION, 0.9),
    "base_dataset": (Relation.DERIVATION, 1.0),
    "base_datasets": (Relation.DERIVATION, 1.0),
    "original_dataset": (Relation.DERIVATION, 1.0),
    "original_datasets": (Relation.DERIVATION, 1.0),
    "parent_dataset": (Relation.DERIVATION, 1.0),
    "parent_datasets": (Relation.DERIVATION, 1.0),
    "upstream_dataset": (Relation.DERIVATION, 1.0),
    "upstream_datasets": (Relation.DERIVATION, 1.0),
    "derived_from": (Relation.DERIVATION, 1.0),
    "was_derived_from": (Relation.DERIVATION, 1.0),
    "is_based_on": (Relation.DERIVATION, 1.0),
    "based_on": (Relation.DERIVATION, 0.9),
    "extends": (Relation.DERIVATION, 0.9),
    "subset_of": (Relation.SUBSET, 1.0),
    "filtered_from": (Relation.FILTERING, 1.0),
    "translated_from": (Relation.TRANSLATION, 1.0),
    "translation_of": (Relation.TRANSLATION, 1.0),
    "previous_version": (Relation.REVISION, 0.9),
    "copy_of": (Relation.COPY, 1.0),
    "mirror_of": (Relation.COPY, 1.0),
    "forked_from": (Relation.COPY, 0.9),
    "converted_from": (Relation.COPY, 1.0),
    "seed_dataset": (Relation.SYNTHESIS, 1.0),
    "seed_datasets": (Relation.SYNTHESIS, 1.0),
    "dataset_mixer": (Relation.MIXTURE, 1.0),
    "dataset_mixture": (Relation.MIXTURE, 1.0),
    "mixture": (Relation.MIXTURE, 0.9),
}
_TRAINED_ON: Final = frozenset({"datasets", "dataset", "training_datasets", "train_datasets"})
_NAME_KEYS: Final = ("repo_id", "hub_id", "id", "dataset_id", "path", "name", "dataset", "url")

_DOMAINS: Final = {
    "audio-classification": "speech",
    "automatic-speech-recognition": "speech",
    "code-generation": "code",
    "conversational": "dialogue",
    "dialogue-generation": "dialogue",
    "image-classification": "vision",
    "image-text-to-text": "vision",
    "image-to-text": "vision",
    "math-word-problems": "math",
    "multiple-choice": "qa",
    "natural-language-inference": "nli",
    "object-detection": "vision",
    "question-answering": "qa",
    "reinforcement-learning": "agents",
    "sentence-similarity": "retrieval",
    "summarization": "summarization",
    "table-question-answering": "qa",
    "text-classification": "classification",
    "text-retrieval": "retrieval",
    "text-to-speech": "speech",
    "token-classification": "classification",
    "translation": "translation",
    "visual-question-answering": "vision",
    "zero-shot-classification": "classification",
} | {
    word: word
    for word in (
        "agents", "code", "dialogue", "finance", "legal", "long-context", "math", "medical", "nli",
        "preference", "qa", "reasoning", "retrieval", "safety", "science", "speech", "tool-use",
        "vision",
    )
}  # fmt: skip
_TAG_DOMAINS: Final = {"biology": "science", "chemistry": "science", "physics": "science"}
_MANY: Final = 200
_COUNT = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True)
class _Item:
    """One value that may name a parent, and where it stands."""

    value: str
    span: Span
    config: str | None = None
    split: str | None = None


def read_card(notes: Notes) -> None:
    """Adds what the header of a card or model card declares; nothing where there is none."""
    header = header_of(notes.document.text)
    is_model = notes.document.kind is DocumentKind.MODEL_CARD
    for key in header.metadata:
        name = re.sub(r"[\s-]+", "_", key.strip().lower())
        if is_model and (name in _TRAINED_ON or name in {"dataset_mixer", "dataset_mixture"}):
            _parents(notes, header, key, Relation.TRAINING, 1.0)
        elif is_model and name == "base_model":
            _base_models(notes, header, key)
        elif name in _KEYS:
            relation, factor = _KEYS[name]
            _parents(notes, header, key, relation, factor)
        elif name == "datasets":
            _parents(notes, header, key, Relation.DERIVATION, 0.6)
    _facts(notes, header)
    _papers(notes)


def _parents(notes: Notes, header: Header, key: str, relation: Relation, factor: float) -> None:
    of_names = relation in {Relation.MIXTURE, Relation.TRAINING}
    for item in _items(header, (key,), names_are_keys=of_names):
        span = notes.quote(header.keys[key,], item.span)
        for one in _apart(item.value):
            notes.parent(
                one,
                span,
                field=key,
                relation=relation,
                config=item.config,
                split=item.split,
                factor=factor,
            )


def _base_models(notes: Notes, header: Header, key: str) -> None:
    """A fine-tuned model has its base's weights, and with them what the base was trained
    on: an inclusion, though no rows are handed on.
    """
    how = header.metadata.get("base_model_relation")
    for item in _items(header, (key,)):
        notes.parent(
            item.value,
            notes.quote(header.keys[key,], item.span),
            field=key,
            relation=Relation.DERIVATION,
            kind=NodeKind.MODEL,
            note="weights of the base model" + (f" ({how})" if isinstance(how, str) else ""),
        )


def _apart(value: str) -> list[str]:
    """`a/b, c/d` are two ids in one text; other commas belong to the name."""
    parts = [one.strip() for one in value.split(",")]
    if len(parts) > 1 and all(re.fullmatch(r"[\w.-]+/[\w.-]+|extended\|\S+", one) for one in parts):
        return parts
    return [value]


def _items(header: Header, path: Path, *, names_are_keys: bool = False) -> Iterator[_Item]:
    """The texts under `path`: a text, a list of texts, or mappings with a name in them."""
    value: Any = header.metadata
    for part in path:
        value = value[part]
    if isinstance(value, str):
        yield _Item(value, _span(header, path))
    elif isinstance(value, list):
        for number in range(len(value)):
            if not isinstance(value[number], list):
                yield from _items(header, (*path, number), names_are_keys=names_are_keys)
    elif isinstance(value, dict):
        named = next((key for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
        if named is not None:
            yield _Item(
                value[named],
                _span(header, (*path, named)),
                _text_of(value, "config") or _text_of(value, "subset"),
                _text_of(value, "split"),
            )
        elif names_are_keys:
            for key in value:
                yield _Item(key, header.keys.get((*path, key)) or _span(header, path))


def _text_of(value: dict[str, Any], key: str) -> str | None:
    """A narrowing that an id can carry, or None."""
    text = value.get(key)
    if not isinstance(text, str):
        return None
    try:
        return DatasetId(name="any", config=text.strip()).config
    except ValueError:  # empty, too long, or no text
        return None


def _span(header: Header, path: Path) -> Span:
    """Where a value stands; that of the nearest thing around it for one behind an alias."""
    for length in range(len(path), 0, -1):
        found = header.spans.get(path[:length]) or header.keys.get(path[:length])
        if found is not None:
            return found
    return (0, 0)


def _facts(notes: Notes, header: Header) -> None:
    _licence(notes, header)
    for key, fact in (
        ("pretty_name", FactKey.NAME),
        ("language", FactKey.LANGUAGE),
        ("languages", FactKey.LANGUAGE),
        ("size_categories", FactKey.SIZE),
    ):
        for value, span in _texts(notes, header, key):
            notes.fact(fact, value, span, field=key, confidence=STATED)
    for key in ("task_categories", "task_ids", "tags"):
        for value, span in _texts(notes, header, key):
            word = value.lower()
            domain = _DOMAINS.get(word) or (_TAG_DOMAINS.get(word) if key == "tags" else None)
            if domain:
                sure = 0.8 if key != "tags" else 0.7
                notes.fact(FactKey.DOMAIN, domain, span, field=key, confidence=sure, note=value)
    for key in ("extra_gated_prompt", "extra_gated_heading", "extra_gated_fields"):
        if key in header.metadata:
            span = notes.lines(*header.keys[key,])
            notes.fact(FactKey.ACCESS, "gated", span, field=key, confidence=0.9)
    for key in ("release_date", "released", "date_published", "date_released"):
        for value, span in _texts(notes, header, key):
            if match := re.match(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-\d{2})?)?(?!\d)", value):
                notes.fact(FactKey.RELEASED, match[0], span, field=key, confidence=STATED)
    _rows(notes, header)


def _texts(notes: Notes, header: Header, key: str) -> Iterator[tuple[str, Span]]:
    if header.metadata.get(key) is None:
        return
    for number, item in enumerate(_items(header, (key,))):
        if number >= _MANY:
            return
        yield item.value.strip(), notes.quote(header.keys[key,], item.span)


def _licence(notes: Notes, header: Header) -> None:
    """`license`, or where it says `other`, the name that `license_name` gives it."""
    named = list(_texts(notes, header, "license_name"))
    for key in ("license", "licenses", "licence"):
        for value, span in _texts(notes, header, key):
            if value.lower() in {"unknown", "other"} and named:
                continue
            notes.fact(FactKey.LICENCE, value, span, field=key, confidence=STATED)
    for value, span in named:
        notes.fact(FactKey.LICENCE, value, span, field="license_name", confidence=STATED)


def _rows(notes: Notes, header: Header) -> None:
    """The rows of all splits together, where the card describes one config only."""
    info, path = header.metadata.get("dataset_info"), ("dataset_info",)
    where: Path = path
    if isinstance(info, list) and len(info) == 1:
        info, where = info[0], (*path, 0)
    splits = info.get("splits") if isinstance(info, dict) else None
    if not isinstance(splits, list) or not splits:
        return
    counts = [one.get("num_examples") for one in splits if isinstance(one, dict)]
    if len(counts) != len(splits) or not all(
        isinstance(n, str) and _COUNT.fullmatch(n) for n in counts
    ):
        return
    last = len(splits) - 1
    start = header.keys.get((*where, "splits"))
    end = header.spans.get((*where, "splits", last, "num_examples"))
    if start and end:
        total = sum(int(n or 0) for n in counts)
        notes.fact(
            FactKey.SIZE,
            f"{total:,} rows",
            notes.lines(start[0], end[1]),
            field="dataset_info",
            confidence=STATED,
            note=f"sum of num_examples over {len(splits)} splits",
        )


def _papers(notes: Notes) -> None:
    """The dataset's own paper; the month of its id is a bound on its release."""
    document = notes.document
    own, _ = own_papers(document.text, document.metadata)
    for number, cited in enumerate(own):
        if cited.start is None or cited.end is None:
            start = document.text.find(cited.arxiv)
            if start < 0:
                continue  # known from a tag only: the Hub's record of it says so
            cited_span = (start, start + len(cited.arxiv))
        else:
            cited_span = (cited.start, cited.end)
        span = notes.lines(*cited_span)
        if span[1] - span[0] > 2_000:
            span = cited_span
        notes.fact(FactKey.ARXIV, cited.arxiv, span, field="paper", confidence=0.8, note=cited.why)
        month = month_of(cited.arxiv)
        if number == 0 and month and document.kind is DocumentKind.CARD:
            notes.fact(
                FactKey.RELEASED,
                month,
                span,
                field="paper",
                confidence=_GUESSED,
                note="the month of its paper's arXiv id",
            )
