"""Croissant JSON-LD files as documents: their JSON, free of escapes, so that quotes are words."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from agents.sources.cards import Read, decoded
from lineage.errors import Unreadable

MAX_CROISSANT: Final = 20_000_000
"""Bytes of a Croissant file that is read; a larger one is refused."""

_ESCAPED = re.compile(r"\\(?:/|u[0-9a-fA-F]{4})")
_MARKS: Final = (b"mlcommons.org/croissant", b"schema.org")


def is_croissant(head: bytes) -> bool:
    """Whether the first bytes of a JSON file are those of Croissant or schema.org data."""
    return b"@context" in head and any(mark in head.replace(b"\\/", b"/") for mark in _MARKS)


def croissant_of(data: bytes) -> Read:
    """The file's text as it is and its parsed form as metadata.

    Where the file writes letters as escapes (`\\u00e9`, `\\/`) its text is written anew
    without them, or no quote would show a name as people write it. Unreadable where it is
    not one JSON object.
    """
    text, notes = decoded(data)
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise Unreadable(f"not JSON ({reason}); validate the Croissant file") from error
    if not isinstance(parsed, dict):
        raise Unreadable("a Croissant file is one JSON object; this one is a list or a value")
    if _ESCAPED.search(text):
        plain = json.dumps(parsed, ensure_ascii=False, indent=2)
        text = plain.encode("utf-8", "replace").decode()  # half a surrogate pair is no letter
        parsed = json.loads(text)
        notes += ("its text was written anew without escapes",)
    return Read(text, parsed, skipped=notes)
