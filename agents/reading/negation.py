"""Whether a sentence denies what its cue says of a name: `we did not use X`, `no rows of X`."""

from __future__ import annotations

import re
from typing import Final

_CLAUSE: Final = re.compile(
    r"[;:：—]|,\s*(?:but|and|so|yet|or|which|who|where|we|it|they|this|the)\b|"
    r"\b(?:but|because|since|while|whereas|although|though|however|instead|therefore|unless|"
    r"until|when|if|after|before)\b",
    re.IGNORECASE,
)
"""Where another clause begins: a denial before it is of something else."""

_NO: Final = re.compile(
    r"(?:\b(?:no(?!\s+(?:longer|more|less|fewer|later|doubt|matter|change|modif|alter|edit|filter|"
    r"process|preproc|post-?proc|clean|licen|particular|other|addition|further|extra|need|human|"
    r"manual|overlap|duplicat|direct\s+link))|none|nothing|neither|nor|zero|free\s+(?:of|from)|"
    r"independent(?:ly)?\s+(?:of|from)|unrelated\s+to|nowhere)\b)"
    r"(?:\s+[\w'’%-]+){0,6}?[\s\"'“`(\[]*$"
    r"|\bnot(?:\s+(?:from|of|on|in|with|using|the|any|part)){1,3}\s*$",
    re.IGNORECASE,
)
"""A negative word that reaches the name with nothing but words between."""

_NOT: Final = re.compile(
    r"(?:\b(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|should|may|might|"
    r"must)(?:\s+\w+){0,1}?\s+(?:not|never)\b|n['’]t\b|\b(?:cannot|never|no\s+longer)\b|"
    r"\b(?:refrain\w*|abstain\w*)\s+from\b|\bavoid(?:s|ed|ing)?\b|\bdecided\s+against\b)"
    r"(?!\s+(?:only|just|merely|simply|solely|exclusively|necessarily|limited|restricted|yet))",
    re.IGNORECASE,
)
"""A denied verb; `not only` denies nothing."""

_NEW_VERB: Final = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|will|would|should|that|which|who)\b",
    re.IGNORECASE,
)

_BARE_NOT: Final = re.compile(
    r"(?:\b(?:not(?!\s+(?:only|just|merely|simply|solely))|never|neither|nor|without)\b"
    r"(?:\s+\w+){0,3}|[不没未]\S{0,2})\s*$",
    re.IGNORECASE,
)

_USED: Final = (
    r"(?:used|utili[sz]ed|included|contained|part|among|added|considered|touched|sampled|taken|"
    r"employed|incorporated|merged|mixed|selected|chosen|present|represented|kept|seen|copied|"
    r"consulted|drawn|reused|involved|available|in\b|from\b|a\s+(?:source|part|subset)|"
    r"one\s+of|the\s+source)"
)
_BEHIND: Final = re.compile(
    r"[)\]\"'’”`s]{0,3}(?:\s*\([^()]{0,80}\))?"
    r"(?:\s+(?:data|data ?sets?|corpus|corpora|sets?|splits?|questions?|rows?|test|train|training|"
    r"examples?|problems?|samples?|itself|themselves|benchmark|collection|texts?)){0,3}"
    r"\s*,?\s*(?:which\s+|that\s+|and\s+[\w-]+\s+)?"
    r"(?:(?:is|are|was|were|has|have|had|will|would|could|can)(?:\s+been|\s+be)?\s+(?:\w+ly\s+)?"
    r"(?:not|never|neither)(?!\s+(?:only|just|merely|simply|solely))|"
    r"(?:is|are|was|were|has|have|had|could|would)n['’]t|"
    r"(?:do|does|did)\s*(?:not|n['’]t)\s+(?=appear|occur|feature|enter|figure|form|belong|make))"
    r"(?:\s+(?:been|be|\w+ly))*\s+(?:" + _USED + r"|appear|occur|feature|enter|figure|form|belong|"
    r"make)",
    re.IGNORECASE,
)
"""`X was not used`, `X, which is not part of ...`: what follows the name denies it."""

_TURNED_DOWN: Final = re.compile(
    r"\b(?:but|yet|however|and|though|only\s+to)\b[^.;]{0,60}?\b(?:decid\w+\s+(?:against|not)|"
    r"(?:chose|opted|elected|preferred)\s+(?:against|not)|(?:reject|discard|dropp|abandon)\w*\s+"
    r"(?:it|them|this|that|these|the\s+idea)|(?:left|leave|ruled?|turned?|took|taken)\s+(?:it|them)"
    r"\s+(?:out|down)|(?:did|do|could)\s*(?:not|n['’]t)\s+(?:use|include|add|keep|adopt|take|end\s+up)"
    r"\s*(?:it|them|this|that|these|[.,]|$))",
    re.IGNORECASE,
)
"""`we considered X, but decided against it`."""


def denied(text: str, cue_start: int, anchor: int, tail: int) -> bool:
    """Whether the words before, between or behind deny what the cue at `cue_start` says of
    the names between `anchor` and `tail`.

    >>> denied("We did not use SQuAD.", 3, 15, 20)
    True
    >>> denied("It is taken not only from SQuAD.", 6, 26, 31)
    False
    """
    if _BEHIND.match(text, tail) or _TURNED_DOWN.search(text, tail, tail + 160):
        return True
    begin = _clause_start(text, anchor)
    before = text[begin:anchor]
    if _NO.search(before):
        return True
    if _BARE_NOT.search(text, max(begin, cue_start - 40), cue_start):
        return True
    found = [match.end() for match in _NOT.finditer(before)]
    return bool(found) and _NEW_VERB.search(before, found[-1]) is None


def _clause_start(text: str, anchor: int) -> int:
    """Where the clause that leads to `anchor` begins: behind the last border before it."""
    low = max(0, anchor - 300)
    return max((match.end() for match in _CLAUSE.finditer(text, low, anchor)), default=low)


def barely_denied(text: str, cue_start: int) -> bool:
    """Whether a negative word stands right before the cue: `not inspired by`."""
    return _BARE_NOT.search(text, max(0, cue_start - 40), cue_start) is not None
