"""Papers from arXiv by id, and the source that adds a card's own papers to its documents."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agents.sources.cache import Cache, Fetcher
from agents.sources.cited import ARXIV_ID, own_papers
from agents.sources.papers import MAX_PAPER, pdf_of
from agents.sources.web import Patience, Web
from lineage.errors import InvalidName, LineageError, NotFound, Unreachable, Unreadable
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, Failure
from lineage.ports import DocumentSource

ARXIV: Final = "https://arxiv.org"
_ID = re.compile(ARXIV_ID)
_PREFIX: Final = "arxiv:"
_AGENT: Final = "dataset-lineage (reads papers that dataset cards cite)"


class PaperFetcher:
    """Papers as text with page numbers, one request in `delay_seconds` (arXiv asks for 3).

    Redirects to other hosts are refused, and so are private addresses, unless
    `allow_private`; by default they are allowed only to a `base_url` of the caller's own
    choice (a mirror in the house, a test's server). What was read once comes from
    `cache_dir` for good: an id without version is kept as it was when first read.
    """

    def __init__(
        self,
        base_url: str = ARXIV,
        *,
        delay_seconds: float = 3.0,
        cache_dir: Path | str | None = None,
        offline: bool = False,
        max_bytes: int = MAX_PAPER,
        patience: Patience | None = None,
        allow_private: bool | None = None,
    ) -> None:
        self.location = base_url.rstrip("/")
        self._max_bytes = max_bytes
        private = self.location != ARXIV if allow_private is None else allow_private
        web = Web(patience, public_only=not private, pause=delay_seconds)
        self._fetcher = Fetcher(web, Cache(cache_dir), offline=offline)

    def paper(self, arxiv: str, dataset: DatasetId) -> Document:
        """The paper as a document about `dataset`.

        InvalidName for what is no arXiv id; NotFound, AccessDenied, Unreachable or
        Unreadable where it cannot be had.
        """
        if not _ID.fullmatch(arxiv):
            raise InvalidName(f"not an arXiv id: {arxiv[:80]!r}; write it as 2304.12244")
        url = f"{self.location}/pdf/{arxiv}"
        answer = self._fetcher.get(
            url,
            headers={"User-Agent": _AGENT},
            max_bytes=self._max_bytes,
            fixed=True,
            keep=_is_pdf,
        )
        if answer.status in {404, 410}:
            raise NotFound(f"arXiv has no paper {arxiv}", address=url)
        if answer.status != 200:
            raise Unreachable(f"{url} answers {answer.status}; try again later", address=url)
        if not _is_pdf(answer.body):
            raise Unreadable(f"{url} is not a PDF; open it in a browser to see why", address=url)
        read = pdf_of(answer.body)
        return Document(
            id=f"{_PREFIX}{arxiv}",
            dataset=dataset,
            kind=DocumentKind.PAPER,
            text=read.text,
            sha256=hashlib.sha256(answer.body).hexdigest(),
            fetched_at=answer.fetched_at,
            version=answer.etag,
            metadata={"arxiv": arxiv},
            page_starts=read.page_starts,
            skipped=read.skipped,
        )


def _is_pdf(body: bytes) -> bool:
    return body.startswith(b"%PDF")


class WithPapers:
    """A source, and after the documents of each dataset the papers its card calls its own.

    At most three a dataset (see `cited.own_papers`); the other papers that the card
    mentions are listed in its `skipped`. A paper that cannot be had is a Failure.
    """

    def __init__(self, source: DocumentSource, papers: PaperFetcher) -> None:
        self._source = source
        self._papers = papers

    def seeds(self) -> tuple[DatasetId, ...]:
        """Those of the source."""
        return self._source.seeds()

    @property
    def ignored(self) -> tuple[str, ...]:
        """What the source left alone."""
        return self._source.ignored

    @property
    def location(self) -> str:
        """That of the source, and where the papers come from."""
        return f"{self._source.location} + {self._papers.location}"

    def covers(self, document: str) -> bool:
        """Whether the source does. A paper is never withdrawn: it still says what it said,
        whichever card names it today.
        """
        return self._source.covers(document)

    def knows(self, dataset: DatasetId) -> bool:
        """Whether the source does."""
        return self._source.knows(dataset)

    def version(self, dataset: DatasetId) -> str | None:
        """That of the source: papers are read once."""
        return self._source.version(dataset)

    def documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
        """Those of the source, then the papers. Raises what the source raises."""
        return self._read(dataset, self._source.documents(dataset))

    def _read(
        self, dataset: DatasetId, documents: Iterator[Document | Failure]
    ) -> Iterator[Document | Failure]:
        wanted: dict[str, None] = {}
        for document in documents:
            if not isinstance(document, Document) or document.kind is not DocumentKind.CARD:
                yield document
                continue
            own, others = own_papers(document.text, document.metadata)
            wanted.update(dict.fromkeys(cited.arxiv for cited in own))
            note = f"arXiv papers that it only mentions: {', '.join(others[:50])}"
            skipped = (*document.skipped, note) if others else document.skipped
            yield document.model_copy(update={"skipped": skipped})
        for arxiv in wanted:
            try:
                yield self._papers.paper(arxiv, dataset)
            except LineageError as error:
                yield Failure.of(dataset, "source", error, document=f"{_PREFIX}{arxiv}")
