"""What a cue is: words that say what one dataset is to another.

Each cue is a pattern with a role, a relation, the side on which the parent stands, and a
strength. English mainly, with the commonest Chinese ones. Patterns are short, anchored on
words, and bounded, so a sentence costs time linear in its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from agents.reading.openings import openings
from lineage.model import Relation, Role


class Side(StrEnum):
    """Where the parent stands, seen from the cue."""

    AFTER = "after"
    BEFORE = "before"


class Strength(IntEnum):
    """How much the cue says by itself. WEAK needs a name that is surely a dataset's."""

    WEAK = 1
    FAIR = 2
    STRONG = 3


@dataclass(frozen=True, slots=True)
class Cue:
    """One pattern and what it says."""

    pattern: re.Pattern[str]
    role: Role | None  # None: the sentence is about something else (a model's training)
    relation: Relation
    side: Side = Side.AFTER
    strength: Strength = Strength.STRONG
    reach: int = 160  # characters between cue and name
    openings: frozenset[str] | None = None  # see `agents.reading.openings`
    noun: bool = False  # a noun phrase: a verb before it in the clause says what befalls it


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue found in a sentence, at these offsets."""

    start: int
    end: int
    cue: Cue


def cue(
    pattern: str,
    role: Role | None,
    relation: Relation,
    strength: Strength = Strength.STRONG,
    side: Side = Side.AFTER,
    reach: int = 160,
    *,
    noun: bool = False,
) -> Cue:
    """A cue from a pattern that ignores case."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return Cue(compiled, role, relation, side, strength, reach, openings(pattern), noun)
