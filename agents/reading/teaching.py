"""Which models wrote or judged text of the dataset, and what they did."""

from __future__ import annotations

import re
from typing import Final

from lineage.model import Relation

_WRITES = (
    r"(?:generat|synthesi[sz]|synthetic|distill?|produc|creat|writ|wrote|compos|annotat|label|"
    r"translat|judg|scor|rat(?:ed|ings?)\b|grad(?:ed|ing)\b|rank|rewr|respon|answer|"
    r"complet|output|prompt|evol|augment|refin|paraphras|rephras|reformulat|verif|classif|caption|"
    r"summari[sz]|query|queri|call|sampl|simulat|obtain|collect|convers|solv|solution|"
    r"trace|rationale|explanation|transcri|critique|filter|extract|select|tag(?:ged|s)?\b)"
)
_BEFORE: Final = re.compile(
    rf"\b{_WRITES}\w*(?:\s+\S{{1,30}}){{0,8}}?\s+"
    r"(?:by|with|using|from|via|of|through|us(?:e|ing)\s+the)\b"
    r"|\b(?:use[ds]?|using|utili[sz]\w+|leverag\w+|employ\w*|prompt(?:ed|ing|s)?|via|query(?:ing)?|"
    r"queried|instruct(?:ed|ing)?|powered\s+by|with\s+the\s+help\s+of|ask(?:ed|ing|s)?|"
    r"distill(?:ed|ing)?|had|let|tasked|rely(?:ing)?\s+on|relied\s+on)\b"
    r"|\b(?:given|passed|fed|shown|presented|sent|submitted|handed|provided|supplied|posed|put)\s+"
    r"(?:\w+\s+){0,2}?(?:in)?to\b"
    r"|(?:由|用|使用|调用|通过|利用|借助)",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    r"(?:['’]s)?(?:\s*\([^()]{0,80}\))?(?:\s+(?:model|api|then|also|first|next|itself|instead|"
    r"automatically|each|both)){0,2}\s*(?:[-\s]"
    r"(?:generated|written|synthesi[sz]ed|annotated|distill?ed|labell?ed|translated)\b|\s"
    r"(?:re)?(?:wrote|writes)\b|\s(?:generat|produc|creat|answer|rat|scor|judg|grad|translat|rephras|"
    r"paraphras|evolv|complet|summari[sz]|annotat|label|classifi|respond|simulat|rank|verifi|solv|"
    r"transcrib|refin|reformulat|caption|extract)(?:e?d|e?s)\b(?!\s+\*{0,2}\d)|\s(?:responses?|answers?|outputs?|"
    r"completions?|traces?|generations?|solutions?|rationales?|annotations?|labels|translations?)\b"
    r"|\s(?:to|for)\s+(?:the\s+)?(?:re)?(?:generat|creat|produc|annotat|translat|label|writ|synthesi|"
    r"answer|scor|rat(?:e|ing)\b|judg|grad|filter|classif|paraphras|rephras|augment|evolv|solv|"
    r"caption|summari|extract|verif|convert|transform|complet|expand|simulat)"
    r"|\s(?:is|was|were|are)\s+(?:then\s+|also\s+)?(?:(?:used|prompted|asked|instructed|employed|"
    r"queried|tasked|told|given|applied|requested|called)\s+(?:\w+\s+){0,6}?(?:to|for|with|as)\b"
    r"(?!\s+(?:re-?)?(?:train|fine|eval|test|benchmark))))|\s*生成",
    re.IGNORECASE,
)
_NOT_TEACHING: Final = re.compile(
    r"\b(?:tokeni[sz]er\w*|tokeni[sz]ed|token\s+counts?|train(?:ed|ing)?|fine-?\s?tun\w*|base\s+model|"
    r"licen[cs]\w*|load(?:ed|ing)?|inference|codebase|quanti[sz]\w*|embedding\w*|checkpoint|backbone|"
    r"initiali[sz]\w*|deploy\w*|serv(?:ed|ing)|benchmark(?:ed|ing)|evaluat(?:ed|ing|e)\s+on|compatible|"
    r"outperform\w*|compared?|unlike|than)\b",
    re.IGNORECASE,
)
_NOT_ITS_TEXT: Final = re.compile(
    r"(?:['’]s)?[-\s]+(?:\S+\s+){0,1}?(?:tokeni[sz]er|licen[cs]e|terms|prompt\s+(?:template|format)|"
    r"template|format|checkpoints?|weights|embeddings?|paper|authors|team|family\s+of\s+models)",
    re.IGNORECASE,
)

_ANSWERS: Final = re.compile(
    r"\b(?:respon[sd]|answer|completion|output|solution|reasoning|trace|rationale|distill|"
    r"chain[- ]of|explanation|repl(?:y|ies)|re-?generat)",
    re.IGNORECASE,
)
_DOING: Final = (
    (Relation.TRANSLATION, re.compile(r"\btranslat|翻译", re.IGNORECASE)),
    (
        Relation.REWRITING,
        re.compile(
            r"\b(?:rewr[io]t|rephras|paraphras|evol(?:ve|ution|ving)|augment|reformulat|refin(?:e|ing)|"
            r"polish|simplif|expand|perturb|made\s+(?:harder|more)|restyl)|改写",
            re.IGNORECASE,
        ),
    ),
    (
        Relation.ANNOTATION,
        re.compile(
            r"\b(?:annotat|label|judg|scor(?:e|ing)|rat(?:e|ed|es|ing|ings)\b|grad(?:e|ed|es|ing|er)\b|"
            r"classif|rank|evaluat|verif|tag(?:ged|s)?\b|assess)|标注",
            re.IGNORECASE,
        ),
    ),
    (Relation.FILTERING, re.compile(r"\b(?:filter|remov|discard|select)|过滤", re.IGNORECASE)),
    (
        Relation.SYNTHESIS,
        re.compile(
            r"\b(?:generat|synthe|creat|writ(?:e|es|ing|ten)\b|wrote|compos|produc|simulat|sampl|obtain|"
            r"distill|answer|respon[sd]|complet|solv|convers|dialog|caption|summari)|生成",
            re.IGNORECASE,
        ),
    ),
)


def teaches(text: str, start: int, end: int) -> bool:
    """Whether the model named in `text[start:end]` is said to have made or judged the data.

    >>> teaches("Llama-3 rewrote each question.", 0, 7)
    True
    >>> teaches("Counted with the tokenizer of Llama-3.", 30, 37)
    False
    """
    if _NOT_ITS_TEXT.match(text, end):
        return False
    if _BEHIND.match(text, end):
        return _NOT_TEACHING.search(text, max(0, start - 25), start) is None
    near = [m for m in _BEFORE.finditer(text, max(0, start - 150), start) if start - m.end() <= 60]
    return bool(near) and _NOT_TEACHING.search(text, max(0, start - 60), start) is None


def work_of(text: str, start: int, end: int) -> Relation:
    """What the model named in `text[start:end]` did: the verb nearest before it, else the
    first behind it. Where answers are what was written, prompts were kept.
    """
    low = max(0, start - 110)
    found = [
        (match.start(), relation, match[0])
        for relation, pattern in _DOING
        for match in pattern.finditer(text, low, min(len(text), end + 130))
    ]
    before = [f for f in found if f[0] < start]
    behind = [f for f in found if f[0] >= end]
    if _BEHIND.match(text, end) and behind:
        before = []
    if not before and not behind:
        return Relation.REGENERATION if _ANSWERS.search(text) else Relation.SYNTHESIS
    at, relation, _ = max(before) if before else min(behind)
    if relation is not Relation.SYNTHESIS:
        return relation
    left = max(low, at - 60)
    right = start if before else at + 60
    return Relation.REGENERATION if _ANSWERS.search(text, left, right) else Relation.SYNTHESIS
