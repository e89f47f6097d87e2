"""Text of a card, page or paper -> blocks with exact character spans.

Own line scanner instead of a Markdown parser: evidence needs character offsets, which
parsers do not keep for inline text, and hostile input must cost linear time. `plain` has
the length of the text, with markup and hidden text blanked, so offsets hold in both.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lineage.model import Document, DocumentKind


class Kind(StrEnum):
    """What sort of block a stretch of text is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `text[start:end]`, with what stands above it.

    `path` holds the titles of the sections around it, outermost first. `lead` is the index
    of the block that introduces it: the paragraph before a list or table, or the item
    around an item. `cells` are the spans of a row's cells, `header` the head row's texts.
    """

    kind: Kind
    start: int
    end: int
    path: tuple[str, ...] = ()
    depth: int = 0
    lead: int | None = None
    header: tuple[str, ...] = ()
    cells: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link: where its text stands (`start:end`), where it points, and the whole of it."""

    start: int
    end: int
    url: str
    outer_start: int
    outer_end: int

    @property
    def bare(self) -> bool:
        """Whether the address itself is the text."""
        return self.start == self.outer_start and self.end == self.outer_end


@dataclass(frozen=True, slots=True)
class Page:
    """A document cut up: its text, the same with markup blanked, blocks, links, code."""

    text: str
    plain: str
    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    code: tuple[tuple[int, int], ...] = field(default=())

    def in_code(self, start: int, end: int) -> bool:
        """Whether `start:end` lies in code font."""
        at = bisect_right(self.code, start, key=lambda span: span[0]) - 1
        return at >= 0 and end <= self.code[at][1]

    def is_bold(self, start: int) -> bool:
        """Whether bold type begins right before `start`."""
        return self.text[max(0, start - 3) : start].endswith(("**", "__", "<b>"))

    def widened(self, start: int, end: int) -> tuple[int, int]:
        """`start:end` with the whole of the links at its two ends, and the marks around it."""
        first = self._link_at(start)
        if first is not None and first.start <= start < first.end:
            start = min(start, first.outer_start)
        last = self._link_at(end - 1)
        if last is not None and last.start < end <= last.outer_end:
            end = max(end, last.outer_end)
        for _ in range(_LONGEST_MARK):
            if start > 0 and self.text[start - 1] in "*`_" and self.plain[start - 1] == " ":
                start -= 1
            if end < len(self.text) and self.text[end] in "*`_" and self.plain[end] == " ":
                end += 1
        return start, end

    def links_in(self, start: int, end: int) -> tuple[Link, ...]:
        """The links whose text begins in `start:end`."""
        low = bisect_left(self.links, start, key=lambda link: link.start)
        return self.links[low : bisect_left(self.links, end, key=lambda link: link.start)]

    def _link_at(self, offset: int) -> Link | None:
        """The last link whose text begins at or before `offset`."""
        at = bisect_right(self.links, offset, key=lambda link: link.start) - 1
        return self.links[at] if at >= 0 else None


MAX_TEXT: Final = 2_000_000
"""Characters that are read; a longer document is cut here (cards are some 10,000, papers
200,000), and the reading says so."""

_LONGEST_MARK: Final = 4  # marks around a name: `***`, and one of code
_MAX_NESTING: Final = 8  # lists in lists; what lies deeper counts as of this depth

_IMAGE = re.compile(r"!\[[^\[\]]{0,400}\]\([^()\s]{0,1000}(?:\s[^()\n]{0,200})?\)")
_LINK = re.compile(
    r"\[\[?((?:[^\[\]\n]|\n(?!\s*\n)){1,400})\]\]?"
    r"\(\(?\s*<?([^\s()<>]{1,1000}(?:\([^\s()<>]{0,200}\))?[^\s()<>]{0,300})>?(?:\s+[^()\n]{0,200})?\)?\)"
)
_SPLIT_LINK = re.compile(r"\[([^\[\]\n]{1,400})\]\s?\[([^\[\]\n]{0,200})\]")
_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]\n]{1,200})\]:\s*<?(\S{1,1000}?)>?\s*$", re.MULTILINE)
_ANCHOR = re.compile(
    r"<a\s[^<>]{0,800}?href\s*=\s*[\"']?([^\"'\s<>]{1,1000})[^<>]{0,800}>([^<>]{1,300}?)</a>",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s<>()\[\]{}\"'`|\\，。；（）、]{3,1000}")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,1500}>")
_CODE = re.compile(r"(?<!`)`{1,2}([^`\n]{1,200})`{1,2}(?!`)")
_MARK = re.compile(
    r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}|(?<![\w])_{1,2}(?=\S)|(?<=\S)_{1,2}(?![\w])|~~|(?<!`)`{1,2}(?!`)|\\(?=[_*#\-])"
)
_CELL_END = re.compile(r"</t[dh]\s{0,9}>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{1,5});?")
_FENCE = re.compile(r"^\s{0,12}(?:>\s{0,3}|[-*+]\s{1,3})?(`{3,}|~{3,})")
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s*(.*?)\s*#*\s*$")
_ITEM = re.compile(r"^(\s*)(?:[-*+•●▪·]|\(?\d{1,3}[.)、]|[a-z]\))\s+(?:\[[ xX✔✓✅]?\]\s+)?(?=\S)")
_RULE = re.compile(r"^\s{0,3}(?:[-*_=]\s*){3,}$")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{1,}:?\s*(?:\|\s*:?-{1,}:?\s*)*\|?\s*$")
_PAPER_HEADING = re.compile(
    r"^\s*(?:(?:[A-Z]|\d{1,2})(?:\.\d{1,2}){0,3}\.?\s+[A-Z][^.!?]{2,80}"
    r"|(?:abstract|introduction|related work|references|bibliography|conclusions?|"
    r"acknowledge?ments?|appendix|limitations|experiments|results|methods?))\s*$",
    re.IGNORECASE,
)
_HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,400}>(.{1,300}?)</h\1>", re.IGNORECASE | re.DOTALL)
_BOLD_LINE = re.compile(r"^\s*(?:\*\*|__)([^*_\n]{2,80}?)\s*:?\s*(?:\*\*|__)\s*:?\s*$")


def page_of(document: Document) -> Page:
    """The document cut into blocks; front matter, comments and scripts are in none."""
    text = document.text[:MAX_TEXT]
    plain, links, code = _mask(text, front_matter=document.kind is not DocumentKind.PAPER)
    paper = document.kind is DocumentKind.PAPER
    scanner = _Scanner(text, plain, paper=paper)
    return Page(text, plain, tuple(scanner.run()), links, code)


def _blank(piece: str) -> str:
    """As many blanks as the piece has characters; line breaks stay."""
    if "\n" not in piece:
        return " " * len(piece)
    return "\n".join(" " * len(line) for line in piece.split("\n"))


def front_matter_end(text: str) -> int:
    """Offset at which the body begins: after a leading `---` block, else 0."""
    opening = re.match(r"\ufeff?\s*---[ \t]*\r?\n", text)
    if not opening:
        return 0
    closing = re.compile(r"^---[ \t]*\r?$", re.MULTILINE).search(text, opening.end())
    return closing.end() if closing else 0


def _hidden_spans(text: str) -> Iterator[tuple[int, int]]:
    """Comments, scripts and styles: what a reader of the page does not see."""
    lower = text.lower()
    for opening, closing in (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")):
        at = lower.find(opening)
        while at >= 0:
            end = lower.find(closing, at + len(opening))
            stop = len(text) if end < 0 else end + len(closing)
            yield at, stop
            at = lower.find(opening, stop)


def _mask(
    text: str, *, front_matter: bool
) -> tuple[str, tuple[Link, ...], tuple[tuple[int, int], ...]]:
    """The text with markup blanked (same length), its links, and its code spans."""
    plain = text
    if front_matter and (body := front_matter_end(text)):
        plain = _blank(text[:body]) + text[body:]
    hidden = sorted(_hidden_spans(plain))
    plain = _without(plain, hidden)
    plain = _IMAGE.sub(lambda m: _blank(m[0]), plain)
    code = tuple((m.start(1), m.end(1)) for m in _CODE.finditer(plain))
    links: list[Link] = []
    plain = _take_links(plain, links)
    plain = _HTML_HEADING.sub(_heading_marks, plain)
    plain = _html_rows(plain)
    plain = _TAG.sub(lambda m: _blank(m[0]), plain)
    plain = _ENTITY.sub(lambda m: _blank(m[0]), plain)
    plain = _MARK.sub(lambda m: " " * len(m[0]), plain)
    return plain, tuple(sorted(links, key=lambda link: link.start)), code


def _html_rows(plain: str) -> str:
    """HTML table rows put on one line each, with `|` between cells, in place."""
    if "<tr" not in plain and "<TR" not in plain:
        return plain
    lower, pieces, at = plain.lower(), [], 0
    start = lower.find("<tr")
    while start >= 0:
        end = lower.find("</tr>", start)
        if end < 0:
            break
        inner = lower.rfind("<tr", start, end)
        opened = plain.find(">", inner, end) + 1 or end
        row = plain[opened:end].replace("\n", " ")
        row = _CELL_END.sub(lambda m: "|".ljust(len(m[0])), row)
        pieces += [plain[at:inner], "\n" + "|".rjust(opened - inner - 1), row, "\n    "]
        at = end + 5
        start = lower.find("<tr", at)
    return "".join([*pieces, plain[at:]])


def _heading_marks(match: re.Match[str]) -> str:
    """`<h2>Title</h2>` with the tag turned into `## ` in place, so one scanner serves."""
    level = int(match[1])
    opening = match.start(2) - match.start(0)
    body = match[0][opening : match.end(2) - match.start(0)].replace("\n", " ")
    marks = "#" * level + " "
    rest = match[0][match.end(2) - match.start(0) :]
    return marks.ljust(opening)[:opening] + body + _blank(rest)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in spans:
        if end <= at:
            continue
        begin = max(start, at)
        pieces += [text[at:begin], _blank(text[begin:end])]
        at = end
    return "".join([*pieces, text[at:]])


def _take_links(plain: str, links: list[Link]) -> str:
    """Records every link and leaves only its text."""
    targets = {m[1].strip().casefold(): m[2] for m in _DEFINITION.finditer(plain)}

    def keep(match: re.Match[str], group: int, url: str) -> str:
        start, end = match.span(group)
        links.append(Link(start, end, url, match.start(), match.end()))
        left, right = start - match.start(), end - match.start()
        return _blank(match[0][:left]) + match[0][left:right] + _blank(match[0][right:])

    def split(match: re.Match[str]) -> str:
        url = targets.get((match[2] or match[1]).strip().casefold())
        return keep(match, 1, url) if url else match[0]

    plain = _ANCHOR.sub(lambda m: keep(m, 2, m[1]), plain)
    plain = _LINK.sub(lambda m: keep(m, 1, m[2]), plain)
    if targets:
        plain = _SPLIT_LINK.sub(split, plain)
        plain = _DEFINITION.sub(lambda m: _blank(m[0]), plain)
    inside = {link.start for link in links}
    for match in _URL.finditer(plain):
        end = match.start() + len(match[0].rstrip(".,;:!?*_"))
        if match.start() not in inside:
            links.append(Link(match.start(), end, plain[match.start() : end], match.start(), end))
    return plain


class _Scanner:
    """Walks the lines once; keeps the section path, open lists and the open table."""

    def __init__(self, text: str, plain: str, *, paper: bool) -> None:
        self.text, self.plain, self.paper = text, plain, paper
        self.blocks: list[Block] = []
        self.path: list[tuple[int, str]] = []
        self.lead: int | None = None
        self.items: list[tuple[int, int]] = []  # indent, block index of open items
        self.header: tuple[str, ...] = ()
        self.open: tuple[Kind, int, int, int] | None = None  # kind, start, end, indent
        self.fence: tuple[str, int] | None = None
        self.in_table = False
        self.html_header: tuple[str, ...] = ()  # lasts over the blank lines between HTML rows

    def run(self) -> list[Block]:
        """All blocks in order."""
        at = 0
        for line in self.plain.splitlines(keepends=True):
            self._line(line, at)
            at += len(line)
        self._close()
        if self.fence:
            self._add(Kind.CODE, self.fence[1], len(self.plain))
        return self.blocks

    def _line(self, line: str, at: int) -> None:
        fence = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if self.fence:
            if fence and fence[1].startswith(self.fence[0]):
                self._add(Kind.CODE, self.fence[1], at)
                self.fence = None
            return
        if fence and line.count(fence[1]) == 1:
            self._close()
            self.fence = (fence[1], at)
            return
        if not line.strip():
            self._close()
            self.in_table = False
            return
        if self._heading(line, at) or self._row(line, at):
            return
        self._prose(line, at)

    def _heading(self, line: str, at: int) -> bool:
        match = _HEADING.match(line)
        if match and match[2]:
            self._title(len(match[1]), match.start(2), match.end(2), at)
            return True
        if self.paper and len(line) < 100 and _PAPER_HEADING.match(line):
            level = 1 + line.split(maxsplit=1)[0].count(".")
            self._title(level, len(line) - len(line.lstrip()), len(line.rstrip()), at)
            return True
        if _RULE.match(line):
            if self.open and self.open[0] is Kind.PARAGRAPH and line.strip()[0] in "=-":
                _, start, end, _ = self.open
                if "\n" not in self.plain[start:end].strip() and end - start < 150:
                    self.open = None
                    self._title(1 if "=" in line else 2, 0, end - start, start)
                    return True
            self._close()
            return True
        raw = self.text[at : at + len(line)]
        if "**" in raw and not self.open and _BOLD_LINE.match(raw):
            level = (self.path[-1][0] if self.path else 0) or 1
            stripped = line.strip()
            start = line.index(stripped)
            under = [p for p in self.path if p[0] < 7]
            self.path = under
            self._title(max(level, 7), start, start + len(stripped), at)
            return True
        return False

    def _title(self, level: int, left: int, right: int, at: int) -> None:
        self._close()
        self.path = [part for part in self.path if part[0] < level]
        self._add(Kind.HEADING, at + left, at + right, depth=level)
        self.path.append((level, " ".join(self.plain[at + left : at + right].split())))
        self.lead, self.items, self.header, self.in_table = None, [], (), False
        self.html_header = ()

    def _row(self, line: str, at: int) -> bool:
        if line.count("|") < (1 if self.in_table else 2) and not (
            "|" in line and _TABLE_RULE.match(line)
        ):
            return False
        self._close()
        if _TABLE_RULE.match(line):
            if self.blocks and self.blocks[-1].kind is Kind.ROW and not self.header:
                self.header = tuple(
                    " ".join(self.plain[a:b].split()) for a, b in self.blocks[-1].cells
                )
            self.in_table = True
            return True
        if not self.in_table:
            self.header = self.html_header
        self.in_table = True
        cells, start = [], 0
        body = line.rstrip()
        for match in re.finditer(r"(?<!\\)\||$", body):
            left, right = start, match.start()
            start = match.end()
            if left < right and body[left:right].strip():
                cells.append((at + left, at + right))
            elif left < right or (left and match[0]):
                cells.append((at + left, at + left))
        if cells:
            raw = self.text[max(0, at - 1) : at + len(line)].lower()
            if "<th" in raw and "<td" not in raw:
                self.html_header = ()
                self._add(Kind.ROW, cells[0][0], cells[-1][1], cells=tuple(cells))
                self.html_header = tuple(" ".join(self.plain[a:b].split()) for a, b in cells)
                self.header = self.html_header
                return True
            self._add(Kind.ROW, cells[0][0], cells[-1][1], header=self.header, cells=tuple(cells))
        return True

    def _prose(self, line: str, at: int) -> None:
        self.in_table, self.header, self.html_header = False, (), ()
        item = _ITEM.match(line)
        indent = len(line) - len(line.lstrip())
        stripped_end = at + len(line.rstrip())
        if item:
            self._close()
            self.open = (Kind.ITEM, at + item.end(), stripped_end, indent)
        elif self.open:
            kind, start, _, depth = self.open
            self.open = (kind, start, stripped_end, depth)
        else:
            quote = re.match(r"\s*(?:>\s*)*", line)
            left = quote.end() if quote else 0
            if self.items and indent <= self.items[0][0] and not self.paper:
                self.items = []
            self.open = (Kind.PARAGRAPH, at + left, stripped_end, indent)

    def _close(self) -> None:
        if self.open is None:
            return
        kind, start, end, indent = self.open
        self.open = None
        if start >= end:
            return
        if kind is Kind.ITEM:
            self.items = [item for item in self.items if item[0] < indent][:_MAX_NESTING]
            lead = self.items[-1][1] if self.items else self.lead
            self._add(Kind.ITEM, start, end, depth=len(self.items), lead=lead)
            self.items.append((indent, len(self.blocks) - 1))
        else:
            inside = self.items[-1][1] if self.items else None
            self._add(Kind.PARAGRAPH, start, end, lead=inside)
            if inside is None:
                self.lead = len(self.blocks) - 1

    def _add(
        self,
        kind: Kind,
        start: int,
        end: int,
        *,
        depth: int = 0,
        lead: int | None = None,
        header: tuple[str, ...] = (),
        cells: tuple[tuple[int, int], ...] = (),
    ) -> None:
        if kind is Kind.ROW:
            lead = self.lead
        path = tuple(title for _, title in self.path)
        self.blocks.append(Block(kind, start, end, path, depth, lead, header, cells))
