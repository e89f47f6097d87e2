"""Papers of a card: which are its own, and how they are fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from effort import growth
from hub_server import HubServer, endless, redirect, status
from pdf_files import pdf

from agents.sources import FolderSource, PaperFetcher, Patience, WithPapers
from agents.sources.cited import own_papers
from lineage.errors import AccessDenied, InvalidName, NotFound, Unreachable, Unreadable
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, Failure

A = DatasetId.parse("org/a")


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.papers["2304.12244"] = pdf([["An own paper."], ["We evolve Alpaca."]])
        yield server


def _papers(hub: HubServer, **settings: object) -> PaperFetcher:
    return PaperFetcher(
        hub.url, patience=Patience(sleep=lambda _: None), delay_seconds=0,
        **settings,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("card", "own", "others"),
    [
        ("- **Paper:** [name](https://arxiv.org/abs/2304.12244v3)", ["2304.12244"], []),
        ("[Paper](https://arxiv.org/pdf/2304.12244.pdf) and [Code](x)", ["2304.12244"], []),
        ("[![arXiv](b.svg)](https://arxiv.org/abs/2304.12244)", ["2304.12244"], []),
        ("We use the method of arXiv:2101.00027 here.", [], ["2101.00027"]),
        ("Unlike [the Pile](https://arxiv.org/abs/2101.00027) we", [], ["2101.00027"]),
        (
            "@article{a,\n eprint={2304.12244},\n}\n@misc{b,\n url={arxiv.org/abs/2101.00027}}",
            ["2304.12244"],
            ["2101.00027"],
        ),
        ("Paper: hep-th/9901001 is no link; Paper 12.", [], []),
        ("Paper: https://arxiv.org/abs/hep-th/9901001", ["hep-th/9901001"], []),
    ],
)
def test_a_cards_own_papers(card: str, own: list[str], others: list[str]) -> None:
    kept, rest = own_papers(card, {})
    assert [one.arxiv for one in kept] == own
    assert list(rest) == others
    for one in kept:
        assert card[one.start : one.end] == one.arxiv


def test_header_keys_and_a_single_tag_count_and_many_tags_do_not() -> None:
    assert own_papers("", {"arxiv": "2101.10010"})[0][0].arxiv == "2101.10010"
    one = {"_hub": {"tags": ["arxiv:2101.10010", "license:mit"]}}
    assert [paper.arxiv for paper in own_papers("", one)[0]] == ["2101.10010"]
    two = {"_hub": {"tags": ["arxiv:2101.10010", "arxiv:2304.12244"]}}
    assert own_papers("", two) == ((), ("2101.10010", "2304.12244"))


@pytest.mark.parametrize("end", ["\n", " "], ids=["lines", "one line"])
def test_ten_thousand_links_give_three_papers_in_good_time(end: str) -> None:
    def card(count: int) -> str:
        return "".join(f"- Paper: https://arxiv.org/abs/2304.{n:05}{end}" for n in range(count))

    assert growth(lambda count: own_papers(card(count), {}), 2_500) < 10
    own, others = own_papers(card(10_000), {})
    assert [one.arxiv for one in own] == ["2304.00000", "2304.00001", "2304.00002"]
    assert len(others) == 9_997


def test_a_paper_has_pages(hub: HubServer) -> None:
    paper = _papers(hub).paper("2304.12244", A)
    assert paper.id == "arxiv:2304.12244"
    assert paper.kind is DocumentKind.PAPER
    assert paper.location(paper.text.index("evolve")) == "page 2"


def test_a_paper_is_fetched_once(hub: HubServer, tmp_path: Path) -> None:
    first = _papers(hub, cache_dir=tmp_path).paper("2304.12244", A)
    assert _papers(hub, cache_dir=tmp_path).paper("2304.12244", A) == first
    offline = _papers(hub, cache_dir=tmp_path, offline=True)
    assert offline.paper("2304.12244", A) == first
    assert hub.requests == 1
    with pytest.raises(Unreachable, match="offline"):
        offline.paper("2304.00001", A)
    assert hub.requests == 1


def test_requests_keep_their_distance(hub: HubServer) -> None:
    hub.papers["2304.00001"] = hub.papers["2304.12244"]
    papers = PaperFetcher(hub.url, delay_seconds=0.3)
    papers.paper("2304.12244", A)
    papers.paper("2304.00001", A)
    assert hub.times[1] - hub.times[0] >= 0.25


def test_refusals(hub: HubServer) -> None:
    papers = _papers(hub, max_bytes=100_000)
    with pytest.raises(NotFound, match=r"no paper 2304\.99999"):
        papers.paper("2304.99999", A)
    for wrong in ("../../etc/passwd", "2304.12244/../x", "x", "2304.1"):
        with pytest.raises(InvalidName):
            papers.paper(wrong, A)
    hub.papers["2304.00002"] = b"<html>are you a robot?"
    with pytest.raises(Unreadable, match="not a PDF"):
        papers.paper("2304.00002", A)
    hub.papers["2304.00003"] = pdf([["x"]], encrypted=True)
    with pytest.raises(Unreadable, match="encrypted"):
        papers.paper("2304.00003", A)
    hub.always["2304.00004"] = endless
    with pytest.raises(Unreadable, match="100,000 bytes"):
        papers.paper("2304.00004", A)
    hub.always["2304.00005"] = redirect("http://169.254.169.254/latest/meta-data")
    with pytest.raises(AccessDenied, match="another host"):
        papers.paper("2304.00005", A)
    hub.always["2304.00006"] = status(400)
    with pytest.raises(Unreachable, match="400"):
        papers.paper("2304.00006", A)


def test_a_page_of_refusal_is_not_kept_as_the_paper(hub: HubServer, tmp_path: Path) -> None:
    hub.papers["2304.00002"] = b"<html>are you a robot?"
    with pytest.raises(Unreadable, match="not a PDF"):
        _papers(hub, cache_dir=tmp_path).paper("2304.00002", A)
    hub.papers["2304.00002"] = hub.papers["2304.12244"]
    assert "evolve" in _papers(hub, cache_dir=tmp_path).paper("2304.00002", A).text


def test_private_addresses_are_not_asked(hub: HubServer) -> None:
    with pytest.raises(AccessDenied, match=r"private address 127\.0\.0\.1"):
        PaperFetcher(hub.url, delay_seconds=0, allow_private=False).paper("2304.12244", A)
    assert hub.requests == 0
    assert PaperFetcher(hub.url, delay_seconds=0).paper("2304.12244", A).text


def test_the_papers_of_a_card_follow_its_documents(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "org__a.md").write_text(
        "Paper: https://arxiv.org/abs/2304.12244\nPaper: https://arxiv.org/abs/2304.99999\n"
        "As in arXiv:2101.00027."
    )
    source = WithPapers(FolderSource(tmp_path), _papers(hub))
    card, paper, failure = source.documents(A)
    assert isinstance(card, Document)
    assert card.skipped == ("arXiv papers that it only mentions: 2101.00027",)
    assert isinstance(paper, Document)
    assert (paper.id, paper.dataset) == ("arxiv:2304.12244", A)
    assert isinstance(failure, Failure)
    assert (failure.document, failure.error) == ("arxiv:2304.99999", "NotFound")
    assert source.seeds() == (A,)
    assert source.knows(A)
    assert source.covers(card.id)
    assert not source.covers(paper.id)
    assert not source.covers("hf://datasets/org/a/README.md")
    assert source.location == f"{FolderSource(tmp_path).location} + {hub.url}"
    assert source.version(A) == card.version
