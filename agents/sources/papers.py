"""Papers and pages -> text: PDF with page numbers, HTML with its links, TeX without commands."""

from __future__ import annotations

import re
import threading
import unicodedata
from pathlib import Path
from typing import Any, Final

from agents.sources.cards import Read, decoded
from agents.sources.extras import needed
from lineage.errors import Unreadable

MAX_PAPER: Final = 50_000_000
"""Bytes of a paper or page; a larger one is not read."""

MAX_NESTING: Final = 3_000
MAX_PAGES: Final = 500
MAX_PAPER_TEXT: Final = 5_000_000
"""Characters of text taken from one paper."""

_PDFIUM = threading.Lock()  # pdfium keeps global state: one caller at a time

# pdfium writes U+0002 where it saw a hyphen at a line end, and drops the line end.
_BREAK = re.compile(r"(\w{1,40})(?:[-\u00ad\ufffe]\n[ \t]{0,9}|\x02\n?[ \t]{0,9})(\w{1,40})")
_WORD = re.compile(r"\w+(?:-\w+)*")


def pdf_of(data: bytes | Path) -> Read:
    """The text of a PDF, page after page, each ending in a blank line.

    Ligatures become letters (NFKC) and words broken over a line end are joined where the
    document writes them so elsewhere, before the text is handed out: offsets are those of
    the text returned. Unreadable where it is encrypted, corrupt or without a text layer.
    """
    pages, total = _pdf_pages(data)
    skipped = (f"only the first {len(pages)} of {total} pages were read",) * (len(pages) < total)
    cleaned = [_CONTROLS.sub("", unicodedata.normalize("NFKC", page)) for page in pages]
    words = {word.casefold() for page in cleaned for word in _WORD.findall(page)}
    text, starts = "", []
    parts: list[str] = []
    length = 0
    for page in cleaned:
        part = _rejoined(page, words).strip() + "\n\n"
        starts.append(length)
        parts.append(part)
        length += len(part)
    text = "".join(parts)
    if not text.strip():
        raise Unreadable("the PDF has no text layer (a scan?); give its text as a .txt file")
    return Read(text, page_starts=tuple(starts), skipped=skipped)


_CONTROLS = re.compile(r"[\x00\x01\x03-\x08\x0b-\x1f\x7f]")


def _pdf_pages(data: bytes | Path) -> tuple[list[str], int]:
    pypdfium2 = needed("pypdfium2", extra="papers", purpose="reading PDF files")
    pages: list[str] = []
    left = MAX_PAPER_TEXT
    with _PDFIUM:
        try:
            pdf: Any = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise Unreadable(_pdf_problem(error)) from error
        try:
            total = len(pdf)
            for number in range(min(total, MAX_PAGES)):
                text = _page_text(pdf, number)[:left]
                left -= len(text)
                pages.append(text.replace("\r\n", "\n").replace("\r", "\n"))
                if left <= 0:
                    break
        except pypdfium2.PdfiumError as error:
            raise Unreadable(f"page {len(pages) + 1} of the PDF is broken: {error}") from error
        finally:
            pdf.close()
    return pages, total


def _page_text(pdf: Any, number: int) -> str:
    page = pdf[number]
    try:
        layer = page.get_textpage()
        try:
            return str(layer.get_text_bounded())
        finally:
            layer.close()
    finally:
        page.close()


def _pdf_problem(error: Exception) -> str:
    if "assword" in str(error):
        return "the PDF is encrypted with a password; give a copy without one"
    return f"not a PDF that can be opened ({error}); fetch it again"


def _rejoined(page: str, words: set[str]) -> str:
    """The page with broken words joined: by the document's own spelling of them, else
    where both halves are lower-case (a name like `GSM8K-Hard` keeps its hyphen).
    """

    def join(match: re.Match[str]) -> str:
        left, right = match[1], match[2]
        if f"{left}{right}".casefold() in words:
            return left + right
        if f"{left}-{right}".casefold() in words or not (left + right).islower():
            return f"{left}-{right}"
        return left + right

    return _BREAK.sub(join, page)


def plain_of(data: bytes) -> Read:
    """A plain text as it is; Unreadable where this is no text."""
    text, notes = decoded(data)
    return Read(text[:MAX_PAPER_TEXT], skipped=notes + _cut(text))


def _cut(text: str) -> tuple[str, ...]:
    if len(text) <= MAX_PAPER_TEXT:
        return ()
    return (f"only the first {MAX_PAPER_TEXT:,} of {len(text):,} characters were read",)


_TEX_RULES: Final = (
    (re.compile(r"(?<!\\)%[^\n]*\n?"), ""),  # a comment eats its line end
    (re.compile(r"\\begin\{comment\}.*?(?:\\end\{comment\}|\Z)", re.DOTALL), ""),
    (re.compile(r"\\href\{([^{}]*)\}\{([^{}]*)\}"), r"[\2](\1)"),
    (re.compile(r"\\url\{([^{}]*)\}"), r"\1"),
    (
        re.compile(
            r"~?\\(?:cite\w*|ref|label|eqref|autoref|vspace|hspace)\*?(?:\[[^\]\n]{0,99}\])*\{[^{}]*\}"
        ),
        "",
    ),
    (
        re.compile(r"\\(?:chapter|section|subsection|subsubsection|paragraph)\*?\{([^{}]*)\}"),
        r"\n# \1\n",
    ),
    (re.compile(r"\\item\b[ \t]*"), "- "),
    (re.compile(r"\\(?:begin|end)\{[^{}]*\}(?:\[[^\]\n]{0,99}\]|\{[^{}\n]{0,99}\})*"), ""),
    (re.compile(r"(?<!\\)&"), " | "),
    (re.compile(r"\\\\(?:\[[^\]\n]{0,99}\])?"), "\n"),
    (re.compile(r"\\(?:top|mid|bottom|h)(?:rule|line)\b"), ""),
    (re.compile(r"\\[A-Za-z]+\*?(?:\[[^\]\n]{0,99}\])?\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\([%&_#$])"), r"\1"),
    (re.compile(r"(?<!\\)~"), " "),
)


def tex_of(data: bytes) -> Read:
    """TeX with comments gone, commands reduced to their text, table cells parted by `|`.

    A light pass by pattern, not a TeX engine: macros of the paper's own stay unexpanded.
    """
    text, notes = decoded(data)
    notes += _cut(text)
    text = text[:MAX_PAPER_TEXT]
    for pattern, new in _TEX_RULES:
        text = pattern.sub(new, text)
    return Read(text, skipped=notes)


_HIDDEN: Final = (
    "script, style, template, noscript, iframe, svg, [hidden], "
    "[style*='display:none'], [style*='display: none']"
)
_BLOCKS: Final = frozenset(
    {
        "article", "aside", "blockquote", "body", "br", "caption", "dd", "div", "dl", "dt",
        "figcaption", "figure", "footer", "form", "header", "hr", "main", "nav", "ol", "p",
        "pre", "section", "table", "tbody", "thead", "ul",
    }
)  # fmt: skip


# Elements that hold nothing, or that a page may open again and again without closing.
_NEVER_DEEP: Final = frozenset(
    {
        "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link",
        "meta", "option", "p", "param", "source", "tbody", "td", "th", "tr", "track", "wbr",
    }
)  # fmt: skip
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})")


def html_of(data: bytes) -> Read:
    """A page as Markdown-like text: headings, lists, tables and `[text](address)` links.

    Scripts, styles and hidden elements are left out: nobody who reads the page sees them.
    """
    lexbor = needed("selectolax.lexbor", extra="papers", purpose="reading HTML")
    source, notes = decoded(data)
    if _deepest(source) > MAX_NESTING:
        raise Unreadable(f"the page is nested more than {MAX_NESTING:,} elements deep")
    tree = lexbor.LexborHTMLParser(source)
    for node in tree.css(_HIDDEN):
        node.decompose()
    text = _rendered(tree.body or tree.root)
    if not text.strip():
        raise Unreadable("the page holds no text")
    return Read(text[:MAX_PAPER_TEXT], skipped=notes + _cut(text))


def _deepest(source: str) -> int:
    """How deep elements are nested at most, by counting tags. The parser's time grows with
    the square of it, which is why it is asked first.
    """
    depth = deepest = 0
    for match in _TAG.finditer(source):
        if match[2].lower() in _NEVER_DEEP:
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _rendered(root: Any) -> str:
    """Text of a tree, walked without recursion: pages may be nested as deep as they like."""
    out: list[str] = []
    waiting: list[tuple[Any, str]] = [(root, "")] if root is not None else []
    while waiting:
        node, closing = waiting.pop()
        if node is None:
            out.append(closing)
            continue
        tag = node.tag
        if tag == "-text":
            out.append(re.sub(r"\s+", " ", node.text_content or ""))
            continue
        opening, ending = _marks(node, tag)
        out.append(opening)
        waiting.append((None, ending))
        children: list[Any] = []
        child = node.child
        while child is not None:
            children.append(child)
            child = child.next
        waiting.extend((one, "") for one in reversed(children))
    text = re.sub(r"[ \t]+", " ", "".join(out))
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _marks(node: Any, tag: str | None) -> tuple[str, str]:
    """What to write before and after the children of an element."""
    if tag == "a":
        address = (node.attributes.get("href") or "").strip()
        shown = address.startswith(("http://", "https://", "/datasets/"))
        return ("[", f"]({address})") if shown else ("", "")
    if tag in {"td", "th"}:
        return "| ", " "
    if tag == "tr":
        return "\n", "|\n"
    if tag == "li":
        return "\n- ", "\n"
    if tag is not None and re.fullmatch(r"h[1-6]", tag):
        return "\n\n" + "#" * int(tag[1]) + " ", "\n\n"
    if tag in _BLOCKS:
        return "\n", "\n"
    return "", ""
