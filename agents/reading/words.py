"""Word lists and shapes: what can be a name, what never is one, and which names are models."""

from __future__ import annotations

import re
from typing import Final

MODEL: Final = re.compile(
    r"(?<![\w/])(?:gpt[- ]?(?:[1-9](?:\.\d)?|j|neox?)[ou]?(?:[- ](?:turbo|mini|nano|vision|"
    r"preview|oss|\d{1,4}[bk]?|v))*|chat ?gpt|instructgpt|text-davinci-\d{3}|code-davinci-\d{3}|"
    r"davinci|openai o[134](?:-mini|-preview)?|o[134]-(?:mini|preview|high)|codex|"
    r"claude(?:[- ](?:[1-4](?:\.\d)?|instant|opus|sonnet|haiku|v\d))*|palm(?:[- ]?2)?|"
    r"gemini(?:[- ](?:\d(?:\.\d)?|pro|flash|ultra|thinking|exp))*|gemma(?:[- ]?\d[\w.-]*)?|"
    r"(?:meta[- ])?(?:code ?)?llama(?:[- ]?[234](?:\.\d)?)?(?:[- ](?:\d{1,3}b|chat|instruct))*|"
    r"vicuna(?:[- ]\d{1,2}b)?|mixtral[\w.-]*|"
    r"mistral(?:[- ](?:\d{1,3}b|large|small|instruct|nemo|v[\d.]+))*|"
    r"qw[qe]n?(?:[- ]?\d(?:\.\d)?)?"
    r"(?:[- ](?:vl|math|coder|max|plus|turbo|\d{1,3}b|instruct|preview|chat))*|"
    r"r1(?:[- ]?zero)?|"
    r"deepseek[- ]?(?:r1|v[23](?:\.\d)?|coder|math|llm|prover|chat|reasoner)[\w.-]*|"
    r"yi-\d{1,2}b[\w-]*|phi-?[1-4][\w.-]*|nemotron[\w.-]*|command[- ]r\+?|flan[- ]?t5[\w-]*|"
    r"t5|m?bart|bert|roberta|falcon-\d{1,3}b|bloomz?|opt-\d[\w.]*|wizardlm[\w.-]*|grok[- ]?\d*|"
    r"glm-?\d[\w.-]*|chatglm[\w-]*|baichuan[\w-]*|internlm[\w.-]*|nllb[\w.-]*|whisper[\w-]*|"
    r"dall[-·]?e(?:[- ]?\d)?|stable[- ]diffusion|google translate|deepl|bard|ernie[\w.-]*|"
    r"starcoder[\w.-]*|olmo[\w.-]*|smollm[\w.-]*|granite[\w.-]*|aya[- ]\w+|kimi[\w.-]*)"
    r"(?![\w/])",
    re.IGNORECASE,
)

NOT_DATA: Final = re.compile(
    r"\.(?:png|jpe?g|gif|svg|py|ipynb|md|sh|txt|jsonl?|csv|tsv|pdf|html?|ya?ml|zip|gz|tar)$",
    re.IGNORECASE,
)

_WORDS_GENERIC: Final = """\
a an the this that these those our we it its their they each every all any some both such
dataset datasets data corpus corpora benchmark benchmarks collection challenge database treebank
task tasks shared test train training development dev validation evaluation eval source sources
original new old first second third final full main raw clean cleaned parallel monolingual
multilingual bilingual english chinese french german spanish hindi arabic russian japanese
korean portuguese italian dutch turkish vietnamese thai indonesian polish romanian swedish
danish finnish norwegian greek hebrew czech bengali urdu tamil telugu persian ukrainian latin
european indian african american asian nlp nli qa mrc sft dpo rl rlhf rlvr ner pos mt asr tts
llm llms ai ml api iob bio json jsonl csv tsv xml html pdf url urls gpu cpu mb gb kb id ids usa
us uk eu un hf hub huggingface hugging face github kaggle paper papers here link download
website homepage page repository repo code model models blog post card viewer project
leaderboard demo license licence pretraining pre-training instruction instructions preference
conversation conversations dialogue dialog chat math mathematics coding reasoning question
questions answer answers image images text texts speech audio video videos medical legal
financial biomedical scientific science news machine learning language languages translation
summarization classification recognition retrieval detection generation inference understanding
comprehension reading natural processing sentence sentences document documents word words table
tables figure section appendix version part split splits subset subsets sample samples example
examples instance instances row rows release public open synthetic human annotated labeled
unlabeled large small big high low quality large-scale additional other more further most many
several various multiple different same similar existing previous current following for from in
on of to with by and or as at is are was were be been has have if when while since although
however note see also please use using used contains includes creative commons mit apache cc
wikipedia web internet online twitter university institute research association conference
workshop proceedings acl emnlp naacl neurips iclr icml lrec semeval cvpr pytorch tensorflow
python java javascript rust sql json bert t5 gpt lora sota f1 bleu rouge em cot rag faq todo pii
curation rationale field fields features feature label labels annotation annotations structure
summary description information creation usage details default general domain specific single-
turn multi-turn multi single zero-shot few-shot long short context knowledge common base level
human-written user users assistant system prompt prompts response responses none null true false
yes no january february march april may june july august september october november december
monday v1 v2 v3 1 2 3 4 5 total average number size name type domain combined mixed custom
private internal external generated processed filtered translated ours reference sentences
textbooks books wiki
"""

GENERIC: Final = frozenset(_WORDS_GENERIC.split())
"""Words that do not make a name of their own."""

_WORDS_LANGUAGES: Final = """\
chinese french german spanish hindi arabic russian japanese korean portuguese italian dutch
turkish vietnamese thai indonesian polish romanian swedish danish finnish norwegian greek hebrew
czech bengali urdu tamil telugu persian ukrainian latin hungarian bulgarian croatian serbian
catalan basque galician icelandic estonian latvian lithuanian slovak slovenian swahili uzbek
kazakh kyrgyz turkmen azerbaijani yakut tatar bashkir mongolian burmese khmer lao malay javanese
sundanese tagalog filipino cebuano nepali sinhala marathi gujarati punjabi kannada malayalam
assamese oriya odia pashto kurdish amharic somali hausa igbo yoruba zulu xhosa afrikaans sesotho
tswana shona welsh irish scottish gaelic breton maltese albanian macedonian belarusian georgian
armenian esperanto cantonese mandarin taiwanese sanskrit english
"""

LANGUAGES: Final = frozenset(_WORDS_LANGUAGES.split())
"""A language before a known name makes it another dataset: `Danish Universal Dependencies`."""

_WORDS_MAKERS: Final = """\
stanford google microsoft facebook meta openai anthropic nvidia allenai ai2 amazon apple ibm
deepmind salesforce databricks mozilla baidu tencent alibaba
"""

MAKERS: Final = frozenset(_WORDS_MAKERS.split())

COMMON: Final = GENERIC | MAKERS | LANGUAGES

_WORDS_LEADING: Final = """\
the this that these those our we it its their each every all both such in on of for from to with
by and or as at while since although however note see also please if when using use used a an
original new full most some any english's only what how another following existing first second
similar unlike like then finally also here there you your i my is are was because after before
during within given specifically additionally moreover furthermore instead based
"""

LEADING: Final = frozenset(_WORDS_LEADING.split())

_WORDS_PATH_HEADS: Final = """\
data src scripts assets figures images docs train test dev val examples models configs tools
eval evaluation datasets dataset home usr tmp and or input output question answer raw main tree
blob bin lib results outputs checkpoints ckpt http https path to your
"""

PATH_HEADS: Final = frozenset(_WORDS_PATH_HEADS.split())

_WORDS_SUFFIXES: Final = """\
style like based derived format formatted inspired sourced specific related compatible alike
type only and esque
"""

SUFFIXES: Final = frozenset(_WORDS_SUFFIXES.split())

PLATFORM = re.compile(
    r"^(?:amazon-)?mechanical-turk|mturk|upwork|crowd-?flower|figure-eight|prolific|appen\b"
    r"|surge-?ai|^scale-ai|toloka|hugging-?face-hub|^google-?(?:drive|translate)|zenodo"
)
"""Where people work or files lie: never where the data comes from by being named."""

TOOL = re.compile(
    r"\b(?:api|apis|sdk|hub|leaderboard|papers?|repository|toolkit|library|team|models?|code|blog|"
    r"report|website|demo|space|scripts?|notebook|tools?|classifiers?|parser|pipeline|tokenizer)$",
    re.IGNORECASE,
)

NEVER = re.compile(
    r"(?:-(?:generated|driven|based|only|level|style|language|speaking|written|annotated|"
    r"labell?ed|tuned|trained|centric|specific|aligned|oriented|focused|related|free|aware|"
    r"guided|coded|quality|scale|source|domain|turn|shot|hop|end)|\bet al\.?,?\s*\(?\d{0,4}.*"
    r"|,\s(?:19|20)\d{2}[a-z]?)$"
    r"|^(?:readme|html|json|jsonl|csv|api|apis|pdfs?|yaml|xml|url|urls|faq|todo|wip|tba|tbd|n/?a|"
    r"easy|medium|hard|none|unknown|null|true|false|total|sum|all|others?|misc|average|overall|"
    r"de-?duplicate|filter|merge|combine|convert|download|prepare|process|clean|collect|"
    r"ios|android|macos|windows|linux|iphone|web|"
    r"ours?(?:\s.*)?|here|link|code|paper|blog|website|download|arxiv paper|homepage|"
    r"apache(?:[- ]2\.0)?|apache license.*|mit|mit license|cc[- ]by.*|odc-by.*|gpl.*|bsd.*)$",
    re.IGNORECASE,
)
"""What looks like a name and never is one of data."""

DATA_NOUN = re.compile(r"data ?set|corpus|corpora|benchmark|data\b")

_VERSION = re.compile(
    r"[- ]?v\d{1,2}(?:\.\d{1,2}){0,2}\b|[- ]\d\.\d\b"
    r"|\s?\((?:up to|until|till|before|after|since|from|pre-|≤|<)\s?"
    r"[^()\n]{0,12}\d{4}[^()\n]{0,8}\)"
)


def version_end(plain: str, end: int) -> int:
    """Where a name that ends at `end` ends with the version or years behind it."""
    match = _VERSION.match(plain, end)
    return match.end() if match else end


def looks_like_name(name: str) -> bool:
    """Whether the words look like a proper name of data rather than a common noun."""
    words = re.split(r"[\s/]+", name.strip())
    telling = [
        w
        for w in words
        if not all(part in COMMON for part in w.casefold().strip("().,'’").split("-"))
    ]
    if re.fullmatch(r"[A-Z]{1,3}s?|[\d.,]+\s?[kKmMbB]?|HITs|README(?:\.md)?|SMS", name.strip()):
        return False
    if NEVER.search(name.strip()):
        return False
    if not telling or len(name) < 3 or NOT_DATA.search(name) or TOOL.search(name):
        return False
    return any(
        sum(c.isupper() for c in word) >= 2
        or (any(c.isdigit() for c in word) and any(c.isalpha() for c in word))
        or ("-" in word and word[:1].isupper())
        or "_" in word
        for word in telling
    )


def trimmed(words: str) -> tuple[int, int]:
    """Span of the words without leading and trailing generic ones."""
    spans = [(m.start(), m.end(), m[0]) for m in re.finditer(r"\S+", words)]
    while spans and spans[0][2].strip("().,'’").casefold() in LEADING:
        spans.pop(0)
    while spans and spans[-1][2].strip("().,'’").casefold() in LEADING:
        spans.pop()
    if not spans:
        return 0, 0
    left, right = spans[0][0], spans[-1][1]
    return left, left + len(words[left:right].rstrip(".,;:'’&/"))
