"""The text columns of a Parquet file, value by value, in memory that the file cannot choose.

A few kilobytes of Parquet can stand for gigabytes: a long value in a dictionary that every
row points to, or pages that compress to nothing. Columns are therefore read as dictionary
and indices, each distinct value is looked at once a batch, and what the footer says is
larger than a provenance column ever is stays unread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agents.sources import files
from agents.sources.extras import needed
from lineage.errors import Unreadable

MAX_CHUNK: Final = 100_000_000
"""Bytes, unpacked, of one column in one row group; provenance stays far below it, since its
few hundred values stand in a dictionary."""

MAX_ELEMENTS: Final = 5_000_000
"""Elements of a column of lists in one row group."""

MAX_LIST: Final = 100
"""Distinct values of one list; no row comes from more places."""

_BATCH_ROWS: Final = 16_384
_BATCH_ELEMENTS: Final = 200_000
_LONGEST_NAME: Final = 1_000
_LONGEST_JSON: Final = 100_000
"""Bytes of one value that are handed on: enough to see that it is too long."""


@dataclass(frozen=True)
class Column:
    """A column to read: its dotted name, its path, and whether its text is JSON."""

    name: str
    path: tuple[str, ...]
    is_json: bool = False

    @property
    def shown(self) -> str:
        """Its name in one line, for a note."""
        return " ".join(self.name.split())[:200]

    def holds(self, leaf: str) -> bool:
        """Whether the column of the file with this path is this one, or an element of it."""
        own = ".".join(self.path)
        return leaf == own or leaf.startswith(f"{own}.")


@dataclass(frozen=True)
class Batch:
    """Some rows: for each column its distinct values, and in how many rows each stands."""

    rows: int
    values: dict[Column, list[tuple[str | list[str], int]]]


@dataclass
class ParquetFile:
    """An open file. `skipped` says in words what was not read; it grows as batches come."""

    names: list[str]
    rows: int
    wanted: list[Column]
    file: Any
    skipped: dict[str, None] = field(default_factory=dict)

    def batches(self) -> Iterator[Batch]:
        """The rows in order. Raises what pyarrow raises; see `opened`."""
        metadata = self.file.metadata
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            columns, at_once = self._fitting(group, number)
            if not columns:
                yield Batch(group.num_rows, {})
                continue
            names = [".".join(one.path) for one in columns]
            for rows in self.file.iter_batches(at_once, row_groups=[number], columns=names):
                yield Batch(rows.num_rows, {one: self._counted(rows, one) for one in columns})

    def _fitting(self, group: Any, number: int) -> tuple[list[Column], int]:
        """The columns whose part in this row group is not too large, and how many rows of
        them to read at once.
        """
        leaves = [group.column(at) for at in range(group.num_columns)]
        fitting: list[Column] = []
        at_once = _BATCH_ROWS
        for column in self.wanted:
            own = [leaf for leaf in leaves if column.holds(leaf.path_in_schema)]
            size = sum(leaf.total_uncompressed_size for leaf in own)
            elements = max((leaf.num_values for leaf in own), default=0)
            if size > MAX_CHUNK or (elements > MAX_ELEMENTS and elements > group.num_rows):
                what = f"{size:,} bytes" if size > MAX_CHUNK else f"{elements:,} elements"
                note = f"column {column.shown} has {what} in row group {number + 1}: not read"
                self.skipped[note] = None
                continue
            fitting.append(column)
            if elements > group.num_rows > 0:
                at_once = min(at_once, max(1, _BATCH_ELEMENTS * group.num_rows // elements))
        return fitting, at_once

    def _counted(self, batch: Any, column: Column) -> list[tuple[str | list[str], int]]:
        """Each distinct value (a text, or the distinct texts of a list) and its rows."""
        found = batch.column(batch.schema.get_field_index(column.path[0]))
        for part in column.path[1:]:
            found = found.field(part)
        longest = _LONGEST_JSON if column.is_json else _LONGEST_NAME
        compute = needed("pyarrow.compute", extra="records", purpose="reading Parquet")
        if _is_list(found):
            return self._counted_lists(found, column, longest)
        encoded = _encoded(found)
        return [
            (_text(encoded.dictionary, pair["values"], longest), pair["counts"])
            for pair in compute.value_counts(encoded.indices).to_pylist()
            if pair["values"] is not None
        ]

    def _counted_lists(
        self, lists: Any, column: Column, longest: int
    ) -> list[tuple[str | list[str], int]]:
        compute = needed("pyarrow.compute", extra="records", purpose="reading Parquet")
        encoded, rows = _encoded(lists.flatten()), compute.list_parent_indices(lists)
        by_row: dict[int, set[int]] = {}
        for start in range(0, len(rows), _BATCH_ELEMENTS):
            some = slice(start, start + _BATCH_ELEMENTS)
            pairs = zip(rows[some].to_pylist(), encoded.indices[some].to_pylist(), strict=True)
            for row, index in pairs:
                own = by_row.setdefault(row, set())
                if index is None or index in own:
                    continue
                if len(own) < MAX_LIST:
                    own.add(index)
                else:
                    note = f"column {column.shown}: values of a list beyond its first {MAX_LIST}"
                    self.skipped[note] = None
        distinct = Counter(frozenset(indices) for indices in by_row.values() if indices)
        texts = {
            index: _text(encoded.dictionary, index, longest)
            for index in frozenset().union(*distinct)
        }
        return [
            ([texts[index] for index in sorted(indices)], times)
            for indices, times in distinct.items()
        ]


@contextmanager
def opened(path: Path, columns: Collection[str], nests: Collection[str]) -> Iterator[ParquetFile]:
    """The file, with those of its text columns to read that are called so: `columns` at the
    top or inside `nests`, and `nests` that are text themselves.

    Unreadable where it is no Parquet, or breaks while it is read.
    """
    pa = needed("pyarrow", extra="records", purpose="reading Parquet")
    pq = needed("pyarrow.parquet", extra="records", purpose="reading Parquet")
    try:
        with files.opened(path) as raw:
            plain = pq.ParquetFile(raw)
            schema, metadata = plain.schema_arrow, plain.metadata
            wanted = _wanted(pa, schema, columns, nests)
            leaves = [plain.schema.column(at).path for at in range(len(plain.schema))]
            texts = [leaf for leaf in leaves if any(one.holds(leaf) for one in wanted)]
            file = pq.ParquetFile(raw, metadata=metadata, read_dictionary=texts)
            yield ParquetFile(list(schema.names), max(0, metadata.num_rows), wanted, file)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name} is not readable Parquet: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise  # the file system's, not the format's
        raise Unreadable(f"{path.name} is not readable Parquet: {error}") from error


def _wanted(pa: Any, schema: Any, columns: Collection[str], nests: Collection[str]) -> list[Column]:
    wanted: list[Column] = []
    for one in schema:
        lowered = one.name.lower()
        if lowered in columns and _is_textual(pa, one.type):
            wanted.append(Column(one.name, (one.name,)))
        elif lowered in nests and pa.types.is_struct(one.type):
            wanted += [
                Column(f"{one.name}.{inner.name}", (one.name, inner.name))
                for inner in one.type
                if inner.name.lower() in columns and _is_textual(pa, inner.type)
            ]
        elif lowered in nests and _is_textual(pa, one.type):
            wanted.append(Column(one.name, (one.name,), is_json=True))
    return list(dict.fromkeys(wanted))


def _is_textual(pa: Any, kind: Any) -> bool:
    types = pa.types
    if types.is_list(kind) or types.is_large_list(kind):
        kind = kind.value_type
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_list(column: Any) -> bool:
    return hasattr(column, "value_lengths")


def _encoded(column: Any) -> Any:
    return column if hasattr(column, "indices") else column.dictionary_encode()


def _text(dictionary: Any, index: int, longest: int) -> str:
    """One value of a dictionary, cut where it is longer than that many bytes; as bytes
    first, so that a huge one is never copied whole.
    """
    data = dictionary[index].as_buffer()
    if data.size <= longest:
        return str(data.to_pybytes(), "utf-8")
    return str(data.slice(0, longest).to_pybytes(), "utf-8", "ignore")
