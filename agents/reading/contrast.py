"""Cues of every role but inclusion: removed, compared, evaluated, inspired, teacher, and what
is about a model's training or a tool instead.
"""

from __future__ import annotations

from typing import Final

from agents.reading.cue import Side, Strength, cue
from lineage.model import Relation, Role

_OUT = Role.REMOVED
_R = Relation
_S = Strength
_BEFORE = Side.BEFORE


REMOVAL: Final = (
    cue(
        r"\b(?:remov|exclud|discard|eliminat|dropp|filter(?:ed|ing|s)?\s+out|delet|prun|"
        r"decontaminat|de-?duplicat|strip|omit|subtract|blacklist|blocklist)\w*"
        r"(?!\s+(?:version|subset|variant))(?![^.;]{0,60}?\bfrom\b)",
        _OUT,
        _R.FILTERING,
        reach=200,
    ),
    cue(
        r"\b(?:remov|exclud|discard|eliminat|dropp|filter(?:ed|ing|s)?\s+out|delet|"
        r"decontaminat|de-?duplicat|overlap)\w*[^.;]{0,80}?\b(?:against|overlap\w*|with(?:in)?|"
        r"contain\w*|appear\w*|present|found|match\w*|similar|identical)\b[^.;]{0,20}",
        _OUT,
        _R.FILTERING,
        reach=200,
    ),
    cue(
        r"\boverlap(?:s|ped|ping)?\s+(?:with|between)\b|\bcontaminat\w+|\bleak(?:s|age|ed)?\b|"
        r"\bno\s+overlap\b|\bdisjoint\s+from\b|\bheld[- ]out\s+from\b",
        _OUT,
        _R.FILTERING,
        reach=160,
    ),
    cue(
        r"\b(?:except|excluding|without|apart from|other than|with the exception of)\b",
        _OUT,
        _R.FILTERING,
        _S.FAIR,
        reach=60,
    ),
    cue(
        r"\b(?:is|are|was|were|has been|have been)\s+(?:\w+ly\s+)?(?:removed|excluded|"
        r"dropped|discarded|filtered out|omitted|left out|deleted)\b",
        _OUT,
        _R.FILTERING,
        _S.STRONG,
        _BEFORE,
        120,
    ),
    cue(
        r"\bby\s+(?:\w+ing\s+)?(?:a\s+)?left\s+join\b|\bcontaminat\w+",
        _OUT,
        _R.FILTERING,
        _S.STRONG,
        _BEFORE,
        200,
    ),
    cue(r"去除|剔除|移除|删除|排除|去重", _OUT, _R.FILTERING, reach=60),
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
        r"(?:[\w-]+\s+){0,3}?than|superior\s+to|similar\s+(?:in\s+\w+\s+)?to|akin\s+to|"
        r"analogous\s+to|baselines?|competitive\s+with|on\s+par\s+with|equivalent\s+(?:to|of)|"
        r"versus|vs\.?|complement(?:s|ary)?(?:\s+to)?|alternative\s+to|"
        r"similar\s+datasets)\b",
        Role.COMPARED,
        _R.DERIVATION,
        _S.FAIR,
        reach=110,
    ),
    cue(
        r"\b(?:previous(?:ly)?|prior|existing|other|popular|well-known|traditional|typical|"
        r"recent|many|most)\b",
        Role.COMPARED,
        _R.DERIVATION,
        _S.WEAK,
        reach=80,
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

INSPIRATION: Final = (
    cue(
        r"\b(?:inspired\s+by|motivated\s+by|modell?ed\s+(?:after|on)|in\s+the\s+(?:style|"
        r"spirit|manner|vein|format)\s+of|similar\s+(?:\w+\s+)?(?:to|as)|"
        r"(?:recipe|procedure|methodology|method|approach|protocol|guidelines?|format|"
        r"schema|structure|taxonomy|practice|strategy|heuristics?|filters?|"
        r"template|prompts?\s+template|setup|settings?|scheme|style|convention|code|scripts?|"
        r"framework|techniques?|algorithm|evolution)s?\s+(?:as|of|from|used\s+(?:by|in|for)|"
        r"in|by|proposed|described|introduced|adopted|similar)|"
        r"(?:same|similar|identical)\s+(?:\w+\s+){0,3}?(?:as|to|with)|as\s+(?:described\s+)?in|"
        r"compatible\s+with|aligned?\s+with|analogously\s+to|à\s+la|akin\s+to|"
        r"(?:we|by|,)\s+follow(?:s|ed|ing)?|(?<!the )(?<!as )follow(?:ing|s|ed)?(?!\s*:)|"
        r"according\s+to|in\s+line\s+with|consistent\s+with|mimic\w*|imitat\w+|"
        r"adher\w+\s+to|proposed\s+(?:in|by)|introduced\s+(?:in|by)|credits?\s+to|thanks\s+to)"
        r"\b",
        Role.INSPIRED,
        _R.DERIVATION,
        _S.FAIR,
        reach=80,
    ),
    cue(
        r"^(?:['’]s)?[-\s](?:style|like|format(?:ted)?|inspired|compatible|alike|esque)\b|"
        r"^['’]?s?\s+(?:dataset\s+)?(?:format|style|template|schema|recipe|pipeline|paper|"
        r"prompt template|repo(?:sitory)?|codebase|code|library|toolkit|framework|models?|"
        r"authors?|team|tokenizer|filters?|classifier|baseline|method|approach|"
        r"leaderboard|website|evaluation|licen[cs]e|methods|techniques?|pipelines)\b",
        Role.INSPIRED,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        1,
    ),
    cue(r"沿用|参考|仿照|借鉴|启发|参照|类似", Role.INSPIRED, _R.DERIVATION, _S.FAIR, reach=40),
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
    cue(
        r"\b(?:see|refer(?:red)?\s+to|check\s+out|visit|available\s+(?:at|on|in|from|here|via)|"
        r"(?:can|may)\s+be\s+(?:\w+\s+)?(?:found|downloaded|accessed|obtained|loaded)|"
        r"download(?:ed|able)?\s+(?:from|at|here|via)|hosted\s+(?:on|at))\b",
        None,
        _R.DERIVATION,
        _S.FAIR,
        reach=60,
    ),
    cue(
        r"\b(?:techniques?|methods?|tools?|approaches|frameworks?|models?)\s+(?:like|such\s+as)\b",
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

TEACHER: Final = (
    cue(
        r"\b(?:generat|synthesi[sz]|distill?|produc|creat|writt?|annotat|label|translat|judg|"
        r"scor|rat|rewrit|respon|answer|complet|output|prompt|evol|augment|refin|paraphras|"
        r"rephras|verif|classif|caption|query|quer|call|sampl|synthetic|simulat|obtain|"
        r"collect|convers|chats?)\w*"
        r"(?:\s+\S{1,30}){0,8}?\s+(?:by|with|using|from|via|of|through|us(?:e|ing)\s+the)\b"
        r"|\b(?:use[ds]?|using|utili[sz]\w+|leverag\w+|employ\w*|prompt(?:ed|ing)?|"
        r"via|query(?:ing)?|instruct(?:ed|ing)?|powered\s+by|ask(?:ed|ing)?|distill(?:ed|ing)?)\b"
        r"|(?:由|用|使用|调用|通过|利用|借助)",
        Role.TEACHER,
        _R.REGENERATION,
        _S.FAIR,
        reach=90,
    ),
    cue(
        r"^(?:[-\s'’s]{0,3})(?:generat|synthesi|distill?|annotat|translat|labell?ed|written|"
        r"respons|answers|outputs|completions|traces|to\s+(?:generate|create|produce|annotate|"
        r"translate|label|write|rewrite|synthesi|answer|score|rate|judge|filter|classify|"
        r"paraphrase|rephrase|augment))|^\s*生成",
        Role.TEACHER,
        _R.REGENERATION,
        _S.FAIR,
        _BEFORE,
        4,
    ),
)
