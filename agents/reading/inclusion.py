"""Cues that say rows of the parent are in the child."""

from __future__ import annotations

from typing import Final

from agents.reading.cue import Side, Strength, cue
from lineage.model import Relation, Role

_VERB = (
    r"(?:derived|deriving|extracted|taken|collected|gathered|sampled|subsampled|selected|"
    r"drawn|sourced|obtained|adapted|converted|retrieved|compiled|assembled|aggregated|"
    r"constructed|crafted|harvested|picked|chosen|borrowed|imported|reused|repurposed|"
    r"recast|mined|crawled|scraped|curated|acquired|created|built|composed|combined|merged|"
    r"pulled|originat(?:es?|ing|ed)|stems?|stemming|com(?:es?|ing)|came|"
    r"re-?extract(?:ed|ing)|extracting|collecting|gathering|sampling|selecting|drawing|"
    r"sourcing|taking|adapting|adopted|incorporated|inherited|copied|formed|produced|"
    r"prepared|transformed|reformatted|parsed|pooled|synthesi[sz]ed|generated|seeded|"
    r"bootstrapped|reconstructed|re-?generated|recovered|evolved|rewritten|rephrased|paraphrased|expanded|distilled|started?|starting|sources?|"
    r"extract|collect|gather|sample|select|draw|take|adapt|retrieve|compile|mine|obtain|pick)"
)
_PART = (
    r"(?:subset|sub-?sample|random sample|sample|portion|fraction|slice|selection|excerpts?|"
    r"splits?|partition|versions?|variant|copy|mirror|conversion|port|superset|"
    r"adaptation|reformulation|edition|rendition|snapshot|recast(?:ing)?|compilation|reconstruction)"
)


def _gap(words: int) -> str:
    """A few words between two parts of a cue."""
    return rf"(?:\s+[\w'’%.,~+\-–]{{1,25}}){{0,{words}}}?"


_IN = Role.INCLUDED
_R = Relation
_S = Strength
_BEFORE = Side.BEFORE


INCLUSION: Final = (
    cue(rf"\b{_VERB}{_gap(5)}\s+(?:directly\s+)?(?:from|out of)\b", _IN, _R.DERIVATION),
    cue(r"\bderiv(?:es?|ative|ation)\s+(?:of|from)\b", _IN, _R.DERIVATION),
    cue(
        r"\b(?:sub-?set|sub-?sample|random sample|sample|portion|fraction|slice|selection|"
        r"excerpts?)s?\s+(?:of|from)\b",
        _IN,
        _R.SUBSET,
        noun=True,
    ),
    cue(
        r"\b(?:training|train|test|dev|development|validation|evaluation)\s+(?:set|split|part|"
        r"portion|data|section|questions?|examples?|problems?|instances?)\s+(?:of|from)\b",
        _IN,
        _R.SUBSET,
        _S.FAIR,
        noun=True,
    ),
    cue(
        r"(?<!current )(?<!present )(?<!latest )(?<!newest )"
        rf"\b{_PART}(?:\s*\([^()]{{0,40}}\))?\s+of\b",
        _IN,
        _R.DERIVATION,
        reach=60,
        noun=True,
    ),
    cue(
        r"\b(?:portion|part|section|half|split)\s+of\s+the\b",
        _IN,
        _R.SUBSET,
        _S.WEAK,
        reach=90,
        noun=True,
    ),
    cue(
        r"\b(?:filtered|cleaned|deduplicated|curated|pruned|refined|distilled|processed|"
        r"trimmed|shortened|de-?noised|balanced|binarized|high[- ]quality)"
        r"(?:\s+[\w-]{1,20}){0,3}?\s+(?:version|subset|variant|copy|portion|set)s?\s+(?:of|from)\b",
        _IN,
        _R.FILTERING,
        noun=True,
    ),
    cue(
        r"\b(?:corrected|fixed|updated|revised|improved|newer|amended|repaired|"
        r"bug-?fixed|re-?worked|refreshed)(?:\s+[\w.-]{1,20}){0,2}?\s+(?:release|"
        r"edition|version|revision|iteration|variant|copy)\s+of\b"
        r"|\b(?:version|release|edition|revision|iteration)\s+v?\d[\d.]*\s+of\b|\bv\d[\d.]*\s+of\b",
        _IN,
        _R.REVISION,
        reach=60,
        noun=True,
    ),
    cue(
        r"(?<![KMGT]B )\b(?:in|into|as)\s+(?:the\s+|an?\s+)?[\w.+-]{2,20}(?:['’]s)?\s+"
        r"(?:format|schema|layout)\b",
        _IN,
        _R.COPY,
        _S.FAIR,
        _BEFORE,
        20,
    ),
    cue(
        r"\b(?:filter|clean|curat|distill?|dedup\w*|sub-?sampl|down-?sampl|select|trimm)\w*"
        rf"{_gap(4)}\s+from\b",
        _IN,
        _R.FILTERING,
    ),
    cue(
        r"\b(?:remov|eliminat|dropp|delet|discard|strip|prun|purg|filter(?:ed|ing|s)?\s+out)\w*"
        r"(?!\s+(?:all|any|every|each)\b)(?:(?!overlap|against|match|\btest|benchmark|evaluation|"
        r"similar|contamin|shar(?:e|ing)\b)[^.;:]){0,60}?\bfrom\b",
        _IN,
        _R.FILTERING,
        _S.FAIR,
        reach=60,
    ),
    cue(
        r"\b(?:machine[- ]|automatic(?:ally)?[- ]|human[- ]|manual(?:ly)?[- ]|re-?)?"
        r"translat(?:ed|ions?|ing)(?:\s+[\w-]{1,20}){0,4}?\s+(?:of|from)\b",
        _IN,
        _R.TRANSLATION,
    ),
    cue(
        r"\btranslat(?:ed|ing|e)\s+(?:the\s+)?(?!by|with|using|from)", _IN, _R.TRANSLATION, reach=90
    ),
    cue(r"\bbased\s+(?:up)?on\b|\bfound(?:ed|ing)\s+on\b", _IN, _R.DERIVATION, _S.FAIR, reach=110),
    cue(
        r"\b(?:build|builds|built|building)\s+(?:(?:up)?on|off|over|using|with|around)\b"
        r"|\bon top of\b",
        _IN,
        _R.DERIVATION,
        _S.FAIR,
        reach=110,
    ),
    cue(
        r"\b(?:extension|expansion|enhancement|improvement|successor|update|revision|"
        r"modification|relabell?ing|re-?annotation|augmentation|continuation|remix|remake|clone|"
        r"mirror|replica(?:tion)?|reproduction|derivative|port)s?\s+(?:of|to|on)\b"
        r"|\b(?:extend(?:s|ed|ing)?|expand(?:s|ed|ing)?|augment(?:s|ed|ing)?|enrich(?:es|ed|ing)?|"
        r"supplement(?:s|ed|ing)?|modif(?:y|ies|ied|ying)|re-?annotat(?:e|es|ed|ing)|"
        r"re-?label\w*|revis(?:es|ed|ing)|rephras(?:e|es|ed|ing)|paraphras(?:e|es|ed|ing)|"
        r"rewrit(?:e|es|ing|ten)|perturb(?:s|ed|ing)?|converts?|converting|repurpos(?:e|es|ing)|"
        r"recast(?:s|ing)?|reformat(?:s|ted|ting)?|transform(?:s|ing)?)\s+(?:[\w-]+\s+){0,3}?"
        r"(?:of\s+)?(?=the\b|[A-Z`\"(])",
        _IN,
        _R.REWRITING,
        _S.FAIR,
        reach=90,
    ),
    cue(
        r"\b(?:combination|mixture|mix|blend|union|merge|aggregat\w+|concatenation|compilation|"
        r"amalgamation|intersection|alignment)s?\s+(?:of|between)\b"
        r"|\b(?:combin(?:es?|ed|ing)|merg(?:es?|ed|ing)|mix(?:es|ed|ing)|blend(?:s|ed|ing)|"
        r"unif(?:y|ies|ied|ying)|aggregat(?:es?|ed|ing)|concatenat(?:es?|ed|ing)|"
        r"integrat(?:es?|ed|ing)|incorporat(?:es?|ed|ing))\b",
        _IN,
        _R.MIXTURE,
        _S.FAIR,
        reach=200,
    ),
    cue(
        r"\b(?:consist(?:s|ed|ing)?\s+(?:of|in)|compos(?:ed|es)\s+(?:of|from)|comprised\s+of|"
        r"compris(?:es?|ing)|made\s+up\s+of|made\s+(?:of|from)|collection\s+of|"
        r"formed\s+(?:by|of))\b",
        _IN,
        _R.MIXTURE,
        _S.FAIR,
        reach=220,
    ),
    cue(
        r"\b(?:contain(?:s|ed(?!\s+in\b)|ing)?|includ(?:es?|ed|ing)|cover(?:s|ed|ing)|spann?(?:s|ing)|"
        r"encompass(?:es|ing)?|feature[sd]|added|adding|adds)\b",
        _IN,
        _R.MIXTURE,
        _S.WEAK,
        reach=200,
    ),
    cue(
        r"\b(?:we|they|i|authors?|and|then|curators?|dataset|data|corpus|it)\s+(?:\w+\s+){0,2}?"
        r"(?:use|used|uses|using|utili[sz]e[sd]?|leverage[sd]?|employ(?:s|ed)?|adopt(?:s|ed)?|"
        r"chose|reuse[sd]?|select(?:s|ed)?|annotated?|mine[ds]?|take|took|process(?:ed)?)\b"
        r"(?!\s+(?:to|for|by|in)\b)",
        _IN,
        _R.DERIVATION,
        _S.WEAK,
        reach=110,
    ),
    cue(
        r"\b(?:by|via|through|when)\s+(?:\w+ly\s+)?(?:using|leveraging|utili[sz]ing|"
        r"re-?using|sampling|annotating|mining|processing|aligning|prompting\s+with)\b|\busing\b",
        _IN,
        _R.DERIVATION,
        _S.WEAK,
        reach=90,
    ),
    cue(
        r"\b(?:annotat|label)(?:e|es|ed|l?ing)\s+(?:the\s+)?(?=(?-i:[A-Z]))",
        _IN,
        _R.ANNOTATION,
        _S.FAIR,
        reach=60,
    ),
    cue(
        r"\b(?:annotat(?:ed|ions?|ing)|label(?:l?ed|s|l?ing))(?:\s+\w+){0,3}?\s+"
        r"(?:of|on|over|for|from|to)\b",
        _IN,
        _R.ANNOTATION,
        _S.FAIR,
        reach=110,
    ),
    cue(
        r"\b(?:prompts?|questions?|problems?|instructions?|queries|seeds?|passages?|articles?|"
        r"documents?|texts?|sentences?|examples?|samples?|data|dialog(?:ue)?s?|conversations?|"
        r"images?|captions?|subtitles?|clips?|videos?|posts?|comments?|headlines?|scripts|files|lyrics|recordings?|tasks?|items?|instances?|entries|records|materials?|"
        r"statements?|pairs?|stories|summaries|paragraphs?|urls?|pages?|annotations?|claims?|"
        r"tweets|reviews|utterances|premises?|hypothes[ei]s|solutions?|traces)"
        r"\s+(?:\(?(?!span|rang|differ|suffer|vary)\w+\)?\s+)?(?:from|in|of)\b",
        _IN,
        _R.DERIVATION,
        _S.FAIR,
        reach=70,
        noun=True,
    ),
    cue(
        r"\b(?:source|original|underlying|seed|base|parent|upstream|raw|input)s?\s*"
        r"(?:data(?:\s?sets?)?|corpus|corpora|text|documents?|benchmarks?)?\s*"
        r"(?:is|are|was|were|come|comes|:|=)(?=\s|$)"
        r"|\b(?:data\s+)?sources?(?:\s+\w+){0,6}?\s+(?:is|are|was|were|include[sd]?|:)(?=\s|$)",
        _IN,
        _R.DERIVATION,
        _S.FAIR,
        reach=120,
    ),
    cue(
        r"\b(?:originally|first|initially)\s+(?:from\b|part\s+of\b|(?:introduced|proposed|used|created|"
        r"collected|published|released|built|annotated|compiled)\s+(?:in|by|for|from|as|with)\b|in\b)",
        _IN,
        _R.DERIVATION,
        _S.FAIR,
        reach=90,
    ),
    cue(
        r"^\s+(?:passages|articles|texts?|data|contents?|posts|images|pages|sentences|tweets|comments)"
        r"\s+(?:are|is)\s+(?:shared|licen[cs]ed|released|distributed|available|provided)\s+under\b",
        _IN,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        1,
    ),
    cue(
        r"\b(?:examples|annotations?|labels|translations?|perturbations|corrections|rationales|"
        r"explanations|paraphrases|test\s+sets?)\s+(?:for|on)\b",
        _IN,
        _R.ANNOTATION,
        _S.FAIR,
        reach=70,
        noun=True,
    ),
    cue(
        r"(?:^|[-:(|,]\s)from\b|\bfrom\s+(?:the|these|\w+\s+datasets?)\b|\bfrom(?=\s+[A-Z`])",
        _IN,
        _R.DERIVATION,
        _S.WEAK,
        reach=60,
    ),
    cue(
        r"(?<!-)\b(?:re-?balanc|convert|translat|annotat|filter|extend|augment|split|clean|preprocess"
        r"|relabel|reformatt?|subsampl|re-?structur|modif|adapt|enrich|paraphras|rewritt?en)\w*"
        r"(?:\s+(?:in)?to\b|\s+(?:by|with|using|for|and)\b|\s*[.,;)])",
        _IN,
        _R.DERIVATION,
        _S.WEAK,
        _BEFORE,
        40,
    ),
    cue(
        r"\b(?:each|every|all)\s+(?:of\s+the\s+)?(?:sub-?sets?|sources?|components?|constituents?)\b"
        r"|\blist\s+of\s+(?:the\s+)?(?:\w+\s+)?(?:data ?sets|sources)\b",
        _IN,
        _R.MIXTURE,
        _S.FAIR,
        reach=90,
    ),
    cue(
        r"\b(?:fixes|corrections?|changes|updates|modifications|improvements)\s+(?:to|of|in)\b",
        _IN,
        _R.REVISION,
        _S.FAIR,
        reach=60,
    ),
    cue(
        r"\bsame\s+(?:[\w-]+\s+){0,2}?(?:prompts|questions|instructions|seeds|passages|images|"
        r"articles|documents|sentences|inputs|queries|texts|rows|source\s+data|data)\s+(?:as|from)"
        r"(?:\s+in)?\b",
        _IN,
        _R.DERIVATION,
        _S.STRONG,
        reach=40,
    ),
    cue(
        r"\bseed\s+(?:tasks?|sets?|prompts?|questions?|instructions?|data|examples?|problems?)"
        r"(?:\s+\w+){0,2}?\s+(?:from|of|as|in|by)\b",
        _IN,
        _R.SYNTHESIS,
        _S.STRONG,
        reach=60,
    ),
    cue(r"\bcontribut\w*\s+to\s+(?:our|this|the)\b", _IN, _R.MIXTURE, _S.STRONG, _BEFORE, 60),
    cue(
        r"^[-\s]*(?:based|derived|sourced|extracted|translated|subset|portion)\b",
        _IN,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        3,
    ),
    cue(
        r"\b(?:is|are|was|were|has been|have been)\s+(?:\w+ly\s+)?(?:used|translated|"
        r"converted|filtered|annotated|extended|combined|merged|included|added|selected|chosen|"
        r"extracted|processed|sampled|adapted|augmented|transformed|re-?annotated|aligned|split"
        r"|taken|collected|mined|re-?purposed|incorporated)\b"
        r"(?!\s+(?:to\s+(?:train|evaluat|test|assess|benchmark)|for\s+(?:evaluat|train|test)|by\b))",
        _IN,
        _R.DERIVATION,
        _S.WEAK,
        _BEFORE,
        50,
    ),
    cue(
        r"\bserve[sd]?\s+as\s+(?:the\s+|a\s+|our\s+)?(?:source|basis|base|seed|starting|input)",
        _IN,
        _R.DERIVATION,
        _S.STRONG,
        _BEFORE,
        60,
    ),
    cue(
        r"元データ|原データ|データソース|から(?:作成|抽出|翻訳|構築)", _IN, _R.DERIVATION, _S.STRONG
    ),
    cue(
        r"基于|来自|来源于|源自|取自|选自|翻译自|抽取自|收集自|采样自|出自|改编自|摘自",
        _IN,
        _R.DERIVATION,
        _S.STRONG,
    ),
    cue(
        r"由|包含|包括|整合|融合|合并|混合|使用|利用|采用|借助", _IN, _R.MIXTURE, _S.WEAK, reach=60
    ),
    cue(
        r"翻译(?:而来|得到|成|为)|的翻译|(?:过滤|清洗|筛选|扩展|改写|抽取)(?:得到|而来|而成)",
        _IN,
        _R.TRANSLATION,
        _S.FAIR,
        _BEFORE,
        25,
    ),
)
