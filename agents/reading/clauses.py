"""One sentence: which cue governs which name, and what that makes of it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from agents.reading import cues
from agents.reading.cues import Hit, Side, Strength
from agents.reading.mention import Mention, Sure
from agents.reading.sections import Section
from lineage.model import NodeKind, Relation, Role

HOSTS: Final = frozenset({"github", "kaggle"})
WINDOW: Final = 900  # characters; no cue reaches further
CONFIGURED: Final = 0.35  # a config or script bears the name of a known dataset
CONFIDENCE: Final = {
    Strength.STRONG: 0.85,  # "derived from X", "a subset of X"
    Strength.FAIR: 0.7,  # "based on X", "questions from X"
    Strength.WEAK: 0.5,  # "contains X", "using X": right for about half of the names
}

_COLON = re.compile(r"[:：](?!//)")

_BY_MEANS = re.compile(r"\b(?:using|with|via|by|through)\s+(?:the\s+)?$", re.IGNORECASE)

_DATA = re.compile(r"\b(?:data ?sets?|corpus|corpora|benchmarks?|data)\b", re.IGNORECASE)

_INCLUDING = re.compile(
    r"(?:\b(?:including|includes?|such as|like|namely|e\.g\.,?|:)|[:：(])\s*(?:the\s+)?$",
    re.IGNORECASE,
)

_OWNER = re.compile(r"(?:['’]s)?\s+(?!API\b)[A-Z][\w-]+")

_VERB_BETWEEN = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|will|would|may|must|should)\b"
)

_CONFIG_WORD = re.compile(
    r"['\"`]*\s+(?:config(?:uration)?s?\b|(?:data ?set\s+)?(looks|is\s+as\s+follows))"
)

_PARTS_OF = re.compile(
    r"(?:,?\s*(?:and\s+|or\s+)?[A-Z][\w-]+){0,3}\s+(?:subsets?|splits?|portions?|sections?|parts?|configs?)\s+(?:of|from|in)\s+(?:the\s+)?[A-Z]"
)

_BARRIER = re.compile(r";|\b(?:but|while|whereas|however|although)\b", re.IGNORECASE)

_LIST_JOIN = re.compile(
    r"^(?:['’]s)?(?:\s*\([^()]{0,200}\))?"
    r"(?:\s+(?:data ?sets?|corpus|corpora|benchmarks?|collections?|data))?"
    r"[\s,;/&+()\[\]\d.%~kKmM:|\"'“”-]*"
    r"(?:and|or|as well as|plus|the|with|both|then|und|et|和|、|，|以及|与)?"
    r"[\s,/&+()\[\]\"'“”]*(?:the|our|its)?\s*$",
    re.IGNORECASE,
)
_LOOSE_JOIN = re.compile(
    r"^[\s)\]]*(?:,|;|\band\b|,\s*and\b)\s*(?:[a-z-]{2,20}\s+){0,4}?"
    r"(?:data ?sets?|corpus|corpora|data)?\s*\(?$"
)


Decision = tuple[Mention, Role, Relation, float]
"""A name, what it is to the child, and how sure that is."""


class Sentence:
    """One sentence and the names in it."""

    def __init__(self, text: str, spots: list[tuple[int, int, Mention]], section: Section) -> None:
        self.text, self.spots, self.section = text, spots, section
        self.hits = sorted(cues.hits(text), key=lambda hit: (hit.end, hit.cue.strength, -hit.start))
        self.ends = [hit.end for hit in self.hits]
        self.teacher: list[Hit] | None = None

    def decide(self) -> list[Decision]:
        """The claims of this sentence."""
        out: list[Decision] = []
        for run in self._runs():
            anchor, tail = run[0][0], run[-1][1]
            models = any(m.kind is NodeKind.MODEL for _, _, m in run)
            for start, end, mention in run:
                if models and mention.sure is Sure.SHAPE and mention.entry is None:
                    continue  # listed among models, so most likely one
                if mention.kind is NodeKind.MODEL:
                    decided = self._teacher(start)
                else:
                    company = any(m.sure >= Sure.KNOWN for _, _, m in run)
                    decided = self._role(end, anchor, tail, mention, company=company)
                if decided is not None:
                    out.append((mention, *decided))
        return out

    @cached_property
    def relation(self) -> Relation:
        """What the sentence's words make of a cue that says no more than derivation."""
        return cues.relation_in(self.text, Relation.DERIVATION)

    def _runs(self) -> list[list[tuple[int, int, Mention]]]:
        """The names grouped into enumerations (`A, B and C`)."""
        runs: list[list[tuple[int, int, Mention]]] = []
        for spot in self.spots:
            if runs and self._joined(runs[-1][-1][1], spot[0]):
                runs[-1].append(spot)
            else:
                runs.append([spot])
        return runs

    def _joined(self, end: int, start: int) -> bool:
        """Whether the names before `end` and from `start` on are of one enumeration."""
        between = self.text[max(end, 0) : start]
        if _LIST_JOIN.match(between):
            return True
        return _LOOSE_JOIN.match(between) is not None and not any(
            end <= h.start and h.end <= start and h.cue.strength >= Strength.FAIR for h in self.hits
        )

    def _teacher(self, start: int) -> tuple[Role, Relation, float] | None:
        if self.teacher is None:
            self.teacher = cues.hits(self.text, cues.TEACHING)
        if any(h.end <= start and start - h.end <= 60 for h in self.teacher):
            training = [h for h in self.hits if h.cue.relation is Relation.TRAINING]
            if any(h.start <= start for h in training):
                return None
            if self.section in (Section.EVALUATION, Section.RELATED):
                return None
            relation = self.relation
            if relation is Relation.DERIVATION:
                relation = Relation.REGENERATION
            return Role.TEACHER, relation, CONFIDENCE[Strength.FAIR]
        return None

    def _role(
        self, end: int, anchor: int, tail: int, mention: Mention, *, company: bool
    ) -> tuple[Role, Relation, float] | None:
        if _PARTS_OF.match(self.text, tail):
            return None
        if mention.kind is NodeKind.SOURCE and _OWNER.match(self.text, end):
            return None  # `Google's Natural Questions`, `BBC Hindi headlines`
        if match := _CONFIG_WORD.match(self.text, end):
            if mention.sure < Sure.KNOWN or match[1]:
                return None
            return Role.INCLUDED, Relation.MIXTURE, CONFIGURED
        hit = self._suffix(end) or self._governing(anchor, tail)
        if hit is None or hit.cue.role is None:
            return None
        if self._negated(hit):
            if hit.cue.role is Role.INCLUDED:
                return Role.COMPARED, Relation.DERIVATION, CONFIDENCE[Strength.FAIR]
            return None
        if hit.cue.role is Role.INSPIRED and "seed" in self.text[anchor:end].casefold():
            return Role.INCLUDED, Relation.SYNTHESIS, CONFIDENCE[Strength.FAIR]
        if hit.cue.role is not Role.INCLUDED:
            return hit.cue.role, hit.cue.relation, CONFIDENCE[hit.cue.strength]
        if not self._allowed(hit, mention, anchor, company):
            return None
        general = hit.cue.relation is Relation.DERIVATION
        relation = self.relation if general else hit.cue.relation
        return Role.INCLUDED, relation, CONFIDENCE[hit.cue.strength]

    def _allowed(self, hit: Hit, mention: Mention, anchor: int, company: bool) -> bool:
        strength = hit.cue.strength
        if mention.entry is not None and mention.entry.id in HOSTS and strength < Strength.STRONG:
            return False  # more likely where files lie than where rows come from
        if (
            strength is Strength.WEAK
            and mention.name.islower()
            and not mention.marked
            and mention.name.isalpha()
            and "(" not in self.text[anchor - 1 : anchor]
        ):
            return False  # as likely the common word
        if mention.sure < Sure.KNOWN and cues.SOFTWARE.search(self.text, 0, max(hit.end, 1)):
            return False
        named = (
            mention.sure >= Sure.NAMED
            or (company and strength >= Strength.FAIR)
            or (
                mention.id is not None
                and _DATA.search(self.text, 0, hit.end) is not None
                and _BY_MEANS.search(self.text, hit.start, anchor) is None
            )
        )
        if self.section in (Section.EVALUATION, Section.RELATED, Section.ASIDE):
            return strength is Strength.STRONG and named
        if strength is Strength.WEAK:
            return mention.sure >= Sure.KNOWN or (named and self.section is Section.SOURCES)
        if named:
            return True
        between = self.text[hit.end : anchor]
        if (
            strength is Strength.FAIR
            and mention.entry is None
            and not _ends_in_from(self.text, hit)
        ):
            return False
        return len(between.split()) <= 2 or _INCLUDING.search(between) is not None

    def _suffix(self, end: int) -> Hit | None:
        rest = self.text[end : end + 60]
        for cue in cues.ADJACENT:
            if match := cue.pattern.match(rest):
                return Hit(end, end + match.end(), cue)
        return None

    def _governing(self, anchor: int, tail: int) -> Hit | None:
        """The cue that says what the names between `anchor` and `tail` are: the nearest
        firm one before them, else after them, else the nearest weak one.
        """
        following = self._following(tail)
        if removed := [h for h in following if h.cue.role is Role.REMOVED]:
            return removed[0]
        nearest = next(self._preceding(anchor, Strength.FAIR), None)
        if nearest is not None:
            return self._strongest(nearest, anchor)
        if firm := [h for h in following if h.cue.strength >= Strength.FAIR]:
            return firm[0]
        return next(self._preceding(anchor, Strength.WEAK), None) or next(iter(following), None)

    def _preceding(self, anchor: int, least: Strength) -> Iterator[Hit]:
        """Cues before `anchor` that reach it, the nearest first; of two that end together
        the stronger first.
        """
        for index in range(bisect_right(self.ends, anchor) - 1, -1, -1):
            hit = self.hits[index]
            if anchor - hit.end > WINDOW:
                return
            side, strength = hit.cue.side, hit.cue.strength
            if side is Side.AFTER and strength >= least and self._reaches(hit, anchor):
                yield hit

    def _following(self, tail: int) -> list[Hit]:
        """Cues for names before them that reach back to `tail`."""
        found = []
        for index in range(bisect_left(self.ends, tail), len(self.hits)):
            hit = self.hits[index]
            if hit.end - tail > WINDOW:
                break
            if hit.cue.side is Side.BEFORE and 0 <= hit.start - tail <= hit.cue.reach:
                found.append(hit)
        return found

    def _strongest(self, nearest: Hit, anchor: int) -> Hit | None:
        """Of the cues around the nearest firm one, the one that says most."""
        same = [nearest]
        for hit in self._preceding(anchor, Strength.FAIR):
            if nearest.cue.role is not Role.INCLUDED and hit.cue.role is Role.REMOVED:
                return hit
            if hit.cue.role is nearest.cue.role and hit.end > nearest.end - 60:
                same.append(hit)
            if nearest.cue.role is Role.INCLUDED and hit.end <= nearest.end - 60:
                break
        if nearest.cue.role is Role.INCLUDED and self._is_of_training(nearest):
            return None
        return max(same, key=lambda hit: (hit.cue.strength, hit.end))

    def _is_of_training(self, hit: Hit) -> bool:
        """Whether the cue says what a model was trained on."""
        for index in range(bisect_right(self.ends, hit.start) - 1, -1, -1):
            if hit.start - self.hits[index].end >= 60:
                return False
            if self.hits[index].cue.relation is Relation.TRAINING:
                return True
        return False

    def _reaches(self, hit: Hit, anchor: int) -> bool:
        """Whether a cue's words still govern a name that begins at `anchor`."""
        if anchor - hit.end > 4 * hit.cue.reach:
            return False
        between = self.text[hit.end : anchor]
        reach = hit.cue.reach if not _COLON.search(between[:60]) else 4 * hit.cue.reach
        if len(between) > reach or _BARRIER.search(between):
            return False
        if hit.cue.role is not Role.INCLUDED or reach > hit.cue.reach:
            return True
        if _VERB_BETWEEN.search(between):
            return False
        given = any(m.sure is Sure.GIVEN for start, _, m in self.spots if start == anchor)
        return not any(  # another name already took the place behind the cue
            hit.end <= start < anchor
            and start - hit.end <= 30
            and anchor - end > (60 if given else 12)
            for start, end, _ in self.spots
        )

    def _negated(self, hit: Hit) -> bool:
        return cues.NEGATION.search(self.text, max(0, hit.start - 40), hit.start) is not None


def _ends_in_from(sentence: str, hit: Hit) -> bool:
    return hit.cue.strength is Strength.FAIR and sentence[: hit.end].endswith(" from")
