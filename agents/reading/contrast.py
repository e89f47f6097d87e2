"""Cues of every role but inclusion: removed, compared, evaluated, inspired, teacher, and what
is about a model's training or a tool instead.
"""

from __future__ import annotations

import re
from typing import Final

from agents.reading.cue import Side, Strength, cue
from lineage.model import Relation, Role

_OUT = Role.REMOVED
_R = Relation
_S = Strength
_BEFORE = Side.BEFORE


_TAKE_OUT = (
    r"(?:remov|discard|eliminat|dropp|filter(?:ed|ing|s)?\s+out|delet|prun|strip|subtract|purg|"
    r"scrub|eras|weed(?:ed|ing)?\s+out|screen(?:ed|ing)?\s+out|thr(?:ew|ow|own|owing)\s+(?:out|away)|"
    r"got\s+rid\s+of|get(?:ting)?\s+rid\s+of)\w*"
)
_LEAVE_OUT = (
    r"(?:exclud|omit|blacklist|blocklist|leav(?:e|es|ing)\s+out|left\s+out|skipp|"
    r"ban(?:ned|ning))\w*"
)
SPARED: Final = re.compile(
    r"\b(?:no|nothing|none|never|not\s+\w+(?:\s+\w+)?)\b[^.;,]{0,40}$", re.IGNORECASE
)
"""Before `other than X`: X alone is used."""

_WITHIN_SETS = (
    r"(?:samples?|examples?|questions?|data|rows?|instances?|problems?|entries|prompts?|items?|"
    r"conversations?|documents?|sources?|pairs?|records?|tasks?|images?|texts?|sentences?|pages?)"
)
_AS_MODIFIER = (
    r"(?!\s+(?:version|subset|variant|combination|mix|set\b|copy|collection|union|data\b))"
)

EXCEPTION: Final = cue(
    r"\b(?:except|excluding|apart from|other than|with the exception of)\b"
    r"|\bwithout(?=\s+(?:(?:any|the|all|its|using|including|rows?|data|questions?|examples?|"
    r"samples?|problems?|items?|of|from)\s+){0,5}[\"'`(]?(?-i:[A-Z0-9]))",
    _OUT,
    _R.FILTERING,
    _S.FAIR,
    reach=60,
)

OVERLAP: Final = cue(
    r"\boverlap(?:s|ped|ping)?\s+(?:with|between)\b|\bcontaminat\w+|\bleak(?:s|age|ed)?\b|"
    r"\bno\s+overlap\b|\bdisjoint\s+from\b|\bheld[- ]out\s+from\b",
    _OUT,
    _R.FILTERING,
    reach=160,
)
"""Alone it removes nothing: the sentence must say that something was taken out."""

REMOVAL: Final = (
    cue(
        rf"\b{_TAKE_OUT}{_AS_MODIFIER}(?![^.;]{{0,60}}?\bfrom\b)|\b{_LEAVE_OUT}{_AS_MODIFIER}",
        _OUT,
        _R.FILTERING,
        reach=200,
    ),
    cue(
        rf"\b{_LEAVE_OUT}{_AS_MODIFIER}\s+(?:(?!comes?\b|came\b|is\b|are\b|was\b|were\b|taken\b|"
        r"drawn\b)(?-i:[a-z])[\w-]*\s+){0,5}?from\b"
        rf"|\b{_TAKE_OUT}\s+(?:all|any|every|each|those)\s+(?:of\s+)?(?:the\s+)?(?:\w+\s+){{0,2}}?"
        rf"{_WITHIN_SETS}\s+(?:\w+\s+){{0,3}}?(?:from|of|in)\b",
        _OUT,
        _R.FILTERING,
        reach=160,
    ),
    cue(
        rf"\b(?:{_TAKE_OUT}|{_LEAVE_OUT}|decontaminat\w*){_AS_MODIFIER}[^.;]{{0,100}}?\b(?:against|"
        r"overlap\w*|with(?:in)?|contain\w*|appear\w*|present|found|match\w*|similar|identical|"
        r"shar(?:e|es|ed|ing)|occur\w*|duplicat\w*)\b[^.;]{0,20}",
        _OUT,
        _R.FILTERING,
        reach=200,
    ),
    cue(
        r"\b(?:cross-)?(?:decontaminat\w*|de-?dup\w*|filter(?:ed|ing|s)?|clean(?:ed|ing)?|"
        r"check(?:ed|ing)?)\b[^.;:]{0,80}?\b(?:against|w\.?r\.?t\.?|(?:with|in)\s+(?:respect|regards?|"
        r"relation)\s+to|relative\s+to)(?=\s)"
        r"|\bdecontaminat\w*\s+(?:\w+\s+){0,3}?(?:from|for|with|on|using)\b"
        r"|\bcross-de-?dup\w*\s+(?:\w+\s+){0,3}?(?:with|from|on|of)\b",
        _OUT,
        _R.FILTERING,
        reach=200,
    ),
    OVERLAP,
    EXCEPTION,
    cue(
        r"\b(?:is|are|was|were|has been|have been|being|be)\s+(?:\w+ly\s+)?(?:removed|excluded|"
        r"dropped|discarded|filtered out|omitted|left out|deleted|eliminated|purged|"
        r"thrown (?:out|away)|weeded out|screened out|taken out)\b",
        _OUT,
        _R.FILTERING,
        _S.STRONG,
        _BEFORE,
        120,
    ),
    cue(
        r"\bby\s+(?:\w+ing\s+)?(?:a\s+)?left\s+join\b", _OUT, _R.FILTERING, _S.STRONG, _BEFORE, 200
    ),
    cue(r"\bcontaminat\w+", _OUT, _R.FILTERING, _S.STRONG, _BEFORE, 25),
    cue(r"去除|剔除|移除|删除|排除|去重", _OUT, _R.FILTERING, reach=60),
)

TAKEN_OUT: Final = re.compile(
    rf"\b(?:{_TAKE_OUT}|{_LEAVE_OUT}|de-?contaminat|de-?dup|filter|avoid|prevent|ensur|guarantee|"
    r"disjoint|held[- ]out|no\s+overlap|contaminat|without|free\s+(?:of|from)|do(?:es)?\s+not|"
    r"(?:is|are)\s+not|no\s+\w+)",
    re.IGNORECASE,
)

_WORKS = (
    r"(?:data ?sets?|benchmarks?|corpora|collections?|resources?|efforts?|works?|suites?|tests)"
)
COMPARISON: Final = (
    cue(
        r"\b(?:compar(?:ed?|ing|able|ison|isons)\s+(?:\w+\s+){0,3}?(?:to|with|against|of|"
        r"between|and)|compare[sd]?|unlike|in\s+contrast\s+(?:to|with)|contrary\s+to|"
        r"as\s+opposed\s+to|differ(?:s|ed|ent|ently|ences?)?\s+(?:\w+\s+){0,2}?"
        r"(?:from|to|than|between)|different\s+\w+\s+(?:from|than|to)|instead\s+of|"
        r"rather\s+than|whereas|outperform\w*|surpass\w*|exceed\w*|"
        r"(?:larger|smaller|bigger|better|harder|cleaner|worse|higher|lower|longer|shorter|"
        r"richer|fewer|more|less|easier|greater|broader|faster|wider|simpler)\s+"
        r"(?:[\w-]+\s+){0,3}?than(?!\s+(?:\d|half|one|two|a\b))|superior\s+to|"
        r"similar\s+(?:in\s+\w+\s+)?to|akin\s+to|"
        r"analogous\s+to|(?<![\w-])baselines?|competitive\s+with|on\s+par\s+with|equivalent\s+(?:to|of)|"
        r"versus|vs\.?|complement(?:s|ary)?(?:\s+to)?|alternative\s+to|"
        r"point\s+of\s+(?:comparison|reference)|similar\s+datasets)\b",
        Role.COMPARED,
        _R.DERIVATION,
        _S.FAIR,
        reach=110,
    ),
    cue(
        r"\b(?:earlier|previous|prior|existing|past|older|current|other|similar|related|comparable|"
        r"established|popular|well-known|widely[- ]used|most|many)\s+(?:[\w-]+\s+){0,3}?"
        rf"{_WORKS}\b(?:\s+of\s+(?:this|that|the\s+same)\s+(?:kind|sort|type))?\s*,?\s*"
        r"(?:such\s+as|like|including|e\.g\.,?|for\s+(?:example|instance),?|\()",
        Role.COMPARED,
        _R.DERIVATION,
        _S.FAIR,
        reach=40,
        noun=True,
    ),
    cue(
        r"\b(?:previous(?:ly)?|prior|existing|other|popular|well-known|traditional|typical|"
        r"recent|many|most|earlier)\b",
        Role.COMPARED,
        _R.DERIVATION,
        _S.WEAK,
        reach=80,
    ),
    cue(
        rf"^,?\s+(?:and|or)\s+(?:the\s+|most\s+|many\s+)?other\s+(?:[\w-]+\s+){{0,3}}?{_WORKS}\s+"
        r"(?:\w+ly\s+)?(?:cover|are\b|focus|contain|have|provide|lack|do\b|require|only|suffer|target|"
        r"test|offer|rely|emphasi|exist|address|use\b|miss|consist|deal)",
        Role.COMPARED,
        _R.DERIVATION,
        _S.FAIR,
        _BEFORE,
        1,
    ),
    cue(
        r"\b(?:have|has|had)\s+been\s+(?:proposed|introduced|released)|\bis\s+limited\s+to\b|"
        r"\b(?:suffers?|lacks?|fails?|focus(?:es)?)\b",
        Role.COMPARED,
        _R.DERIVATION,
        _S.FAIR,
        _BEFORE,
        60,
    ),
    cue(r"相比|不同于|对比|优于|超过", Role.COMPARED, _R.DERIVATION, reach=40),
)

EVALUATION: Final = (
    cue(
        r"\b(?:evaluat\w+|tested|testing|assess\w*|benchmark(?:ed|ing)|measur\w+|"
        r"perform(?:s|ed|ance)?|results?|scores?|accura(?:cy|te)|achiev\w+|"
        r"validat(?:ed|ing)|report\w*|state[- ]of[- ]the[- ]art|sota|pass@\d+|"
        r"improve(?:s|d|ment|ments)?|gains?|rank(?:s|ed|ing)?|leaderboard|win[- ]rates?|"
        r"generali[sz](?:es?|ation)|experiments?)\b"
        r"[^.;:]{0,60}?\b(?:on|across|over|against|in)\b",
        Role.EVALUATED,
        _R.DERIVATION,
        _S.FAIR,
        reach=150,
    ),
    cue(
        r"\b(?:\d[\d.,]*\s*(?:%|percent\b|points?\b|pp\b)|(?:gains?|improvements?|increases?|drops?)"
        r"(?:\s+of\s+\S{1,8})?)\s+(?:\w+\s+){0,3}?(?:on|over)\b",
        Role.EVALUATED,
        _R.DERIVATION,
        _S.FAIR,
        reach=110,
    ),
    cue(
        r"\b(?:on|across)\s+(?:the\s+)?(?:\w+\s+){0,3}?benchmarks?\b",
        Role.EVALUATED,
        _R.DERIVATION,
        _S.FAIR,
        reach=110,
    ),
    cue(
        r"\b(?:benchmark|leaderboard|evaluation|accuracy|score|performance|results?|pass@\d+"
        r"|win rate)s?\b",
        Role.EVALUATED,
        _R.DERIVATION,
        _S.WEAK,
        _BEFORE,
        25,
    ),
    cue(
        r"^['’]?s?\s+(?:\w+\s+)?(?:scores?|leaderboard|accuracy|results|performance|evaluations?|"
        r"pass@\d)\b",
        Role.EVALUATED,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        1,
    ),
    cue(r"评测|评估|测试集|得分|准确率|榜单", Role.EVALUATED, _R.DERIVATION, _S.FAIR, reach=60),
)

_IDEA = (
    r"(?:ideas?|recipe|procedure|methodology|methods?|approach|protocol|guidelines?|format|"
    r"schema|structure|taxonomy|practice|strategy|heuristics?|filters?|pipeline|"
    r"template|prompts?\s+template|setup|settings?|scheme|style|convention|"
    r"framework|techniques?|algorithm|evolution|paradigm)"
)
INSPIRATION: Final = (
    cue(
        r"\b(?:inspired\s+by|motivated\s+by|modell?ed\s+(?:after|on)|patterned\s+after|in\s+the\s+"
        r"(?:style|spirit|manner|vein|format)\s+of|similar\s+(?:\w+\s+)?(?:to|as)|"
        rf"{_IDEA}s?\s+(?:as|of|from|used\s+(?:by|in|for)|in|by|proposed|described|introduced|adopted|"
        r"similar)|(?:is|are|was)\s+due\s+to|"
        r"(?:same|similar|identical)\s+(?:\w+\s+){0,3}?(?:as|to|with)|as\s+(?:described\s+)?in|"
        r"compatible\s+with|aligned?\s+with|analogously\s+to|akin\s+to|resembl(?:es?|ing)|"
        r"(?:we|by)\s+follow(?:s|ed|ing)?|(?<!the )(?<!as )follow(?:ing|s|ed)?(?!\s*:)|"
        r"according\s+to|in\s+line\s+with|consistent\s+with|mimic\w*|imitat\w+|emulat\w+|"
        r"adher\w+\s+to|proposed\s+(?:in|by)|introduced\s+(?:in|by))"
        r"\b",
        Role.INSPIRED,
        _R.DERIVATION,
        _S.FAIR,
        reach=80,
    ),
    cue(
        r"^(?:['’]s)?[-\s](?:style|like|inspired|alike|esque)\b|"
        r"^['’]?s?\s+(?:dataset\s+)?(?:style|recipe|(?:data\s+)?pipelines?|filters?|classifier|"
        r"methods?|methodology|approach|techniques?|paradigm|strategy)\b",
        Role.INSPIRED,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        1,
    ),
    cue(
        r"^(?:['’]s)?-(?:format(?:ted)?|compatible)\b|"
        r"^['’]?s?\s+(?:dataset\s+)?(?:format|template|schema|paper|prompt template|"
        r"repo(?:sitory)?|codebase|code|library|toolkit|framework|models?|authors?|team|tokenizer|baseline|"
        r"leaderboard|website|evaluation|licen[cs]e|terms|polic(?:y|ies))\b",
        None,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        1,
    ),
    cue(r"沿用|参考|仿照|借鉴|启发|参照|类似", Role.INSPIRED, _R.DERIVATION, _S.FAIR, reach=40),
)

FORMAL: Final = re.compile(
    r"\b(?:licen[cs]\w*|terms|polic(?:y|ies)|conditions|copyright\w*|permission|consent|agreement|"
    r"issues?|bugs?|forbid\w*|robots\.txt|privacy|laws?|regulations?|tokenizer)\b",
    re.IGNORECASE,
)
"""Words that make likeness one of licences or faults, not of data."""

SEE: Final = cue(
    r"\b(?:see|refer(?:red)?\s+to|check\s+out|visit|available\s+(?:at|on|in|from|here|via)|"
    r"(?:can|may)\s+be\s+(?:\w+\s+)?(?:found|downloaded|accessed|obtained|loaded)|"
    r"download(?:ed|able)?\s+(?:from|at|here|via)|hosted\s+(?:on|at))\b",
    None,
    _R.DERIVATION,
    _S.FAIR,
    reach=60,
)
TRAINING: Final = (
    cue(
        r"\b(?:(?:fine-?|instruction[- ]|pre-?)?tun(?:ed|e|ing)|(?:pre-?|post-?)?train(?:ed|s|"
        r"ing)?)(?:\s+[\w@/.-]{1,40}){0,6}?\s+(?:on|with|using|over|by)\b",
        None,
        _R.TRAINING,
        _S.STRONG,
        reach=140,
    ),
    cue(
        r"\b(?:classifiers?|taggers?|models?|tokenizers?|parsers?)\b[^.;]{0,40}?\b(?:trained|"
        r"tuned|based|built)\b[^.;]{0,30}?\b(?:on|with|using|from)\b",
        None,
        _R.TRAINING,
        _S.STRONG,
        reach=140,
    ),
    cue(r"\b(?:sft|dpo|rl|rlhf|grpo|ppo)\s+(?:on|with|using|over)\b", None, _R.TRAINING, reach=140),
    SEE,
    cue(
        r"\b(?:credits?|thanks)\s+to\b|\b(?:tools?|frameworks?|models?)\s+(?:like|such\s+as)\b",
        None,
        _R.DERIVATION,
        _S.FAIR,
        reach=60,
    ),
    cue(
        r"(?<!kept )(?<!copied )(?<!taken )(?<!included )(?<!used )(?<!left )(?<!reproduced )"
        r"\b(?:word[- ]for[- ]word|verbatim|literal(?:ly)?\s+(?:copies|the\s+same))\b",
        None,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        40,
    ),
    cue(
        r"\b(?:techniques?|methods?|approaches)\s+(?:like|such\s+as)\b",
        Role.INSPIRED,
        _R.DERIVATION,
        _S.FAIR,
        reach=60,
    ),
    cue(
        r"\b(?:library|tool|toolkit|package|software|parser|tokenizer|spacy|framework|"
        r"script|api|repo(?:sitory)?)\b",
        None,
        _R.DERIVATION,
        _S.WEAK,
        _BEFORE,
        14,
    ),
    cue(r"训练|微调", None, _R.TRAINING, _S.FAIR, reach=40),
)
