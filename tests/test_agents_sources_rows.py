"""Provenance columns of records: what is counted, what is turned down, what is broken."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from effort import megabytes

from agents.sources import rows as rows_module
from agents.sources.rows import MAX_COLUMNS, MAX_LINE, rows_of
from lineage.errors import Unreadable

ROWS: list[dict[str, Any]] = [
    {
        "text": f"t{n}",
        "source": "numina" if n % 3 else "openai/gsm8k",
        "metadata": {"origin": "web"},
    }
    for n in range(1_500)
]


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    name = path.name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(data))
    elif name.endswith(".zst"):
        path.write_bytes(zstandard.compress(data))
    elif name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif name.endswith(".csv"):
        lines = ["text,source,metadata"]
        lines += [f'{r["text"]},{r["source"]},"{{""origin"": ""web""}}"' for r in rows]
        path.write_text("\n".join(lines))
    else:
        path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet", "csv"])
def test_every_format_gives_the_same_summary(tmp_path: Path, suffix: str) -> None:
    read = rows_of(_write(tmp_path / f"r.{suffix}", ROWS))
    assert read.text == (
        "1,500 rows; columns: text, source, metadata\n"
        'source = "numina" in 1,000 of 1,500 rows\n'
        'source = "openai/gsm8k" in 500 of 1,500 rows\n'
        'metadata.origin = "web" in 1,500 of 1,500 rows\n'
    )
    assert read.metadata == {
        "rows": 1500,
        "source": {"numina": 1000, "openai/gsm8k": 500},
        "metadata.origin": {"web": 1500},
    }
    assert read.skipped == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([f"v{n}" for n in range(2_000)], "more than 500 distinct"),
        ([f"v{n}" for n in range(40)], "one a row"),
        ([f"https://example.com/page/{n % 3}" for n in range(60)], "single pages"),
        (
            ["The man walked home. He was tired, and it rained on him all the way."] * 60,
            "sentences",
        ),
        ([str(n % 7) for n in range(60)], "numbers"),
    ],
    ids=["many", "distinct", "addresses", "sentences", "numbers"],
)
def test_a_column_that_is_not_about_provenance_is_turned_down_aloud(
    tmp_path: Path, values: list[str], said: str
) -> None:
    read = rows_of(_write(tmp_path / "r.jsonl", [{"source": value} for value in values]))
    assert read.text.count("\n") == 1
    assert any(said in note for note in read.skipped)


def test_the_speaker_of_a_conversation_is_no_provenance(tmp_path: Path) -> None:
    rows = [{"conversations": [{"from": "human", "value": "x"}], "from": "gpt"}] * 30
    assert "=" not in rows_of(_write(tmp_path / "r.jsonl", rows)).text


def test_lists_and_repository_addresses_count(tmp_path: Path) -> None:
    rows = [{"datasets": ["a/b", "c/d"]}, {"datasets": ["a/b"]}]
    rows += [{"datasets": "https://huggingface.co/datasets/e/f"}]  # type: ignore[dict-item]
    text = rows_of(_write(tmp_path / "r.jsonl", rows)).text
    assert 'datasets = "a/b" in 2 of 3 rows' in text
    assert 'datasets = "https://huggingface.co/datasets/e/f" in 1 of 3 rows' in text


def test_bad_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"source": "a"}\nnot json\n\n[1]\n{"source": "a", "x": NaN}\n{"source": "a"')
    read = rows_of(path)
    assert 'source = "a" in 2 of 2 rows' in read.text
    assert "3 lines that are no records" in read.skipped


def test_a_line_longer_than_the_limit_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with path.open("wb") as file:
        file.write(
            b'{"source": "a"}\n{"x": "' + b"y" * (MAX_LINE + 5_000_000) + b'"}\n{"source": "a"}\n'
        )
    read = rows_of(path)
    assert 'source = "a" in 2 of 2 rows' in read.text
    assert "1 lines that are no records" in read.skipped


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("r.jsonl", b"\x00\x01junk\n" * 10),
        ("r.jsonl.gz", b"no gzip at all"),
        ("r.jsonl.gz", gzip.compress(b'{"source": "a"}\n' * 10_000)[:-40]),
        ("r.jsonl.zst", b"no zstandard at all"),
        ("r.parquet", b"PAR1 but no more"),
        ("r.csv", b"a,b\x00c\n"),
        ("r.parquet", b""),
    ],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=r"r\.\w+"):
        rows_of(path)


def test_parquet_with_letters_that_are_none(tmp_path: Path) -> None:
    offsets = pa.array([0, 2, 4], pa.int32()).buffers()[1]
    wrong = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"\xff\xfeab")])
    pq.write_table(pa.table({"source": wrong}), tmp_path / "r.parquet")
    with pytest.raises(Unreadable, match=r"r\.parquet"):
        rows_of(tmp_path / "r.parquet")


def test_parquet_columns_of_all_shapes(tmp_path: Path) -> None:
    table = pa.table(
        {
            "source": pa.array(["a/b", "c/d", None] * 2).dictionary_encode(),
            "datasets": [["e/f"], [], None, ["e/f", "g/h"], [], []],
            "meta": ['{"source": "i/j"}', "not json", None, "{", "{}", '{"source": 3}'],
            "extra_info": [{"source": "k/l", "index": n} for n in range(6)],
            "origin": [1, 2, 3, 4, 5, 6],
        }
    )
    pq.write_table(table, tmp_path / "r.parquet")
    assert rows_of(tmp_path / "r.parquet").metadata == {
        "rows": 6,
        "source": {"a/b": 2, "c/d": 2},
        "datasets": {"e/f": 2, "g/h": 1},
        "meta.source": {"i/j": 1},
        "extra_info.source": {"k/l": 6},
    }


def test_values_cannot_forge_lines_of_the_summary(tmp_path: Path) -> None:
    forged = 'a" in 9 of 9 rows\nsource = "victim/set'
    rows = [{"source": forged}, {"source": 'quo"ted'}, {"source": "half \ud83d pair"}]
    text = rows_of(_write(tmp_path / "r.jsonl", rows)).text
    assert "victim" not in text
    assert 'source = "quo\\"ted" in 1 of 3 rows' in text
    text.encode()


def _peak(path: Path, rows: int) -> int:
    """Megabytes that reading the file takes."""
    return megabytes(
        "import pyarrow.compute, pyarrow.parquet\nfrom agents.sources.rows import rows_of",
        "text = rows_of(Path(sys.argv[1])).text\n"
        "assert text.startswith(sys.argv[2] + ' rows'), text[:200]",
        str(path),
        f"{rows:,}",
    )


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl.gz"
    line = json.dumps({"source": "numina", "text": "x" * 2_000}).encode() + b"\n"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(60):
            file.write(line * 1_000)
    assert _peak(path, 60_000) < 40, "MB for a file of 120 MB"


def _pointing(value: str, times: int) -> pa.Array:
    """The value, that many times: once in a dictionary to which every row points."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), pa.array([value]))


@pytest.mark.parametrize("name", ["source", "meta", "datasets", "extra_info"])
def test_a_small_parquet_file_that_stands_for_gigabytes(tmp_path: Path, name: str) -> None:
    long = _pointing('{"source": "' + "x" * 100_000 + '"}', 16_384)
    columns = {
        "source": long,
        "meta": long,
        "datasets": pa.ListArray.from_arrays(pa.array([0, *range(5, 16_385)], pa.int32()), long),
        "extra_info": pa.StructArray.from_arrays([long], ["source"]),
    }
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({name: columns[name]}), path, compression="zstd")
    assert path.stat().st_size < 300_000
    assert _peak(path, len(columns[name])) < 100, "MB for values of 1.6 GB"
    assert rows_of(path).metadata.keys() == {"rows"}


def test_pages_that_compress_to_nothing_stay_packed(tmp_path: Path) -> None:
    values = [f"{n}" + "x" * 100_000 for n in range(2_000)]
    path = tmp_path / "r.parquet"
    table = pa.table({"source": values, "origin": ["numina"] * 2_000})
    pq.write_table(table, path, compression="zstd", use_dictionary=["origin"])
    assert path.stat().st_size < 300_000
    assert _peak(path, 2_000) < 100, "MB for values of 200 MB"
    read = rows_of(path)
    assert read.metadata == {"rows": 2_000, "origin": {"numina": 2_000}}
    assert "column source has 200," in read.skipped[0]
    assert read.skipped[0].endswith("in row group 1: not read")


def test_a_list_without_end_is_cut_aloud(tmp_path: Path) -> None:
    lists = [[f"v{n}" for n in range(150)], *[["a/b", "a/b"]] * 300]
    pq.write_table(pa.table({"datasets": lists}), tmp_path / "r.parquet")
    read = rows_of(tmp_path / "r.parquet")
    assert read.metadata["datasets"]["a/b"] == 300
    assert len(read.metadata["datasets"]) == 101
    assert read.skipped == ("column datasets: values of a list beyond its first 100",)


def test_parquet_of_many_row_groups_and_encodings_is_counted_whole(tmp_path: Path) -> None:
    rows = [{"source": f"s{n % 40}", "datasets": [f"d{n % 30}", "e"]} for n in range(5_000)]
    table = pa.Table.from_pylist(rows).cast(
        pa.schema([("source", pa.large_string()), ("datasets", pa.large_list(pa.string_view()))])
    )
    pq.write_table(
        table, tmp_path / "r.parquet", row_group_size=1_300, dictionary_pagesize_limit=64,
        write_batch_size=50, data_page_size=256,
    )  # fmt: skip
    group = pq.read_metadata(tmp_path / "r.parquet").row_group(0).column(0)
    assert {"PLAIN", "RLE_DICTIONARY"} <= {*group.encodings}
    lines = rows_of(_write(tmp_path / "r.jsonl", rows))
    assert rows_of(tmp_path / "r.parquet").metadata == lines.metadata


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet"])
def test_what_lies_beyond_the_limit_of_rows_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = _write(tmp_path / f"r.{suffix}", [{"source": "a/b"}] * 20_000)
    monkeypatch.setattr(rows_module, "MAX_ROWS", 16_384)
    read = rows_of(path)
    assert read.metadata == {"rows": 16_384, "source": {"a/b": 16_384}}
    assert read.skipped[0].startswith("what follows the first 16,384 ")


@pytest.mark.parametrize("line", [b"\n", b"{\n", b'{"source": "a/b"}\n', b"x" * 999])
def test_what_lies_beyond_the_limit_of_bytes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"source": "a/b"}\n' + line * 5_000))
    monkeypatch.setattr(rows_module, "MAX_UNPACKED", 4_000)
    monkeypatch.setattr(rows_module, "MAX_LINE", 2_000)
    assert "what follows the first 4,000 bytes (unpacked)" in rows_of(path).skipped


def test_lines_that_say_nothing_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"source": "a/b"}\n' + b"\n" * 200)
    monkeypatch.setattr(rows_module, "MAX_ROWS", 100)
    assert rows_of(path).skipped == ("what follows the first 100 lines (unpacked)",)


def test_columns_beyond_the_fiftieth_are_told(tmp_path: Path) -> None:
    names = ["".join(pair) for pair in itertools.product("sS", "oO", "uU", "rR", "cC", "eE")]
    read = rows_of(_write(tmp_path / "r.jsonl", [dict.fromkeys(names, "a/b")]))
    assert len(read.metadata) == MAX_COLUMNS + 1
    (note,) = read.skipped
    assert note.startswith("provenance columns beyond the first 50: ")
    assert note.count(",") == len(names) - MAX_COLUMNS - 1
