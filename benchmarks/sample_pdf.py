"""The demo's paper: its text, and a small writer that sets it in two columns as PDF.

The writer knows the two built-in Helvetica fonts, ASCII text and uncompressed streams;
that is all a paper without figures needs, and every byte depends on the text alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# Widths of ASCII 32-126 in Helvetica, in thousandths of the font size (Adobe's AFM file).
_AFM: Final = """
278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278
556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556
1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778
667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556
333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556
556 556 333 500 278 556 500 722 500 500 500 334 260 334 584
"""
_WIDTHS: Final = [int(width) for width in _AFM.split()]

WIDTH, HEIGHT, MARGIN, GAP = 612, 792, 54, 20
COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2
BODY, LEADING = 11.0, 15.0

TITLE = "Mathwell-Instruct: A Small Open Mixture for Arithmetic Word Problems"
AUTHORS = "Astrid Lindholm, Paul Okonkwo, Mei Tanaka"
AFFILIATION = "Copperline Research - July 2024"

TABLE: Final = (
    ("Source", "Rows", "Share", "Licence"),
    ("Harbor Math Distill", "50", "33%", "Apache-2.0"),
    ("Harbor Math (train)", "50", "33%", "Apache-2.0"),
    ("Hafen-Mathe (de)", "30", "20%", "MIT"),
    ("Counting Board", "20", "13%", "unclear"),
    ("Total", "150", "100%", ""),
)
_STOPS: Final = (0, 112, 146, 182)

# A heading starts with "# "; "TABLE" stands where the table goes.
PAPER: Final = """
# Abstract

We describe Mathwell-Instruct, a mixture of 150 arithmetic word problems with worked answers
in English and German. It is small enough to be read in an afternoon and large enough to show
the effects that matter in larger mixtures: prompts that occur twice with different answers,
translations that sit beside their originals, and text from the open web. We list every
source with its number of rows and its licence.

# 1 Introduction

Instruction tuning for arithmetic relies on mixtures whose parts are often mixtures
themselves. When a set and its own ancestor are both sampled, some prompts are seen twice
and nobody notices. Larger efforts such as MetaMathQA rewrite the questions of a benchmark's
training split; we do not rewrite any question, and MetaMathQA is not part of our data. We
use it only as a point of comparison in Section 4.

Our contribution is modest. We collect four sources, convert them to one schema with the
fields instruction and output, and say plainly where each row came from. We hope that the
result is useful for teaching and for testing tools that inspect training data.

# 2 Data

Table 1 shows the composition of the mixture. Three of the four parts go back to one set of
word problems. Harbor Math is a benchmark of grade-school problems by Northwind AI; we take 50
problems of its training split with the original solutions. Harbor Math Distill keeps the
prompts of that training split but its responses were written by Mixtral-8x7B-Instruct; we
take the first 50 conversations. Hafen-Mathe is a German translation; we take 30 problems.

TABLE

The fourth part was collected by us from Counting Board, a public homework forum at
countingboard.example. Posts were kept if they contain a number, a question mark and an
accepted reply. We shortened the replies to the bare answer. Forum posts are noisy: they are
written in a hurry, and it is common that a problem is copied from a worksheet without saying
so.

The sampling was random within each part, with one seed. No weights are applied on top, so a
problem that is drawn from Harbor Math and from its distilled version counts twice. In the
released file 27 prompts occur in both forms. We left them in, since seeing two solutions of
one problem may help.

# 3 Decontamination

We removed all candidate problems that share a 13-gram with the test split of GSM8K or with
SVAMP. This affected eleven forum posts and nothing else. We did not run the check against
the test splits of the sources themselves, because we sample from training splits only.

# 4 Experiments

We fine-tune a 1.1B model for three epochs and report accuracy on the Harbor Math test set
and on GSM8K. The mixture adds 6.2 points on Harbor Math and 0.9 points on GSM8K over the
base model. Training on 150 rows of MetaMathQA instead adds 2.1 and 1.4 points. We draw two
careful conclusions. First, the two benchmarks do not move together, and the gain on Harbor
Math is larger than we expected from so few rows. Second, removing the German part costs
nothing on English problems, which suggests that its prompts are redundant with the English
ones from which they were translated.

Repeating the runs with five seeds gives a standard deviation of 0.8 points on Harbor Math.
The order of the parts does not matter. Training without the forum posts loses more than half
of the gain, although the forum posts are only 13% of the rows. We have no explanation for
this and leave it to future work.

# 5 Limitations

All problems are short and have one integer as answer. The licence of the forum posts is
unclear: the forum's terms allow quotation, and we ask users of the mixture to check whether
that covers their case. Names and goods in the problems come from a short list, so models may
learn them by heart. The mixture should not be used to rank models.

# References

[1] Northwind AI. Harbor Math: two-step word problems with solutions. 2024.

[2] Cobbe et al. Training Verifiers to Solve Math Word Problems. 2021.

[3] Patel et al. Are NLP Models really able to Solve Simple Math Word Problems? 2021.

[4] Yu et al. MetaMath: Bootstrap Your Own Mathematical Questions for Large Language Models.
2023.
"""


def text_width(text: str, size: float) -> float:
    """Width of ASCII `text` in Helvetica, in points."""
    return sum(_WIDTHS[ord(character) - 32] for character in text) * size / 1000


def wrapped(text: str, size: float, width: float) -> Iterator[str]:
    """The text in lines of at most `width` points, broken at spaces."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size) > width:
            yield line
            line = word
        else:
            line = longer
    if line:
        yield line


class Pages:
    """Text flowing down two columns and on to the next page."""

    def __init__(self, top: float) -> None:
        self.streams: list[list[str]] = [[]]
        self._tops = [top, top]
        self._column = 0
        self._y = top

    def put(self, text: str, x: float, y: float, *, size: float = BODY, bold: bool = False) -> None:
        """Writes one piece of text with its baseline at `x`, `y` of the current page."""
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        font = "F2" if bold else "F1"
        self.streams[-1].append(f"BT /{font} {size:g} Tf {x:.2f} {y:.2f} Td ({escaped}) Tj ET")

    def line(self, *cells: tuple[float, str], bold: bool = False, size: float = BODY) -> None:
        """The next line of the column: cells at their distances from its left edge."""
        if self._y < MARGIN:
            self._next_column()
        left = MARGIN + self._column * (COLUMN + GAP)
        for offset, text in cells:
            self.put(text, left + offset, self._y, bold=bold, size=size)
        self._y -= LEADING

    def rule(self) -> None:
        """A thin line across the column, above the next line."""
        left, y = MARGIN + self._column * (COLUMN + GAP), self._y + LEADING - 3
        self.streams[-1].append(f"0.5 w {left:.2f} {y:.2f} m {left + COLUMN:.2f} {y:.2f} l S")

    def room(self, lines: int) -> None:
        """Goes to the next column where fewer than `lines` lines are left in this one."""
        if self._y - (lines - 1) * LEADING < MARGIN:
            self._next_column()

    def space(self, points: float) -> None:
        """Leaves some height empty."""
        self._y -= points

    def _next_column(self) -> None:
        if self._column == 1:
            self.streams.append([])
            self._tops = [HEIGHT - MARGIN] * 2
        self._column = 1 - self._column
        self._y = self._tops[self._column]


def paper() -> bytes:
    """The paper as a PDF file of two pages."""
    pages = Pages(top=HEIGHT - MARGIN - 74)
    for text, size, y, bold in (
        (TITLE, 14.0, HEIGHT - MARGIN - 10, True),
        (AUTHORS, 10.0, HEIGHT - MARGIN - 30, False),
        (AFFILIATION, 10.0, HEIGHT - MARGIN - 44, False),
    ):
        width = text_width(text, size) * (1.07 if bold else 1.0)  # bold runs wider
        pages.put(text, (WIDTH - width) / 2, y, size=size, bold=bold)
    for block in PAPER.strip().split("\n\n"):
        if block.startswith("# "):
            pages.room(4)
            pages.line((0, block[2:]), bold=True, size=11.0)
        elif block == "TABLE":
            _set_table(pages)
        else:
            for text in wrapped(block, BODY, COLUMN):
                pages.line((0, text))
        pages.space(5)
    return _file(["\n".join(stream) for stream in pages.streams])


def _set_table(pages: Pages) -> None:
    pages.room(len(TABLE) + 3)
    for text in wrapped("Table 1: Composition of Mathwell-Instruct.", BODY, COLUMN):
        pages.line((0, text))
    pages.rule()
    for n, row in enumerate(TABLE):
        pages.line(*zip(_STOPS, row, strict=True), bold=n == 0, size=9.0)
        if n in (0, len(TABLE) - 2, len(TABLE) - 1):
            pages.rule()


def _file(streams: list[str]) -> bytes:
    """A PDF 1.4 file (ISO 32000-1, 7.5) with one page for each content stream."""
    first = 6
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(streams)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>",
        *(
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>"
            for font in ("Helvetica", "Helvetica-Bold")
        ),
        f"<< /Title ({TITLE}) /Author ({AUTHORS}) /CreationDate (D:20240715120000Z) >>",
    ]
    for n, stream in enumerate(streams):
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources "
                f"<< /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {first + 2 * n + 1} 0 R >>"
            ),
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("ascii")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>"
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n{trailer}\n"
    return body + f"{end}startxref\n{len(body)}\n%%EOF\n".encode("ascii")
