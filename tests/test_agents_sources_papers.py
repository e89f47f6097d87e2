"""PDF, HTML and TeX as text; encrypted, corrupt and empty files as one clear error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from effort import growth
from pdf_files import pdf

from agents.sources.papers import html_of, pdf_of, plain_of, tex_of
from lineage.errors import Unreadable
from lineage.model import Document, DocumentKind, now


def test_pages_are_where_they_begin() -> None:
    read = pdf_of(pdf([["First page on GSM8K."], ["Second page."], ["Third page on MATH."]]))
    document = Document(
        id="p", dataset="a/b", kind=DocumentKind.PAPER, text=read.text, sha256="0" * 64,
        fetched_at=now(), page_starts=read.page_starts,
    )  # fmt: skip
    assert document.location(read.text.index("GSM8K")) == "page 1"
    assert document.location(read.text.index("Second")) == "page 2"
    assert document.location(read.text.index("MATH")) == "page 3"


def test_words_broken_over_lines_are_joined_as_the_paper_writes_them() -> None:
    lines = [
        "We trans-",
        "late GSM8K and MATH-",
        "Hard by instruction-",
        "tuned models, to com-",
        "plete.",
    ]
    text = pdf_of(pdf([lines, ["translate, instruction-tuned"]])).text
    assert "We translate GSM8K and MATH-Hard by instruction-tuned models, to complete." in " ".join(
        text.split()
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pdf([["secret"]], encrypted=True), "encrypted"),
        (pdf([["cut"]])[:200], "not a PDF"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 50, "not a PDF"),
        (b"", "not a PDF"),
        (pdf([[]]), "no text layer"),
    ],
    ids=["encrypted", "cut", "junk", "empty", "scan"],
)
def test_a_pdf_that_cannot_be_read_says_why(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        pdf_of(data)


def test_pdfs_may_be_read_from_many_threads(tmp_path: Path) -> None:
    """In a process of its own: without the lock, pdfium ends it with a segmentation fault."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf([[f"line {n} of the page" for n in range(30)]] * 5))
    script = (
        "import sys\nfrom concurrent.futures import ThreadPoolExecutor\nfrom pathlib import Path\n"
        "from agents.sources.papers import pdf_of\ndata = Path(sys.argv[1]).read_bytes()\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    found = set(pool.map(lambda _: pdf_of(data).text, range(320)))\n"
        "sys.exit(len(found) != 1)\n"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False)
    assert done.returncode == 0


def test_a_page_keeps_its_links_and_drops_what_nobody_sees() -> None:
    read = html_of(
        b"<title>t</title><h2>Sources</h2><p>From <a href='https://huggingface.co/datasets/a/b'>B"
        b"</a>.</p><script>var hidden1</script><p hidden>hidden2</p><style>hidden3</style>"
        b"<p style='display:none'>hidden4</p><ul><li>one<li>two</ul>"
        b"<table><tr><td>GSM8K<td>7473</table><a href='javascript:x'>plain</a>"
    )
    assert "## Sources" in read.text
    assert "From [B](https://huggingface.co/datasets/a/b)." in read.text
    assert "- one\n" in read.text
    assert "| GSM8K | 7473 |" in read.text
    assert "hidden" not in read.text
    assert "javascript" not in read.text


def test_a_deep_page_is_read_and_one_without_bottom_is_refused_in_good_time() -> None:
    assert "deep" in html_of(b"<div>" * 2_500 + b"deep" + b"<b> </b>" * 50_000).text
    assert "last" in html_of(b"<ul>" + b"<li>item<p>text" * 20_000 + b"last").text
    assert growth(lambda size: html_of(b"<ul>" + b"<li>item<p>text" * size), 5_000) < 10

    def refused(size: int) -> None:
        with pytest.raises(Unreadable, match="nested more than 3,000"):
            html_of(b"<div>" * size)

    assert growth(refused, 100_000) < 10


def test_tex_becomes_prose() -> None:
    text = tex_of(
        rb"""\documentclass{article} % a comment on SQuAD
\section{Data} We filter \textbf{GSM8K}~\cite{cobbe} from \href{https://x.org/a}{its page}, 100\%.
\begin{comment} dropped \end{comment}
\begin{tabular}{lr} Name & Rows \\ \hline MATH & 12 \\ \end{tabular}"""
    ).text
    assert "We filter GSM8K from [its page](https://x.org/a), 100%." in text
    assert "MATH  |  12" in text
    assert "SQuAD" not in text
    assert "dropped" not in text


@pytest.mark.parametrize("unit", [rb"\a[", rb"\cite[", rb"\begin{x}[", rb"{", b"\\"])
def test_hostile_tex_takes_linear_time(unit: bytes) -> None:
    assert growth(lambda size: tex_of(unit * size), 25_000) < 10


def test_binary_junk_is_no_text() -> None:
    with pytest.raises(Unreadable, match="binary"):
        plain_of(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 10)
    with pytest.raises(Unreadable, match="binary"):
        plain_of(bytes(range(1, 32)) * 100)
