"""Bytes of a card or another plain text -> the text that evidence points into."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any, Final

from agents.sources.header import header_of
from lineage.errors import Unreadable

MAX_CARD: Final = 5_000_000
"""Bytes of a card that are read; what follows is left out and said so."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SAMPLE: Final = 200_000

_MODEL_KEYS = re.compile(
    r"^(base_model|library_name|pipeline_tag|model-index|model_name|datasets)[ \t]*:", re.MULTILINE
)
_DATASET_KEYS = re.compile(
    r"^(configs|dataset_info|size_categories|source_datasets|task_ids|annotations_creators"
    r"|task_categories|train-eval-index)[ \t]*:",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Read:
    """What the bytes of one file gave; the fields are those of `Document`."""

    text: str
    metadata: dict[str, Any] = field(default_factory=dict)
    page_starts: tuple[int, ...] = ()
    skipped: tuple[str, ...] = ()
    problem: str = ""  # a part that could not be read while the rest could


def decoded(data: bytes, *, cut: bool = False) -> tuple[str, tuple[str, ...]]:
    """The text of `data` with `\\n` line ends, and notes on what was assumed.

    UTF-8 and UTF-16 with a byte order mark are known by their mark, then UTF-8 is tried,
    then Latin-1. `cut` says that the end of `data` is not the end of the file. Unreadable
    where this is no text.
    """
    notes: tuple[str, ...] = ()
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = codecs.getincrementaldecoder(encoding)("replace").decode(
                data[len(bom) :], final=not cut
            )
            break
    else:
        if b"\0" in data[:_SAMPLE]:
            raise Unreadable("binary data, not text; check that the file is what its name says")
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(data, final=not cut)
        except UnicodeDecodeError as error:
            text, note = _mended(data, error.start)
            notes = (note,)
    sample = text[:_SAMPLE]
    odd = len(_CONTROL.findall(sample)) + sample.count("\ufffd")
    if odd > 0.01 * len(sample) + 1:
        raise Unreadable("binary data, not text; check that the file is what its name says")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _mended(data: bytes, wrong: int) -> tuple[str, str]:
    """Text that is not quite UTF-8: with a mark for each wrong byte where most letters
    beyond ASCII are UTF-8, as Latin-1 where they are not.
    """
    text = data.decode("utf-8", "replace")
    marks = text.count("\ufffd")
    if len(text.encode()) - len(text) > 4 * marks:  # a mark itself takes two bytes more
        return text, f"{marks:,} bytes are not UTF-8, the first at {wrong:,}; marked with U+FFFD"
    return data.decode("latin-1"), f"not UTF-8 (byte {wrong:,}); read as Latin-1"


def card_of(data: bytes, *, size: int | None = None) -> Read:
    """A card from the first bytes of its file, of which there are `size` in all.

    A header that cannot be read leaves the prose readable: `metadata` is then empty and
    `problem` says why. Unreadable where this is no text.
    """
    total = len(data) if size is None else size
    kept = data[:MAX_CARD]
    text, notes = decoded(kept, cut=total > len(kept))
    if total > len(kept):
        notes += (f"only the first {len(kept):,} of {total:,} bytes were read",)
    header = header_of(text)
    if header.problem:
        notes += (header.problem,)
    return Read(text, header.metadata, skipped=notes, problem=header.problem)


def is_model_card(header_text: str) -> bool:
    """Whether the keys of a header are those of a model's card rather than a dataset's.

    >>> is_model_card("base_model: org/m"), is_model_card("datasets: [a/b]\\nconfigs: []")
    (True, False)
    """
    return bool(_MODEL_KEYS.search(header_text)) and not _DATASET_KEYS.search(header_text)


def header_lines(text: str) -> str:
    """The lines between the fences, parsed or not; empty where there is no header."""
    match = re.match(r"\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", text, re.DOTALL)
    return match[1] if match else ""
