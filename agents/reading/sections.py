"""What the sections and table columns of a card let one expect."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final

from lineage.model import Role


class Section(StrEnum):
    """What a heading lets one expect of the text under it."""

    SKIP = "skip"  # citation, contribution, contents
    ASIDE = "aside"  # usage, news, thanks: only plain statements of derivation count
    EVALUATION = "evaluation"
    RELATED = "related"
    SOURCES = "sources"  # a list here is a list of parents
    STRUCTURE = "structure"  # configs, fields, splits, samples
    PLAIN = "plain"


COLUMNS: Final = (
    (
        Role.TEACHER,
        re.compile(r"\b(?:models?|teachers?|generators?|annotators?|llm|judge)\b", re.IGNORECASE),
    ),
    (
        Role.INCLUDED,
        re.compile(
            r"\b(?:sources?|origins?|original|parents?|base[d]?|seeds?|derived|"
            r"from|upstream|ingredients?|components?)\b|来源",
            re.IGNORECASE,
        ),
    ),
    (Role.EVALUATED, re.compile(r"\b(?:benchmarks?|evaluat\w*|test sets?)\b", re.IGNORECASE)),
    (
        None,
        re.compile(
            r"\b(?:licen[cs]e|paper|link|download|url|size|count|samples?|tokens?|date|"
            r"languages?|venue|authors?|year|code)\b|#",
            re.IGNORECASE,
        ),
    ),
)
"""What the names in a column are to the dataset of the row, by the column's title."""

_TITLES: Final = {
    Section.PLAIN: (
        r"^(?:the |our |training )?data(?:sets?)?$"
        r"|^(?:sft|dpo|rl|rlhf|rlvr|instruction|preference|reward|fine-?tuning|post-?training"
        r"|alignment)[ -](?:tuning )?data(?:sets?)?$|dataset (?:summary|description|card)"
        r"|^(?:overview|introduction|about|abstract|summary)\b|简介|^数据集?$"
    ),
    Section.SKIP: (
        r"citation|citing|\bcite\b|bibtex|^references?$|bibliograph|contribut|table of contents"
        r"|^contents?$|^toc$|disclaimer|contact|authors?\b|star history|maintain|引用|目录|免责"
    ),
    Section.SOURCES: (
        r"source data|data sources?|(?<!open )(?<!open-)\bsources?$|sources? (?:of|for)"
        r"|dataset sources?|components?|mixture|composition|data collection|source datasets?"
        r"|initial data|dataset creation|constituent|ingredients|data mix"
        r"|datasets? (?:used|included)|included datasets|training data|seed data|data origin"
        r"|datasets? overview|\.(?:jsonl?|parquet|csv|tsv)\b|data statistics|collection process"
        r"|data curation|provenance|source breakdown|breakdown of|data blend|data recipe"
        r"|collected datasets|base datasets?|original datasets?|upstream|datasets? breakdown"
        r"|what(?:'s| is) (?:in|inside)|数据(?:集)?(?:构成|组成|来源)|数据源"
    ),
    Section.RELATED: (
        r"related work|previous work|background|comparison|similar datasets|see also|related"
        r"|other datasets|considerations|social impact|biases|limitation|discussion|baseline"
    ),
    Section.EVALUATION: (
        r"evaluat|leaderboard|benchmark(?:s|ing)?$|results?|performance|experiments?"
        r"|supported tasks|评测|评估|实验"
    ),
    Section.ASIDE: (
        r"licen[cs]|legal|terms|\bnews\b|update|change ?log|acknowledg|credits?|thanks|install"
        r"|usage|how to use|getting started|quick ?start|fine-?tun|train(?:ing)?$|inference"
        r"|deploy|models?$|model zoo|to-?do|roadmap|faq|requirements|demo|languages?$|release"
        r"|checkpoint|setup|curation rationale|许可|协议|致谢|更新|训练|安装|使用"
    ),
    Section.STRUCTURE: (
        r"data(?:set)? structure|data instances|data fields|data splits?|schema|data format"
        r"|fields|instances|examples?$|字段|格式"
    ),
}
"""The first kind whose pattern a title matches is the title's; the order matters."""

_PATTERNS: Final = {kind: re.compile(p, re.IGNORECASE) for kind, p in _TITLES.items()}


def column_role(title: str) -> Role | None:
    """What names in a column are to the dataset of the row, by the column's title.

    >>> column_role("Image Source")
    <Role.INCLUDED: 'included'>
    """
    return next((role for role, p in COLUMNS if title.strip() and p.search(title)), None)


_BRACKETS = re.compile(r"\([^()]{0,80}\)")  # `Sources (to be updated)`


@lru_cache(maxsize=4096)
def _kind_of(title: str) -> Section | None:
    title = _BRACKETS.sub(" ", title).strip() or title
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(title)), None)


def section_of(path: tuple[str, ...]) -> Section:
    """What the innermost telling heading says; a skipped one hides all that is under it.

    >>> section_of(("My data", "Dataset Creation", "Source Data"))
    <Section.SOURCES: 'sources'>
    """
    titles = path if len(path) < 2 else path[1:]
    kinds = [_kind_of(title) for title in titles if len(title) < 120]
    if Section.SKIP in kinds:
        return Section.SKIP
    return next((kind for kind in reversed(kinds) if kind), Section.PLAIN)
