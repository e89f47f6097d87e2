"""Provenance columns of record files, summed up: which values stand in how many rows.

A column counts as provenance by its name (`COLUMNS`, at the top or one level below
`NESTS`) and by its values: few distinct ones, short, and not the addresses of single
pages. Records are streamed; memory does not grow with the file.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import orjson

from agents.sources import parquet
from agents.sources.cards import Read
from agents.sources.extras import needed
from agents.sources.files import opened
from lineage.errors import Unreadable

RECORD_SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet", ".csv")

COLUMNS: Final = frozenset(
    {
        "collection", "corpus", "data_source", "data_sources", "dataset", "dataset_id",
        "dataset_name", "dataset_source", "datasets", "ds_name", "from_dataset", "origin",
        "origin_dataset", "original_dataset", "original_source", "parent_dataset", "source",
        "source_dataset", "source_datasets", "source_name", "sources", "subset",
    }
)  # fmt: skip
"""Column names, in lower case, that say where a row came from."""

NESTS: Final = frozenset({"_meta", "extra", "extra_info", "info", "meta", "metadata", "provenance"})
"""Columns whose fields are looked at too; they may hold JSON as text."""

MAX_VALUES: Final = 500
"""Distinct values beyond which a column is not about provenance."""

MAX_COLUMNS: Final = 50
MAX_ROWS: Final = 20_000_000
"""Rows of a file, and its lines, whatever they hold."""

MAX_LINE: Final = 32_000_000
"""Bytes of one line; a longer one is counted as bad and passed over."""

MAX_UNPACKED: Final = 10_000_000_000
"""Bytes of records, unpacked: minutes of reading, where a small `.gz` could ask for days."""

MAX_VALUE_LENGTH: Final = 200

_PAGE_ADDRESS = re.compile(r"https?://[^/\s]+/\S", re.IGNORECASE)
_REPOSITORY_ADDRESS = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co|github\.com|kaggle\.com|modelscope\.\w+|zenodo\.org)/",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r"\d+|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)
_PLAIN_TYPES: Final = (str, list)


@dataclass
class _Column:
    """Tally of one column; `full` once it has more distinct values than provenance has."""

    values: Counter[str] = field(default_factory=Counter)
    rows: int = 0  # rows in which the column says something
    odd: int = 0  # values that no name looks like
    full: bool = False

    def add(self, value: Any, times: int = 1) -> None:
        found = value if isinstance(value, list) else [value]
        texts = {one.strip() for one in found if isinstance(one, str) and one.strip()}
        if not texts:
            return
        self.rows += times
        for text in texts:
            if not _could_be_name(text):
                self.odd += times
            elif text in self.values or len(self.values) < MAX_VALUES:
                self.values[text] += times
            else:
                self.full = True

    def objection(self) -> str:
        """Why the column is not about provenance; empty where it is."""
        named = sum(self.values.values())
        if self.full:
            return f"more than {MAX_VALUES} distinct values"
        if self.odd > named:
            return "its values are sentences, numbers or addresses of single pages"
        if named >= 20 and len(self.values) > named / 2:
            return f"{len(self.values)} distinct values in {named} rows: one a row"
        return ""


def _could_be_name(text: str) -> bool:
    if len(text) > MAX_VALUE_LENGTH or "\n" in text or text.count(" ") > 12:
        return False
    if _IDENTIFIER.fullmatch(text):
        return False
    return not _PAGE_ADDRESS.match(text) or bool(_REPOSITORY_ADDRESS.match(text))


@dataclass
class _Tally:
    columns: dict[str, _Column] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)  # an ordered set
    crowded: dict[str, None] = field(default_factory=dict)  # columns beyond MAX_COLUMNS
    rows: int = 0
    bad: int = 0
    skipped: list[str] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        self.rows += 1
        for key, value in row.items():
            if len(self.names) < 200:
                self.names.setdefault(str(key)[:80])
            lowered = key.lower()
            if lowered in COLUMNS:
                if isinstance(value, _PLAIN_TYPES):
                    self.column(key).add(value)
            elif lowered in NESTS:
                self.add_nested(key, value)

    def add_nested(self, key: str, value: Any, times: int = 1) -> None:
        if isinstance(value, str) and value.startswith("{") and len(value) < 20_000:
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                return
        if isinstance(value, dict):
            for inner, one in value.items():
                if inner.lower() in COLUMNS and isinstance(one, _PLAIN_TYPES):
                    self.column(f"{key}.{inner}").add(one, times)

    def column(self, name: str) -> _Column:
        if name not in self.columns and len(self.columns) >= MAX_COLUMNS:
            if len(self.crowded) <= MAX_COLUMNS:
                self.crowded[name] = None
            return _Column()  # thrown away; no honest file spells `source` in 50 ways
        return self.columns.setdefault(name, _Column())


def rows_of(path: Path) -> Read:
    """A summary of the file's provenance columns.

    The text has a line on the file (`5,000 rows; columns: source, text`) and one for each
    value, the most frequent first: `source = "numina" in 1,234 of 5,000 rows`. The
    metadata gives the same as `{column: {value: rows}, "rows": n}`. Columns turned down,
    bad lines and cuts are in `skipped`. Unreadable where the file is not what its name says.
    """
    tally = _Tally()
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            _read_parquet(path, tally)
        elif name.endswith(".csv"):
            _read_csv(path, tally)
        else:
            _read_lines(path, tally)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise Unreadable(
            f"{path.name} breaks off or is not what its suffix says: {error}"
        ) from error
    if not tally.rows and tally.bad:
        raise Unreadable(f"{path.name} holds no record: all {tally.bad:,} lines are broken")
    return _summary(tally)


def _summary(tally: _Tally) -> Read:
    shown = [_shown(name) for name in tally.names]
    lines = [f"{tally.rows:,} rows; columns: {', '.join(shown)}"]
    metadata: dict[str, Any] = {"rows": tally.rows}
    skipped: list[str] = []
    for name, column in tally.columns.items():
        if not column.values and not column.odd:
            continue
        if objection := column.objection():
            skipped.append(f"column {_shown(name)} is not read as provenance: {objection}")
            continue
        counts = sorted(column.values.items(), key=lambda pair: (-pair[1], pair[0]))
        metadata[name] = dict(counts)
        lines += [
            f"{_shown(name)} = {json.dumps(_whole(value), ensure_ascii=False)}"
            f" in {count:,} of {tally.rows:,} rows"
            for value, count in counts
        ]
        if column.odd:
            skipped.append(f"{column.odd:,} values of column {_shown(name)} that are no names")
    if tally.bad:
        skipped.append(f"{tally.bad:,} lines that are no records")
    if tally.crowded:
        beyond = [_shown(name)[:80] for name in tally.crowded]
        more = ", ..." if len(beyond) > MAX_COLUMNS else ""
        named = ", ".join(beyond[:MAX_COLUMNS]) + more
        skipped.append(f"provenance columns beyond the first {MAX_COLUMNS}: {named}")
    skipped += tally.skipped
    return Read("\n".join(lines) + "\n", metadata, skipped=tuple(skipped))


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no letter


def _shown(name: str) -> str:
    return " ".join(_whole(name).split())


def _read_lines(path: Path, tally: _Tally) -> None:
    with _opened(path) as file:
        for line in _lines(file, tally):
            if not line.strip():
                continue
            row = _parsed(line)
            if isinstance(row, dict):
                tally.add(row)
            else:
                tally.bad += 1


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(line)  # takes NaN, lone surrogates and huge integers
    except (ValueError, RecursionError):
        return None


def _lines(file: IO[bytes], tally: _Tally) -> Iterator[bytes]:
    """Lines of at most MAX_LINE bytes; a longer one is passed over piece by piece."""
    unpacked = lines = 0
    at_start = True
    while piece := file.readline(MAX_LINE):
        unpacked += len(piece)
        lines += at_start
        if unpacked > MAX_UNPACKED or lines > MAX_ROWS:
            limit = f"{MAX_ROWS:,} lines" if lines > MAX_ROWS else f"{MAX_UNPACKED:,} bytes"
            tally.skipped.append(f"what follows the first {limit} (unpacked)")
            return
        whole = piece.endswith(b"\n") or len(piece) < MAX_LINE
        if at_start and whole:
            yield piece
        elif at_start:
            tally.bad += 1
        at_start = whole


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    name = path.name.lower()
    with opened(path) as file:
        if name.endswith(".gz"):
            with gzip.open(file, "rb") as unpacked:
                yield io.BufferedReader(unpacked)
            return
        if not name.endswith(".zst"):
            yield file
            return
        zstandard = needed("zstandard", extra="records", purpose="reading .zst files")
        try:
            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as raw:
                yield io.BufferedReader(raw)
        except zstandard.ZstdError as error:
            raise Unreadable(f"{path.name} is not readable Zstandard: {error}") from error


def _read_csv(path: Path, tally: _Tally) -> None:
    with opened(path) as raw:
        if b"\0" in raw.read(100_000):
            raise Unreadable(f"{path.name} is binary data, not CSV")
        raw.seek(0)
        lines = (line.decode("utf-8", "replace") for line in _lines(raw, tally))
        reader = csv.reader(lines)
        names: list[str] | None = None
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:  # a field beyond the module's limit; the reader goes on
                tally.bad += 1
                continue
            if names is None:
                names = [name.removeprefix("\ufeff").strip() for name in row]
            elif len(row) == len(names):
                tally.add(dict(zip(names, row, strict=True)))
            elif row:
                tally.bad += 1


def _read_parquet(path: Path, tally: _Tally) -> None:
    with parquet.opened(path, COLUMNS, NESTS) as file:
        tally.names = dict.fromkeys(str(name)[:80] for name in file.names[:200])
        if not file.wanted:
            tally.rows = file.rows
            return
        for batch in file.batches():
            tally.rows += batch.rows
            for column, values in batch.values.items():
                for value, times in values:
                    if column.is_json:  # lists of JSON texts are nobody's habit
                        tally.add_nested(column.name, value, times)
                    else:
                        tally.column(column.name).add(value, times)
            if tally.rows >= MAX_ROWS:
                if file.rows > tally.rows:
                    tally.skipped.append(f"what follows the first {tally.rows:,} rows")
                break
        tally.skipped += file.skipped
