"""What reconstruction needs from the world: sources of documents, and readers of them.

Written beside their user; `agents/` keeps these promises.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from lineage.identity import DatasetId
from lineage.model import Dataset, Document, Edge, Fact, Failure, Proposal, Rejection, Value


class Reading(Value):
    """What one reader made of one document. All empty means: read, and nothing stated."""

    proposals: tuple[Proposal, ...] = ()
    facts: tuple[Fact, ...] = ()
    rejections: tuple[Rejection, ...] = ()


class SourceOptions(Value):
    """How documents are fetched. `endpoint` None means `HF_ENDPOINT`, else the Hub itself;
    a token is read from the environment by the Hub client and never kept here.
    """

    offline: bool = False
    cache: Path = Path(".cache/lineage")
    endpoint: str | None = None
    arxiv: str | None = None
    papers: bool | None = None  # None: where the Hub is asked, papers are read too
    hub: bool = False  # also ask the Hub about parents that no folder describes
    lists: tuple[Path, ...] = ()  # files with one dataset id a line
    organisations: tuple[str, ...] = ()


class DocumentSource(Protocol):
    """Gives the documents about a dataset. Used from several threads at once."""

    def seeds(self) -> tuple[DatasetId, ...]:
        """The datasets this source starts from by itself (all cards of a folder, a list
        file, an organisation); empty where it only answers for ids it is asked for.
        """

    @property
    def ignored(self) -> tuple[str, ...]:
        """What it came upon and left alone, each with the reason; empty where nothing was."""

    @property
    def location(self) -> str:
        """What it reads from, for the run log; equal for sources that read the same."""

    def covers(self, document: str) -> bool:
        """Whether a document of this id, were it still there, would be among those that
        this source gives: only then does its absence mean that it was withdrawn.
        """

    def knows(self, dataset: DatasetId) -> bool:
        """Whether it is worth asking for this id; decided without network."""

    def documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
        """Every document about the dataset, one by one, and a Failure for each that
        could not be had, so that one bad file does not hide the others.

        NotFound where the source answers that it has no such dataset, AccessDenied,
        Unreachable or Unreadable where nothing at all about it can be had.
        """

    def version(self, dataset: DatasetId) -> str | None:
        """What `Document.version` of its main document would be now, as cheaply as the
        source can tell (a stat, a HEAD request); None where it cannot be told.
        """


class Reader(Protocol):
    """Turns a document into proposals and facts. A pure function of the document."""

    @property
    def name(self) -> str:
        """Name and version, `rules/1`: stored with each piece of evidence."""

    def read(self, document: Document) -> Reading:
        """What the document states. Every quote occurs in `document.text` at its span and
        names the parent. Unreadable where the document is not what it says it is.
        """


class Resolver(Protocol):
    """Turns proposals about one dataset into edges between identified nodes."""

    def canonical(self, dataset: DatasetId) -> DatasetId:
        """The id under which the graph knows this dataset (`hf:gsm8k` -> `openai/gsm8k`),
        its narrowing kept; the id itself where no rule knows another.
        """

    def named(self, written: str) -> DatasetId:
        """The id of what a person wrote, as `resolve` would give it to a parent so named."""

    def resolve(
        self, proposals: tuple[Proposal, ...], facts: tuple[Fact, ...]
    ) -> tuple[tuple[Dataset, ...], tuple[Edge, ...], tuple[Rejection, ...]]:
        """The nodes (children and parents), the merged edges, and what was turned down.

        A name that no rule resolves becomes a node of hub `name`, never a guess.
        """
