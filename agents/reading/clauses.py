"""One sentence: which cue governs which name, and what that makes of it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

from agents.reading import cues
from agents.reading.cues import Hit, Side, Strength
from agents.reading.mention import Mention, Sure
from agents.reading.negation import barely_denied, denied
from agents.reading.sections import Section
from agents.reading.teaching import teaches, work_of
from lineage.model import NodeKind, Relation, Role

HOSTS: Final = frozenset({"github", "kaggle"})
WINDOW: Final = 900  # characters; no cue reaches further
NEAR: Final = 15  # characters from a cue within which an unknown word counts as a name
CONFIGURED: Final = 0.35  # a config or script bears the name of a known dataset
CONFIDENCE: Final = {
    Strength.STRONG: 0.85,  # "derived from X", "a subset of X"
    Strength.FAIR: 0.7,  # "based on X", "questions from X"
    Strength.WEAK: 0.5,  # "contains X", "using X": right for about half of the names
}

_COLON = re.compile(r"[:：](?!//)")

_ANNOUNCED = re.compile(r"\s*(?:of\s+|from\s+)?(?:the\s+)?(?:following|below)\b", re.IGNORECASE)

_BY_MEANS = re.compile(r"\b(?:using|with|via|by|through)\s+(?:the\s+)?$", re.IGNORECASE)

_BY_TOOL = re.compile(
    r"\b(?:using|via|by|with)\s+(?:[\w-]+\s+){0,4}?(?:classifiers?|models?|tools?|scripts?|heuristics?|"
    r"detectors?|pipelines?|library|toolkits?)\b",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"\b(?:generat|synthe|distil|respon[sd]|answer|complet|output)", re.IGNORECASE
)
_WITH = re.compile(r"\b(?:using|with|from)\s+(?:the\s+|all\s+)*$", re.IGNORECASE)

_TOOL_USE = re.compile(
    r"\b(?:using|via|by\s+means\s+of|with\s+the\s+help\s+of|with\s+\w+\s+in)\s+(?:the\s+)?$",
    re.IGNORECASE,
)

_DATA = re.compile(r"\b(?:data ?sets?|corpus|corpora|benchmarks?|data)\b", re.IGNORECASE)

_INCLUDING = re.compile(
    r"(?:\b(?:including|includes?|such as|like|namely|e\.g\.,?|:)|[:：(])\s*(?:the\s+)?$",
    re.IGNORECASE,
)

_BY = re.compile(r"\s+by\s+(?:the\s+)?$")

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

_NEW_SUBJECT = re.compile(
    r",\s*(?:the|all|any|some|these|those|such|we|it|they)\b|(?:[,;]\s*(?:and|then|but|while|from\s+which|where|so|we|which)?|\b(?:and|then|but|while|so|after))"
    r"\s+(?:the\s+|all\s+|any\s+|some\s+)?(?:[\w-]+\s+){0,4}?(?:duplicates?|rows?|samples?|examples?|"
    r"questions?|problems?|entries|items?|texts?|documents?|instances?|those|they|it|others?|errors?|"
    r"noise|responses?|answers?|pages?|posts?|conversations?|sentences?|pairs?|images?|\w+s)\b"
)

_RESTART = re.compile(
    r",\s*(?:we|the|this|it|i|they|our|which|yielding|resulting|leaving|giving|producing|leading|"
    r"and\s+(?:then\s+)?\w+(?:ed|ing)?)\b|\b(?:is|are|was|were)\s+(?:an?\s+|the\s+)?(?:\w+\s+){0,3}$|\bto\s+(?:get|obtain|create|build|form|produce|yield|leave)\b",
    re.IGNORECASE,
)
"""Words after which an earlier verb governs no more."""

_CONCEDES = re.compile(
    r"(?:^|[.;]\s+)(?:While|Whereas|Although|Though|Unlike|In contrast to)\s+"
    r"(?!(?:this|our|the\s+(?:present|current)|the\s+data|it\b|we\b|its\b|i\b|they\b|most|some|all|many)\b)",
    re.IGNORECASE,
)

_INPUTS = re.compile(
    r"(?:['’]s)?\s+(?:(?:original|seed)\s+)?(?:prompts?|instructions?|questions?|queries|inputs?)\b(?!\s+(?:template|format|style|engineering))",
    re.IGNORECASE,
)
"""`using X prompts`: the prompts of X are in it, whatever the answers are."""

_LIST_JOIN = re.compile(
    r"^(?:['’]s)?(?:\s*\([^()]{0,200}\))?"
    r"(?:\s+(?:data ?sets?|corpus|corpora|benchmarks?|collections?|data))?"
    r"[\s,;/&+()\[\]\d.%~kKmM:|\"'“”-]*"
    r"(?:(?:and|or|as well as|plus)(?:\s+(?:with|from|on|of|in|against|by|for))?|the|with|both|"
    r"then|nor|und|et|和|、|，|以及|与)?"
    r"[\s,/&+()\[\]\"'“”]*(?:the|our|its)?\s*$",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r"\b(?:not|never|without|unlike|except|excluding|instead|rather|but|than|while)\b",
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
                    decided = self._teacher(start, end)
                else:
                    company = any(m.sure >= Sure.KNOWN for _, _, m in run)
                    decided = self._role(end, anchor, tail, mention, company=company)
                if decided is not None:
                    out.append((mention, *decided))
        return out

    def _relation(self, hit: Hit) -> Relation:
        """What the words of the cue, else of the sentence, make of the relation."""
        said = self.text[hit.start : hit.end]
        return cues.relation_in(self.text, hit.cue.relation, said)

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
        if _CONTRAST.search(between):
            return False
        return _LOOSE_JOIN.match(between) is not None and not any(
            end <= h.start and h.end <= start and h.cue.strength >= Strength.FAIR for h in self.hits
        )

    def _teacher(self, start: int, end: int) -> tuple[Role, Relation, float] | None:
        if self.section in (Section.EVALUATION, Section.RELATED):
            return None
        if not teaches(self.text, start, end):
            return None
        if any(h.start <= start for h in self.hits if h.cue.relation is Relation.TRAINING):
            return None
        return Role.TEACHER, work_of(self.text, start, end), CONFIDENCE[Strength.FAIR]

    def _role(
        self, end: int, anchor: int, tail: int, mention: Mention, *, company: bool
    ) -> tuple[Role, Relation, float] | None:
        if self._is_aside(end, anchor, tail, mention):
            return None
        if match := _CONFIG_WORD.match(self.text, end):
            if mention.sure < Sure.KNOWN or match[1]:
                return None
            return Role.INCLUDED, Relation.MIXTURE, CONFIGURED
        if (
            mention.entry is not None
            and _INPUTS.match(self.text, end)
            and _WITH.search(self.text, max(0, anchor - 40), anchor)
            and _ANSWERED.search(self.text)
        ):
            return Role.INCLUDED, Relation.REGENERATION, CONFIDENCE[Strength.FAIR]
        hit = self._suffix(end) or self._governing(anchor, tail)
        if hit is not None and hit.cue is cues.SEE:
            hit = self._idea_before(hit)
        if hit is None or hit.cue.role is None:
            return None
        if hit.cue.role is not Role.INCLUDED:
            vague = mention.sure is Sure.SHAPE and mention.entry is None and not company
            if vague and abs(anchor - hit.end) > NEAR:
                return None
            return self._apart(hit, mention, anchor, end)
        if denied(self.text, hit.start, anchor, tail):
            return None
        if self._of_another(hit):
            return Role.COMPARED, Relation.DERIVATION, CONFIDENCE[Strength.WEAK]
        if not self._allowed(hit, mention, anchor, company):
            return None
        return Role.INCLUDED, self._relation(hit), CONFIDENCE[hit.cue.strength]

    def _apart(
        self, hit: Hit, mention: Mention, anchor: int, end: int
    ) -> tuple[Role, Relation, float] | None:
        """What a cue of another role than inclusion makes of a name."""
        role, sure = hit.cue.role, CONFIDENCE[hit.cue.strength]
        assert role is not None
        if barely_denied(self.text, hit.start):
            return None
        if role is Role.INSPIRED:
            if "seed" in self.text[anchor:end].casefold():
                return Role.INCLUDED, Relation.SYNTHESIS, CONFIDENCE[Strength.FAIR]
            if cues.FORMAL.search(self.text, min(hit.start, anchor), end + 25):
                return None
        if role is Role.REMOVED:
            if _BY_TOOL.search(self.text, hit.start, max(hit.start, anchor)):
                return None
            if hit.cue is cues.EXCEPTION and cues.SPARED.search(self.text, 0, hit.start):
                return Role.INCLUDED, Relation.DERIVATION, sure
            if _TOOL_USE.search(self.text, max(0, anchor - 40), anchor) or (
                mention.entry is None and _on_github(mention)
            ):
                return None  # a tool
            if hit.cue is cues.OVERLAP and not cues.TAKEN_OUT.search(self.text):
                return Role.COMPARED, Relation.DERIVATION, CONFIDENCE[Strength.WEAK]
        return role, hit.cue.relation, sure

    def _is_aside(self, end: int, anchor: int, tail: int, mention: Mention) -> bool:
        """Whether the name only tells whose or which part the thing named is."""
        if _PARTS_OF.match(self.text, tail):
            return True
        if mention.kind is NodeKind.SOURCE and _OWNER.match(self.text, end):
            return True  # `Google's Natural Questions`, `BBC Hindi headlines`
        return self._is_maker(anchor, mention)

    def _is_maker(self, anchor: int, mention: Mention) -> bool:
        """Whether the name is of who made the dataset named before it: `X by Y`."""
        by = _BY.search(self.text, 0, anchor)
        known = mention.entry is not None and mention.kind is not NodeKind.SOURCE
        return by is not None and not known and any(end == by.start() for _, end, _ in self.spots)

    def _idea_before(self, see: Hit) -> Hit | None:
        """What an idea was said to be from, where `see` points to it: `due to X; see [link]`."""
        ideas = [h for h in self.hits if h.cue.role is Role.INSPIRED and h.end <= see.start]
        return ideas[-1] if ideas and see.start - ideas[-1].end < 60 else None

    def _of_another(self, hit: Hit) -> bool:
        """Whether a concession (`While X has ...,`) about something else holds the cue."""
        return any(
            match.start() <= hit.start < _end_of_clause(self.text, match.end())
            for match in _CONCEDES.finditer(self.text, 0, hit.start)
        )

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
        for hit in following:
            aside = hit.cue.role is None and hit.cue.strength is Strength.STRONG
            if (aside or hit.cue.role is Role.REMOVED) and self._same_subject(tail, hit):
                return hit
        nearest = next(self._preceding(anchor, Strength.FAIR), None)
        if nearest is not None:
            return self._strongest(nearest, anchor)
        if firm := [h for h in following if h.cue.strength >= Strength.FAIR]:
            return firm[0]
        return next(self._preceding(anchor, Strength.WEAK), None) or next(iter(following), None)

    def _same_subject(self, tail: int, hit: Hit) -> bool:
        """Whether a verb behind the names is theirs: no other subject stands between."""
        return _NEW_SUBJECT.search(self.text[tail : hit.start]) is None

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
        if nearest.cue.role is Role.REMOVED:
            for hit in self.hits:
                if hit.end <= nearest.start and self._announces(hit, nearest, anchor):
                    return hit
        for hit in self._preceding(anchor, Strength.FAIR):
            if nearest.cue.role is not Role.INCLUDED and hit.cue.role is Role.REMOVED:
                return hit
            if hit.cue.role is nearest.cue.role and hit.end > nearest.end - 60:
                same.append(hit)
            if nearest.cue.role is Role.INCLUDED and hit.end <= nearest.end - 60:
                break
        if nearest.cue.role is Role.INCLUDED and self._is_of_training(nearest):
            return None
        best = max(
            same,
            key=lambda hit: (
                hit.cue.strength,
                hit.end,
                hit.cue.relation is not Relation.DERIVATION,
            ),
        )
        if all(hit.cue.noun for hit in same):
            verb = self._verb_of(best)
            return best if verb is None or verb.cue.role is best.cue.role else verb
        return best

    def _announces(self, hit: Hit, nearest: Hit, anchor: int) -> bool:
        """Whether an earlier cue (`comprises the following sets, which were filtered to
        remove doublets: X`) is the one that the list behind the colon belongs to.
        """
        return (
            hit.cue.role is Role.INCLUDED
            and nearest.cue.role is Role.REMOVED
            and _ANNOUNCED.match(self.text, hit.end) is not None
            and _COLON.search(self.text, nearest.end, anchor) is not None
        )

    def _verb_of(self, noun: Hit) -> Hit | None:
        """The verb that says what befalls a noun phrase: `removed all questions of X`."""
        for index in range(bisect_right(self.ends, noun.start) - 1, -1, -1):
            hit = self.hits[index]
            between = self.text[hit.end : noun.start]
            if noun.start - hit.end > 150 or _BARRIER.search(between) or _RESTART.search(between):
                return None
            if hit.cue.side is Side.BEFORE or hit.cue.strength < Strength.FAIR:
                continue
            if hit.cue.noun:
                if noun.cue.role is Role.INCLUDED or hit.cue.role is not Role.INCLUDED:
                    continue
                return self._verb_of(hit) or hit  # `texts from existing sets such as X`
            return hit if hit.cue.role is not None else None
        return None

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


def _ends_in_from(sentence: str, hit: Hit) -> bool:
    return hit.cue.strength is Strength.FAIR and sentence[: hit.end].endswith(" from")


def _on_github(mention: Mention) -> bool:
    return mention.id is not None and mention.id.hub == "github"


def _end_of_clause(text: str, start: int) -> int:
    """Where the first comma outside parentheses stands behind `start`; the end without one."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if text[index] == "," and depth <= 0:
            return index
    return len(text)
