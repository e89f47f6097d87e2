"""Which split or config of a dataset a text names beside it: `GSM8K (test)`, `the train set of`."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = r"(?:train(?:ing)?|tests?|dev(?:el(?:opment)?)?|valid(?:ation)?|val)"
_MARK: Final = r"[\s\"'`“”*_]"
_ALSO: Final = rf"(?:{_MARK}*(?:,|/|&|\+|and|or){_MARK}*{_WORD}{_MARK}*){{0,2}}"
_PART: Final = (
    r"(?:sets?|splits?|partitions?|portions?|parts?|sections?|subsets?|folds?|data|examples?|samples?|"
    r"questions?|problems?|instances?|items?|rows?|prompts?|sentences?|images?|passages?|queries|"
    r"pairs|documents?|articles?)"
)
_PARTS: Final = r"(?:sets|splits|partitions|portions|parts|sections|subsets|folds)"
_BEFORE: Final = re.compile(
    rf"(?<![\w-])({_WORD}{_MARK}*{_ALSO})[\s-]+{_PART}{_MARK}*(?:\([^()]{{0,40}}\)\s*)?"
    rf"(?:of|from|in){_MARK}+(?:(?:the|both|all|original|english){_MARK}+){{0,2}}[\[\"'`*_]*$",
    re.IGNORECASE,
)
"""`the train and test splits of X`; the text that is searched ends where the name begins."""

_SHARED: Final = re.compile(
    rf"(?<![\w-])({_WORD}{_MARK}*{_ALSO})[\s-]+{_PARTS}\s+(?:of|from|in)\s+"
    r"(?:(?!\b(?:on|from|of|in|with|to|by|is|are|was|were)\b)[^.;|()]){2,120}?"
    r"(?:,|\band\b|&)[\s\"'`“*_\[]*(?:the\s+)?[\[\"'`*_]*$",
    re.IGNORECASE,
)
"""`the test sets of A and X`: a plural is shared by all of an enumeration."""

_BEHIND: Final = re.compile(
    r"[\]\"'`*_]{0,3}(?:\([^()\s]{4,300}\))?['’]?s?"
    rf"(?:(?:\s+data\s?set|\s+benchmark|\s+corpus)?(?:['’]s)?[\s\-/:]+{_MARK}*(?:(?:official|public|"
    rf"original|full)\s+)?({_WORD}{_MARK}*{_ALSO})[\s-]*(?:{_PART})\b"
    rf"|-({_WORD})\b(?![-\w])"
    rf"|\s+({_WORD})(?=\s*(?:[.,;:)|]|$))"
    rf"|(?:\s+data\s?set|\s+benchmark|\s+corpus)?,?\s*[(\[]{_MARK}*(?:the\s+|only\s+)*({_WORD}{_MARK}*{_ALSO})(?:[\s-]*{_PART})?{_MARK}*(?:only)?"
    rf"{_MARK}*[)\]]"
    rf"|,\s+(?:the\s+|only\s+)*({_WORD})(?:\s+(?:sets?|splits?))?(?:\s+only)?\s*(?=[|,.;)]|$))",
    re.IGNORECASE,
)
"""`X train set`, `X's test split`, `X-test`, `X (train)`, `X, train`."""

_NAMED_CONFIG: Final = re.compile(
    r"(?:^|[\s(])`([\w.-]{2,60})`\s+(?:config(?:uration)?|subset|portion)\s+(?:of|from)\s+"
    r"(?:the\s+)?[\[\"'`*_]*$",
    re.IGNORECASE,
)
_CONFIG_BEHIND: Final = re.compile(
    r"[\]\"'`*_]{0,3}(?:\([^()\s]{4,300}\))?\s+\(?(?:config(?:uration)?\s+`?([\w.-]{2,60})`?\)|"
    r"(?:the\s+)?`([\w.-]{2,60})`\s+config(?:uration)?\b)",
    re.IGNORECASE,
)
_SPLITS: Final = (
    (re.compile(r"train", re.IGNORECASE), "train"),
    (re.compile(r"dev|val", re.IGNORECASE), "validation"),
    (re.compile(r"test", re.IGNORECASE), "test"),
)
REACH: Final = 120  # characters on either side that are looked at


def splits_beside(text: str, start: int, end: int, low: int, high: int) -> tuple[str, ...]:
    """The splits that `text[low:high]` names right beside the name `text[start:end]`; none
    where none is named. `dev` and `val` are `validation`.

    >>> said = "the train and test splits of GSM8K"
    >>> splits_beside(said, 29, 34, 0, 34)
    ('train', 'test')
    >>> splits_beside("GSM8K (test)", 0, 5, 0, 12)
    ('test',)
    """
    before = _BEFORE.search(text[max(low, start - REACH) : start])
    behind = _BEHIND.match(text[end : min(high, end + 3 * REACH)])
    before = before or _SHARED.search(text[max(low, start - 2 * REACH) : start])
    words = before[1] if before else ""
    if behind:
        words = next(group for group in behind.groups() if group)
    return tuple(name for pattern, name in _SPLITS if pattern.search(words))


def config_beside(text: str, start: int, end: int, low: int, high: int) -> str | None:
    """The config, in code font, that the text names right beside the name; else None.

    >>> config_beside("the `main` config of GSM8K", 21, 26, 0, 26)
    'main'
    """
    if before := _NAMED_CONFIG.search(text[max(low, start - REACH) : start]):
        return None if _word_of_split(before[1]) else before[1]
    if behind := _CONFIG_BEHIND.match(text[end : min(high, end + 3 * REACH)]):
        name = behind[1] or behind[2]
        return None if _word_of_split(name) else str(name)
    return None


def _word_of_split(name: str) -> bool:
    return re.fullmatch(_WORD, name, re.IGNORECASE) is not None
