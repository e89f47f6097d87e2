"""The values that flow through the project, all frozen.

    sources -> Document -> Proposal, Fact -> Edge, Dataset -> Verdict -> store -> Finding

Everything here validates itself, so a value that exists is well formed wherever it came
from, and turns into JSON and back without loss (`model_dump_json`, `model_validate_json`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from lineage.identity import DatasetId


def _id_from(value: Any) -> DatasetId:
    if isinstance(value, DatasetId):
        return value
    if isinstance(value, str):
        return DatasetId.parse(value)
    raise ValueError(f"a dataset id is written as text, not {type(value).__name__}")


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("an instant lies within the years 1 to 9999") from error


Id = Annotated[
    DatasetId,
    PlainValidator(_id_from),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "description": "[hub:]name[@revision][#[config][/split]]"}),
]
"""A `DatasetId` that is text in JSON."""

Instant = Annotated[datetime, AfterValidator(_to_utc)]
"""A moment in UTC; what *known to us* is measured in."""


def _on_the_calendar(value: str) -> str:
    if len(value) == len("2026-11-20"):
        date.fromisoformat(value)  # ValueError where there is no such day
    return value


PartialDate = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-\d{2})?)?$"),
    AfterValidator(_on_the_calendar),
]
"""`YYYY`, `YYYY-MM` or `YYYY-MM-DD`; what *true in the world* is measured in. Text order is
time order, except that a year sorts before its months."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Text = Annotated[str, StringConstraints(max_length=20_000)]


def now() -> datetime:
    """This moment in UTC, to the microsecond."""
    return datetime.now(UTC)


class Value(BaseModel):
    """Base of all values here: frozen, and unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class NodeKind(StrEnum):
    """What a node of the graph is."""

    DATASET = "dataset"
    BENCHMARK = "benchmark"  # made to evaluate; may have a train split all the same
    SOURCE = "source"  # website, book, encyclopaedia, crawl
    MODEL = "model"  # as teacher of a dataset, or as consumer trained on one


class Relation(StrEnum):
    """How the child was made from the parent: a closed set (docs/relations.md).

    `derivation` says that derivation is stated but not which; it gives way to any of the
    others when evidence is merged. `training` joins a model to what it was trained on.
    """

    SUBSET = "subset"
    MIXTURE = "mixture"
    COPY = "copy"  # same rows, perhaps another format
    REVISION = "revision"
    FILTERING = "filtering"
    TRANSLATION = "translation"
    REWRITING = "rewriting"  # paraphrase, evolution, augmentation, perturbation
    REGENERATION = "regeneration"  # prompts kept, responses new: distillation
    SYNTHESIS = "synthesis"  # new rows from seeds or passages
    ANNOTATION = "annotation"  # labels, scores or structure added to the parent's rows
    TRAINING = "training"
    DERIVATION = "derivation"


class Role(StrEnum):
    """What the parent was to the child. Only `included` lets rows (and leaks) flow."""

    INCLUDED = "included"
    TEACHER = "teacher"  # a model that wrote or judged text of the child
    REMOVED = "removed"  # rows that matched the parent were taken out
    COMPARED = "compared"
    EVALUATED = "evaluated"  # models were tested on the parent
    INSPIRED = "inspired"  # idea, method or format taken over, no rows

    @property
    def carries_data(self) -> bool:
        """Whether rows of the parent can be in the child."""
        return self is Role.INCLUDED


class Method(StrEnum):
    """How a piece of evidence was come by."""

    DECLARED = "declared"  # a structured field that states lineage: YAML, Croissant
    ROWS = "rows"  # a provenance column of the records themselves
    RULES = "rules"  # prose, list, table or caption, read by rule
    LLM = "llm"
    CONTENT = "content"  # overlap measured in the records
    MANUAL = "manual"  # a person said so
    IMPORTED = "imported"  # another tool's graph


class DocumentKind(StrEnum):
    """What sort of document a text came from."""

    CARD = "card"
    PAPER = "paper"
    PAGE = "page"  # web page, README of a repository, note
    CROISSANT = "croissant"
    ROWS = "rows"  # a summary of provenance columns, one line a value
    MODEL_CARD = "model_card"
    RECORD = "record"  # something a person or another tool said; see Method


class Document(Value):
    """One text about one dataset, as read; evidence points into `text`.

    `page_starts` are the offsets in `text` at which pages begin (empty: no pages).
    `metadata` is the parsed front matter or JSON, as plain data. `skipped` lists, in
    words, what was not read and why, so that nothing is truncated in silence.
    """

    id: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    dataset: Id
    kind: DocumentKind
    text: str
    sha256: Sha256
    fetched_at: Instant
    version: str | None = None  # ETag or commit: what `refresh` compares
    metadata: dict[str, Any] = {}
    page_starts: tuple[int, ...] = ()
    skipped: tuple[str, ...] = ()

    def location(self, offset: int) -> str:
        """Where `offset` lies, for a person: `page 3`, else `line 17` (both from 1)."""
        if self.page_starts:
            return f"page {sum(start <= offset for start in self.page_starts) or 1}"
        return f"line {self.text.count(chr(10), 0, offset) + 1}"


class Evidence(Value):
    """One reason to believe a statement: where it stands, word for word, and who read it.

    `start` and `end` are character offsets of `quote` in the document's text; both None
    where the document has no running text (a measurement, a person's word).
    """

    document: str
    sha256: Sha256 | None = None
    kind: DocumentKind
    quote: Text = ""
    start: Annotated[int, Field(ge=0)] | None = None
    end: Annotated[int, Field(ge=0)] | None = None
    location: str = ""
    method: Method
    reader: str  # name and version: "rules/1", or a person
    model: str | None = None
    prompt: str | None = None  # prompt file and version
    confidence: Probability
    found_at: Instant
    note: str = ""

    @model_validator(mode="after")
    def _ends_behind_its_start(self) -> Self:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"a quote ends behind its start: {self.start} to {self.end}")
        return self

    @cached_property
    def id(self) -> str:
        """A digest of what was said where and read by whom; not of when it was read."""
        parts = (
            self.document,
            self.sha256,
            self.kind,
            self.quote,
            self.start,
            self.end,
            self.method,
            self.reader,
            self.model,
            self.prompt,
            self.note,
        )
        return digest(*parts)


class Proposal(Value):
    """A claim read from one document: this child has this parent, in its own words.

    `parent_name` is the name as written and occurs in the evidence's quote. `parent_id` is
    set where the document itself gives an id (a Hub link, a YAML entry), never by guess.
    """

    child: Id
    parent_name: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    parent_id: Id | None = None
    parent_kind: NodeKind | None = None
    parent_config: str | None = None
    parent_split: str | None = None
    relation: Relation
    role: Role = Role.INCLUDED
    evidence: Evidence


class FactKey(StrEnum):
    """What a `Fact` is about."""

    LICENCE = "licence"
    RELEASED = "released"
    MODIFIED = "modified"
    SIZE = "size"  # as stated, with its unit: "7,473 rows", "10K<n<100K"
    DOMAIN = "domain"
    LANGUAGE = "language"
    ACCESS = "access"  # public, gated, missing
    ARXIV = "arxiv"
    NAME = "name"  # another written name of the dataset itself


class Fact(Value):
    """One property of one dataset, with its evidence. Facts may disagree; all are kept."""

    dataset: Id
    key: FactKey
    value: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    evidence: Evidence


class Dataset(Value):
    """A node: a dataset, benchmark, external source or model, and what is known of it.

    `documented` is True once a document about it has been read; a parent that was only
    ever named is False.
    """

    id: Id
    kind: NodeKind = NodeKind.DATASET
    name: str = ""
    facts: tuple[Fact, ...] = ()
    documented: bool = False

    @model_validator(mode="after")
    def _is_a_node(self) -> Self:
        if self.id != self.id.base:
            raise ValueError(f"a node has no revision, config or split: {self.id}")
        return self

    @property
    def label(self) -> str:
        """The name to show: as its authors write it, else its id."""
        return self.name or (str(self.id) if self.id.hub != "name" else self.id.name)

    def values(self, key: FactKey) -> tuple[str, ...]:
        """Distinct stated values, the best-supported first; empty where none is known."""
        best: dict[str, float] = {}
        for fact in self.facts:
            if fact.key is key:
                best[fact.value] = max(best.get(fact.value, 0.0), fact.evidence.confidence)
        return tuple(sorted(best, key=lambda value: (-best[value], value)))

    def value(self, key: FactKey) -> str | None:
        """The best-supported value, or None: not known, which is not the same as none."""
        return next(iter(self.values(key)), None)


class VerificationState(StrEnum):
    """What the records say of an edge. Missing records never turn into a no."""

    UNVERIFIED = "unverified"
    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"


class Verdict(Value):
    """The outcome of checking an edge, with the reason and what was measured."""

    state: VerificationState
    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    by: str
    at: Instant
    measures: dict[str, FiniteFloat] = {}


class Flag(StrEnum):
    """Something odd about an edge; it is kept, and shown. All but the last are told by the
    graph as a whole (`LineageGraph.flags`): what is true of an edge changes with its
    neighbours.
    """

    SELF_LOOP = "self-loop"
    CYCLE = "cycle"
    PARENT_LATER = "parent-later"  # the parent was first released after the child
    AMBIGUOUS_NAME = "ambiguous-name"


class Closure(Value):
    """Why an edge no longer counts, who closed it and when. Its evidence is kept."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    by: str
    manual: bool  # a person's decision: later readings do not reopen it


class Edge(Value):
    """The child was made from the parent (or removed, compared, ...: see `role`).

    Either end may be narrowed to a config or split. `confidence` is the estimated
    probability that a careful person who reads the cited documents agrees that this
    parent stands in this role; it says nothing of the records, which is what `verdict`
    is for. Two clocks: `valid_from`/`valid_to` when it was true in the world (None:
    unknown, or still), `recorded_at`/`superseded_at` when we knew it so.
    """

    child: Id
    parent: Id
    relation: Relation
    role: Role = Role.INCLUDED
    evidence: tuple[Evidence, ...] = ()
    confidence: Probability
    verdict: Verdict | None = None
    flags: tuple[Flag, ...] = ()
    valid_from: PartialDate | None = None
    valid_to: PartialDate | None = None
    recorded_at: Instant
    superseded_at: Instant | None = None
    closure: Closure | None = None

    @cached_property
    def id(self) -> str:
        """The same for the same child, parent, relation and role, in every run and store."""
        return digest(str(self.child), str(self.parent), self.relation, self.role)

    @property
    def state(self) -> VerificationState:
        """What the records say; `unverified` before anyone looked."""
        return self.verdict.state if self.verdict else VerificationState.UNVERIFIED

    @property
    def carries_data(self) -> bool:
        """Whether rows can have come down this edge: included, not contradicted, open."""
        contradicted = self.state is VerificationState.CONTRADICTED
        return self.role.carries_data and not contradicted and self.closure is None


class Failure(Value):
    """Something could not be read: which dataset and document, at what step, and why."""

    dataset: Id
    document: str = ""
    step: str  # source, read, resolve
    error: str  # class of the error: NotFound, Unreadable, ...
    message: str
    at: Instant

    @classmethod
    def of(cls, dataset: DatasetId, step: str, error: Exception, *, document: str = "") -> Failure:
        """The error as a value, recorded on the dataset. Where no document is given, the
        address that the error carries is it.
        """
        return cls(
            dataset=dataset.base,
            document=document or str(getattr(error, "address", "")),
            step=step,
            error=type(error).__name__,
            message=str(error)[:2000] or type(error).__name__,
            at=now(),
        )


class Rejection(Value):
    """A proposal that was not believed, and the reason."""

    child: Id
    parent_name: str
    reason: str
    quote: Text = ""
    document: str = ""


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Value):
    """One result of an analysis: what, about which datasets and edges, in a sentence."""

    kind: str
    severity: Severity
    message: str
    datasets: tuple[Id, ...] = ()
    edges: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


MAX_CONFIDENCE: Final = 0.99
"""Documents alone never make certain."""


def combined(confidences: Iterable[float]) -> float:
    """Noisy-or of independent reasons, at most `MAX_CONFIDENCE`; 0.0 for no reason.

    The usual combination for independent causes (Pearl 1988, section 4.3.2). Callers pass
    one number a document: two quotes from one card are not two witnesses.

    >>> round(combined([0.5, 0.5]), 2)
    0.75
    """
    doubt = 1.0
    for confidence in confidences:
        doubt *= 1.0 - confidence
    return round(min(MAX_CONFIDENCE, 1.0 - doubt), 4)


def believed(evidence: Iterable[Evidence]) -> float:
    """How far this evidence makes an edge believed: the best of each witness, `combined`; a
    witness is a document, or documents of equal bytes.

    What a person said counts as said: the latest word of one, where there is any.
    """
    every = tuple(evidence)
    spoken = [one for one in every if one.method is Method.MANUAL]
    if spoken:
        return max(spoken, key=lambda one: one.found_at).confidence
    best: dict[str, float] = {}
    for one in every:
        witness = one.sha256 or one.document
        best[witness] = max(best.get(witness, 0.0), one.confidence)
    return combined(best[witness] for witness in sorted(best))


def digest(*parts: object) -> str:
    """32 hex digits that depend on the parts and their order, and on nothing else."""
    joined = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()
