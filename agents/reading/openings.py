"""How the words can begin that a cue's pattern can begin with, so that a sentence without any
such word need not be searched. Reads the few forms of regular expression that cues use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

LENGTH: Final = 4
_WORD_HEAD: Final = re.compile(rf"\b\w{{1,{LENGTH}}}")
_ALIKE: Final = {0x130: "i", 0x131: "i", 0x17F: "s", 0x212A: "k"}  # one, to IGNORECASE
_ZERO_WIDTH: Final = ("(?=", "(?!", "(?<=", "(?<!")
_PLAIN_SET: Final = re.compile(r"\[(?:[a-zA-Z]+|[- ]+)\]")
_OPTIONAL: Final = re.compile(r"[?*]\??|\{0,\d*\}\??")
_QUANTIFIED: Final = re.compile(r"[?*+]\??|\{\d*,?\d*\}\??")


class _Unreadable(Exception):
    """The pattern can begin with more than plain letters."""


def word_heads(sentence: str) -> set[str]:
    """The first letters, one to `LENGTH`, of every word of the sentence, in lower case.

    >>> sorted(word_heads("Taken it."))
    ['i', 'it', 't', 'ta', 'tak', 'take']
    """
    heads = set(_WORD_HEAD.findall(sentence.translate(_ALIKE).lower()))
    return heads.union(*({head[:length] for head in heads} for length in range(1, LENGTH)))


def openings(pattern: str) -> frozenset[str] | None:
    """What `word_heads` of a sentence must share with the result for `pattern` to be able to
    match in it; None where that cannot be told.

    >>> sorted(openings(r"\\b(?:re-?mix|in|a\\s+copy)(?:es)?\\b") or ())
    ['a', 'in', 'ines', 're', 'remi']
    >>> openings(r"\\w+ed from") is None
    True
    """
    try:
        heads = {head for part in _alternatives(pattern) for head in _outer(part)}
    except _Unreadable:
        return None
    return frozenset(head.rstrip() for head in heads)


def _outer(part: str) -> set[str]:
    """What an alternative that begins at the border of a word can begin with."""
    first = next(_elements(part), ("", False))[0]
    heads = _heads(part) if first == r"\b" else set()
    if not heads or "" in heads or " " in heads:
        raise _Unreadable
    return heads


def _heads(part: str) -> set[str]:
    """Up to `LENGTH` letters with which a match can begin; a blank ends the word."""
    begun = {""}
    for element, optional in _elements(part):
        if element == r"\b":
            begun = {head if _is_done(head) or not head else head + " " for head in begun}
            continue
        try:
            nexts = _options(element) | ({""} if optional else set())
        except _Unreadable:
            if "" in begun:
                raise
            return {head if _is_done(head) else head + " " for head in begun}
        begun = {
            head if _is_done(head) else (head + following)[:LENGTH]
            for head in begun
            for following in nexts
        }
        if all(_is_done(head) for head in begun):
            break
    return begun


def _is_done(head: str) -> bool:
    return len(head) == LENGTH or head.endswith(" ")


def _options(element: str) -> set[str]:
    """What one element can begin with; a blank stands for the end of the word."""
    if element.startswith("("):
        inner = re.sub(r"^\((?:\?(?:-?i)?:)?", "", element)[:-1]
        return {head for part in _alternatives(inner) for head in _heads(part)}
    if element.startswith("["):
        if not _PLAIN_SET.fullmatch(element):
            raise _Unreadable
        return {letter.lower() if letter.isalpha() else " " for letter in element[1:-1]}
    if element == r"\s" or (not element[-1].isalnum() and element != "."):
        return {" "}
    if len(element) == 1 and element.isascii() and element.isalpha():
        return {element.lower()}
    raise _Unreadable


def _elements(pattern: str) -> Iterator[tuple[str, bool]]:
    """The elements of a pattern in order, and whether each may be missing; those that match
    nothing by themselves are left out, word borders apart.
    """
    at = 0
    while at < len(pattern):
        end = _end_of(pattern, at)
        element = pattern[at:end]
        quantifier = _QUANTIFIED.match(pattern, end)
        optional = _OPTIONAL.match(pattern, end) is not None
        at = quantifier.end() if quantifier else end
        if not element.startswith(_ZERO_WIDTH):
            yield element, optional


def _end_of(pattern: str, at: int) -> int:
    """Where the element that begins at `at` ends."""
    if pattern[at] == "\\":
        return at + 2
    if pattern[at] == "[":
        return pattern.index("]", at + 2) + 1
    if pattern[at] != "(":
        return at + 1
    depth = 0
    while at < len(pattern):
        if pattern[at] in "\\[":
            at = _end_of(pattern, at)
            continue
        depth += (pattern[at] == "(") - (pattern[at] == ")")
        at += 1
        if depth == 0:
            return at
    raise _Unreadable


def _alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern at its outermost level."""
    parts, start, at = [], 0, 0
    while at < len(pattern):
        if pattern[at] == "|":
            parts.append(pattern[start:at])
            start = at = at + 1
        else:
            at = _end_of(pattern, at)
    return [*parts, pattern[start:]]
