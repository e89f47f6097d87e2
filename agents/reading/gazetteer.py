"""Known names, found in a text in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from agents.reading.words import GENERIC, SUFFIXES
from lineage.model import NodeKind
from lineage.registry import Entry, Registry

_TOKEN = re.compile(r"[a-zA-Z0-9\u00c0-\u024f\u0370-\u04ff]+|\+")

FOREIGN = re.compile(r"[\u0370-\u9fff\uac00-\ud7af]")  # scripts without the same word breaks

_JOIN = re.compile(r"[-_ ./:'’&\n]{0,3}")

_MAX_TOKENS: Final = 9

_ALTERNATIVES = re.compile(r"[(\"']?[A-Z][\w+-]*(?:\.\d)?(?:/[A-Z][\w+-]*(?:\.\d)?)+[\"'),.;:]*")


class Gazetteer:
    """Known names, found in one pass over the tokens of a text.

    A name is looked up by its letters and digits joined, so `Hotpot_QA` meets `HotpotQA`;
    the set of all beginnings of names ends a failed try early, and tries are at most nine
    tokens long, so the cost is linear in the text whatever it holds.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.names: dict[str, tuple[Entry, str]] = {}
        self.words: dict[str, Entry] = {}
        self.foreign: dict[str, Entry] = {}
        for name, entry in registry.spellings():
            self._add(name, entry)
        for entry in registry:
            for form in (entry.id, entry.id.rpartition("/")[2]):
                known = registry.exact(form)
                if known is not None and re.search(r"[\d_]|-|[a-z][A-Z]", form):
                    self._add(form, known)
        for word, entry in registry.word_spellings():
            self.words.setdefault(joined(word), entry)
        self.word_forms = dict(registry.word_spellings())
        longest_first = sorted(self.foreign, key=len, reverse=True)
        self.foreign_pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self.beginnings = {
            key[:length] for key in (*self.names, *self.words) for length in range(1, len(key) + 1)
        }

    def _add(self, name: str, entry: Entry) -> None:
        if FOREIGN.search(name):
            self.foreign.setdefault(name, entry)
            return
        key = joined(name)
        if len(key) > 1 and name.casefold() not in GENERIC - {"wikipedia", "web", "twitter"}:
            self.names.setdefault(key, (entry, name))

    def find(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, Entry, bool]]:
        """`(start, end, entry, is_word)` of each name in `text[start:end]`, the longest at
        each place, left to right, not overlapping. `is_word` marks what may as well be an
        ordinary word as it is written there.
        """
        tokens = [(m.start(), m.end(), m[0].casefold()) for m in _TOKEN.finditer(text, start, end)]
        at = 0
        while at < len(tokens):
            found = self._longest(text, tokens, at)
            if found is None:
                at += 1
                continue
            last, entry, is_word = found
            yield tokens[at][0], tokens[last][1], entry, is_word
            at = last + 1

    def _longest(
        self, text: str, tokens: list[tuple[int, int, str]], at: int
    ) -> tuple[int, Entry, bool] | None:
        key, best = "", None
        for index in range(at, min(at + _MAX_TOKENS, len(tokens))):
            start, end, token = tokens[index]
            if index > at and not _JOIN.fullmatch(text, tokens[index - 1][1], start):
                break
            key += "plus" if token == "+" else token  # noqa: S105 (a word of text)
            if key not in self.beginnings:
                break
            if key in self.names:
                entry, spelling = self.names[key]
                best = (index, entry, _ordinary(text[tokens[at][0] : end], spelling, entry))
            elif key in self.words:
                written = " ".join(text[tokens[at][0] : end].split())
                if written in self.word_forms:
                    best = (index, self.word_forms[written], True)
        return best


def joined(name: str) -> str:
    return "".join("plus" if word == "+" else word.casefold() for word in _TOKEN.findall(name))


@lru_cache(maxsize=4)
def gazetteer_of(registry: Registry) -> Gazetteer:
    """The compiled gazetteer of a registry, made once."""
    return Gazetteer(registry)


def _ordinary(name: str, spelling: str, entry: Entry) -> bool:
    """Whether a known name, as written, may as well be a common word: `math` for `MATH`."""
    if entry.kind in (NodeKind.SOURCE, NodeKind.MODEL):
        return name.islower() and spelling != name and " " not in name
    if any(c.isdigit() for c in name) or "_" in name:
        return len(name) < 3
    if spelling.isupper() and not name.isupper():
        return len(name) < 7
    if name.islower() or name[1:].islower():
        return name.casefold() != spelling.casefold()
    return len(name) < 2


def is_whole(plain: str, start: int, end: int) -> bool:
    """Whether the match is a whole written word, not a piece of a longer name."""
    before, after = plain[start - 1 : start], plain[end : end + 2]
    if before == "/" or after[:1] == "/":
        left = max(plain.rfind(" ", max(0, start - 60), start), plain.rfind("\n", 0, start)) + 1
        right = re.compile(r"\s|$").search(plain, end, end + 60)
        chunk = plain[left : right.start() if right else end + 60]
        return _ALTERNATIVES.fullmatch(chunk) is not None
    if before and ((before.isascii() and before.isalnum()) or before in "_/@#.~$"):
        return False
    if before == "-" and plain[start - 2 : start - 1].isalnum():
        return False
    if after[:1] and after[0].isascii() and (after[0].isalnum() or after[0] in "_/@~"):
        return False
    if after[:1] in (".", "-", "–") and after[1:].isascii() and after[1:2].isalnum():
        suffix = re.compile(r"[-–](\w+)").match(plain, end)
        return bool(suffix and suffix[1].casefold() in SUFFIXES)
    return True
