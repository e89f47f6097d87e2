"""A folder of cards, papers, Croissant files and records: which file is about which dataset,
and what happens to files that cannot be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from effort import megabytes
from pdf_files import pdf

from agents.reading.declared import DeclaredReader
from agents.sources import FolderSource
from lineage.errors import InvalidName, NotFound
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, Failure

CARD = "---\nlicense: mit\n---\n# A card\n"


def _write(root: Path, files: dict[str, str | bytes]) -> FolderSource:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return FolderSource(root)


def _read(source: FolderSource, dataset: str) -> tuple[list[Document], list[Failure]]:
    found = list(source.documents(DatasetId.parse(dataset)))
    return (
        [one for one in found if isinstance(one, Document)],
        [one for one in found if isinstance(one, Failure)],
    )


def _files(source: FolderSource, dataset: str) -> list[str]:
    return [one.id.removeprefix(f"{source.label}/") for one in _read(source, dataset)[0]]


def _seeds(source: FolderSource) -> list[str]:
    return [str(seed) for seed in source.seeds()]


def test_names_of_datasets_come_from_names_of_files(tmp_path: Path) -> None:
    source = _write(
        tmp_path,
        {
            "openai__gsm8k.md": CARD,
            "hendrycks/math.md": CARD,
            "squad.md": CARD,
            "allenai/c4/README.md": CARD,
            "wikitext/README.md": CARD,
            "teknium__OpenHermes-2.md": CARD,
            "teknium__OpenHermes-2.5.md": CARD,
            "elsewhere.md": "---\ndataset_id: real/name  # moved\nlicense: mit\n---\n",
        },
    )
    assert _seeds(source) == [
        "allenai/c4", "hendrycks/math", "openai/gsm8k", "real/name", "squad",
        "teknium/OpenHermes-2", "teknium/OpenHermes-2.5", "wikitext",
    ]  # fmt: skip


def test_companions_go_with_the_card_they_continue(tmp_path: Path) -> None:
    source = _write(
        tmp_path,
        {
            "teknium__OpenHermes-2.md": CARD,
            "teknium__OpenHermes-2.5.md": CARD,
            "teknium__OpenHermes-2.5.pdf": pdf([["A paper."]]),
            "teknium__OpenHermes-2.5.train.jsonl": '{"source": "a/b"}\n',
            "teknium__OpenHermes-2.paper2.txt": "Another paper.",
            "teknium__OpenHermes-2.notes.md": "Notes.",
            "a/b/README.md": CARD,
            "a/b/docs/more.md": "More.",
            "a/b/data/train.csv": "source\nc/d\n",
            "lone__paper-1.5.pdf": pdf([["Alone."]]),
            "lone__records.train.jsonl": '{"source": "c/d"}\n',
            "lone__Set-2.md": CARD,
            "lone__Set-2.1.pdf": pdf([["Of another version."]]),
        },
    )
    assert _files(source, "teknium/OpenHermes-2.5") == [
        "teknium__OpenHermes-2.5.md",
        "teknium__OpenHermes-2.5.pdf",
        "teknium__OpenHermes-2.5.train.jsonl",
    ]
    assert _files(source, "teknium/OpenHermes-2") == [
        "teknium__OpenHermes-2.md",
        "teknium__OpenHermes-2.notes.md",
        "teknium__OpenHermes-2.paper2.txt",
    ]
    documents, _ = _read(source, "a/b")
    assert [one.kind for one in documents] == [
        DocumentKind.CARD,
        DocumentKind.PAGE,
        DocumentKind.ROWS,
    ]
    assert _files(source, "lone/Set-2") == ["lone__Set-2.md"]
    assert _files(source, "lone/Set-2.1") == ["lone__Set-2.1.pdf"]
    assert _files(source, "lone/paper-1.5") == ["lone__paper-1.5.pdf"]
    assert _files(source, "lone/records") == ["lone__records.train.jsonl"]


def test_model_cards_are_told_by_name_or_by_their_keys(tmp_path: Path) -> None:
    source = _write(
        tmp_path,
        {
            "org__m1.model.md": "# no header",
            "org__m2.md": "---\nbase_model: org/base\n---\n",
            "org__m3.md": "---\ndatasets:\n- a/b\n---\n",
            "org__d.md": "---\ndatasets:\n- a/b\nsize_categories: 1K\n---\n",
        },
    )
    assert _seeds(source) == ["model:org/m1", "model:org/m2", "model:org/m3", "org/d"]
    kinds = [_read(source, f"model:org/m{n}")[0][0].kind for n in (1, 2, 3)]
    assert kinds == [DocumentKind.MODEL_CARD] * 3


def test_what_is_left_alone_is_listed_with_the_reason(tmp_path: Path) -> None:
    source = _write(
        tmp_path,
        {
            "README.md": "About this folder.",
            "truth.jsonl": '{"source": "x"}\n',
            "package.json": "{}",
            "picture.png": b"\x89PNG",
            ".hidden.md": CARD,
            ".git/config.md": CARD,
            "a__b.md": CARD,
        },
    )
    assert _seeds(source) == ["a/b"]
    assert [line.partition(":")[0] for line in sorted(source.ignored)] == [
        "README.md",
        "package.json",
        "picture.png",
        "truth.jsonl",
    ]


def test_the_text_of_a_card_is_the_whole_file(tmp_path: Path) -> None:
    text = "---\r\nlicense: mit\r\n---\r\n# Ä card <!-- hidden -->\r\n"
    documents, failures = _read(_write(tmp_path, {"a__b.md": text}), "a/b")
    assert documents[0].text == text.replace("\r\n", "\n")
    assert documents[0].metadata == {"license": "mit"}
    assert documents[0].skipped == ()
    assert failures == []


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        (b"\xef\xbb\xbf# \xc3\x84", "# Ä", None),
        ("# Ä".encode("utf-16"), "# Ä", None),
        (b"\xfe\xff" + "# Ä".encode("utf-16-be"), "# Ä", None),
        (b"# caf\xe9 prose", "# café prose", "Latin-1"),
        ("äöüß".encode() + b"\xe9" + "ß".encode(), "äöüß\ufffdß", "1 bytes are not UTF-8"),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, text: str, note: str | None) -> None:
    documents, _ = _read(_write(tmp_path, {"a.md": data}), "a")
    assert documents[0].text == text
    assert [note in one for one in documents[0].skipped if note] == [True] * bool(note)


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    source = _write(
        tmp_path,
        {
            "a__b.md": CARD,
            "a__b.pdf": pdf([["x"]], encrypted=True),
            "a__b.paper2.pdf": b"%PDF-1.4 broken",
            "a__b.croissant.json": '{"@context": "https://schema.org/", "name": ',
            "a__b.train.parquet": b"not parquet",
            "a__b.test.jsonl": '{"source": "c/d"}\n',
        },
    )
    documents, failures = _read(source, "a/b")
    assert [one.kind for one in documents] == [DocumentKind.CARD, DocumentKind.ROWS]
    assert {one.document.removeprefix(f"{source.label}/"): one.error for one in failures} == {
        "a__b.pdf": "Unreadable",
        "a__b.paper2.pdf": "Unreadable",
        "a__b.croissant.json": "Unreadable",
        "a__b.train.parquet": "Unreadable",
    }
    assert all(one.step == "source" and one.message for one in failures)


def test_a_broken_header_is_a_failure_and_the_prose_is_read(tmp_path: Path) -> None:
    documents, failures = _read(
        _write(tmp_path, {"a__b.md": "---\na: [1\nb: c\n---\nProse."}), "a/b"
    )
    assert documents[0].text.endswith("Prose.")
    assert documents[0].metadata == {}
    assert "broken" in documents[0].skipped[0]
    assert [one.error for one in failures] == ["Unreadable"]
    assert "prose is read" in failures[0].message


@pytest.mark.parametrize(
    "junk", [b"\x89PNG\r\n\x1a\n\x00\x00", bytes(range(1, 32)) * 99, os.urandom(5000)]
)
def test_binary_junk_named_md_is_a_failure(tmp_path: Path, junk: bytes) -> None:
    documents, failures = _read(_write(tmp_path, {"a__b.md": junk}), "a/b")
    assert documents == []
    assert [one.error for one in failures] == ["Unreadable"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a__b.md").symlink_to(outside / "secret.md")
    (root / "sub").symlink_to(outside)
    (root / "inside.md").write_text(CARD)
    (root / "alias.md").symlink_to(root / "inside.md")
    (root / "broken.md").symlink_to(root / "nowhere.md")
    (root / "loop.md").symlink_to(root / "loop.md")
    source = FolderSource(root)
    assert _seeds(source) == ["a/b", "alias", "broken", "inside", "loop"]
    for name, error in (("a/b", "AccessDenied"), ("broken", "Unreadable"), ("loop", "Unreadable")):
        documents, failures = _read(source, name)
        assert documents == []
        assert [one.error for one in failures] == [error]
    assert source.ignored == ("sub: a link to a folder, not followed",)


@pytest.mark.parametrize("suffix", ["md", "pdf", "jsonl", "csv", "parquet", "jsonl.gz"])
def test_a_pipe_is_a_failure_and_nobody_waits_for_it(tmp_path: Path, suffix: str) -> None:
    source = _write(tmp_path, {"a__b.md": CARD, f"a__b.x.{suffix}": "later a pipe"})
    assert source.seeds()
    (tmp_path / f"a__b.x.{suffix}").unlink()
    os.mkfifo(tmp_path / f"a__b.x.{suffix}")
    for one in (source, FolderSource(tmp_path)):  # swapped after the listing, and listed as one
        assert one.version(DatasetId.parse("a/b"))
        failures = [f for seed in one.seeds() for f in _read(one, str(seed))[1]]
        assert [failure.error for failure in failures] == ["Unreadable"]
        assert "a pipe or a device" in failures[0].message


def test_a_pipe_with_the_name_of_a_croissant_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a__b.json")
    (line,) = FolderSource(tmp_path).ignored
    assert line.startswith("a__b.json: it is a pipe or a device")


def test_a_card_swapped_for_a_link_after_the_listing_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    source = _write(tmp_path / "root", {"a__b.md": CARD})
    assert source.knows(DatasetId.parse("a/b"))
    (tmp_path / "root" / "a__b.md").unlink()
    (tmp_path / "root" / "a__b.md").symlink_to(tmp_path / "secret.md")
    documents, failures = _read(source, "a/b")
    assert documents == []
    assert [one.error for one in failures] == ["AccessDenied"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/../../x"])
def test_ids_never_become_paths(tmp_path: Path, name: str) -> None:
    source = _write(tmp_path, {"a__b.md": CARD})
    dataset = DatasetId(name=name)
    assert not source.knows(dataset)
    assert source.version(dataset) is None
    with pytest.raises(NotFound, match="no file about"):
        source.documents(dataset)


def test_names_that_are_no_text_or_too_long_are_left_alone(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a__\xff.md")).write_text(CARD)
    deep = tmp_path.joinpath(*["d" * 200] * 9)
    deep.mkdir(parents=True)
    (deep / "x.md").write_text(CARD)
    (tmp_path / f"{'n' * 240}__{'m' * 5}.md").write_text(CARD)
    source = FolderSource(tmp_path)
    assert [len(seed) for seed in _seeds(source)] == [246]
    assert len(source.ignored) == 2
    assert all("too long, or not UTF-8" in line for line in source.ignored)


def test_croissant_nested_deep_is_read_or_a_failure(tmp_path: Path) -> None:
    for depth in (500, 100_000):
        nested = "[" * depth + "]" * depth
        text = f'{{"@context": "https://schema.org/", "x": {nested}}}'
        source = _write(tmp_path / str(depth), {"a__b.md": CARD, "a__b.croissant.json": text})
        documents, failures = _read(source, "a/b")
        assert len(documents) + len(failures) == 2
        for document in documents:
            DeclaredReader().read(document)
    assert [one.error for one in failures] == ["Unreadable"]


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="no folder"):
        FolderSource("/nonexistent/folder")


def test_an_unreadable_or_vanished_file_is_a_failure(tmp_path: Path) -> None:
    source = _write(tmp_path, {"a__b.md": CARD, "a__b.txt": "Paper."})
    assert source.seeds()
    (tmp_path / "a__b.txt").unlink()
    documents, failures = _read(source, "a/b")
    assert [one.kind for one in documents] == [DocumentKind.CARD]
    assert [one.error for one in failures] == ["Unreadable"]


def test_the_version_changes_with_any_file_and_only_then(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a__b.md": CARD, "a__b.txt": "Paper."}
    source = _write(tmp_path, files)
    dataset = DatasetId.parse("a/b")
    first = source.version(dataset)
    assert first == _read(source, "a/b")[0][0].version
    os.utime(tmp_path / "a__b.txt", (1, 1))
    assert FolderSource(tmp_path).version(dataset) == first
    (tmp_path / "a__b.txt").write_text("Pap3r.")
    assert source.version(dataset) != first


def test_a_croissant_file_is_text_and_parsed(tmp_path: Path) -> None:
    content = {"@context": {"@vocab": "https://schema.org/"}, "name": "Caf\u00e9 \U0001f600"}
    source = _write(tmp_path, {"a__b.md": CARD, "a__b.croissant.json": json.dumps(content)})
    document = _read(source, "a/b")[0][1]
    assert document.kind is DocumentKind.CROISSANT
    assert document.metadata == content
    assert "Café 😀" in document.text


def test_many_threads_see_the_same(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"o__d{n}.md": f"{CARD}{n}" for n in range(50)}
    source = _write(tmp_path, files)
    seen: list[set[str]] = []

    def read() -> None:
        seen.append({doc.text for seed in source.seeds() for doc in _read(source, str(seed))[0]})

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [set(files.values())] * 8


def test_a_card_of_100_mb_is_cut_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a__b.md"
    with path.open("wb") as file:
        file.write(b"---\nlicense: mit\n---\n")
        for _ in range(100):
            file.write("Überlang, \n".encode() * 83_333 + b"1234")
    taken = megabytes(
        "from agents.sources import FolderSource\n"
        "from agents.reading.declared import DeclaredReader",
        "source = FolderSource(sys.argv[1])\n"
        "(document,) = source.documents(source.seeds()[0])\n"
        "assert DeclaredReader().read(document).facts\n"
        "assert '5,000,000 of 100,000,021' in document.skipped[-1], document.skipped\n"
        "assert len(document.text) < 5_000_000",
        str(tmp_path),
    )
    assert taken < 80, f"{taken} MB for a card of which 5 MB are read"


def test_documents_are_called_by_the_folder_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "data" / "cards").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    given = {
        "data/cards": "data/cards",
        "./data//../data/cards/": "data/cards",
        str(tmp_path / "here" / "data" / "cards"): "data/cards",
        "../here/data/cards": "data/cards",
        ".": ".",
        "../other": "../other",
        str(tmp_path / "other"): (tmp_path / "other").as_posix(),
    }
    assert {root: FolderSource(root).label for root in given} == given
    (tmp_path / "here" / "data" / "cards" / "a__b.md").write_text(CARD)
    (document,) = _read(FolderSource(Path("data") / "cards"), "a/b")[0]
    assert document.id == "data/cards/a__b.md"
    (labelled,) = _read(FolderSource("data/cards", "mine/"), "a/b")[0]
    assert labelled.id == "mine/a__b.md"


def test_folders_of_one_name_give_documents_of_two(tmp_path: Path) -> None:
    one = _write(tmp_path / "x" / "cards", {"a__b.md": CARD})
    two = _write(tmp_path / "y" / "cards", {"a__b.md": CARD})
    ids = [_read(source, "a/b")[0][0].id for source in (one, two)]
    assert ids[0] != ids[1]
    assert [one.covers(name) for name in ids] == [True, False]
    assert [two.covers(name) for name in ids] == [False, True]
    assert one.location != two.location


def test_equal_folders_have_one_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "cards")
    monkeypatch.chdir(tmp_path)
    roots: list[Path | str] = ["cards", tmp_path / "cards", "link", "./cards/"]
    assert len({FolderSource(root).location for root in roots}) == 1


@pytest.mark.parametrize("label", ["", "x" * 401])
def test_a_label_that_cannot_be_one(tmp_path: Path, label: str) -> None:
    with pytest.raises(InvalidName, match="cannot label"):
        FolderSource(tmp_path, label)


def test_a_root_that_is_not_utf8_has_a_label_all_the_same(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    source = _write(root, {"a__b.md": CARD})
    (document,) = _read(source, "a/b")[0]
    assert document.id.endswith("/caf\\xe9/a__b.md")
    assert source.covers(document.id)
    source.location.encode()


def test_a_source_covers_what_it_would_have_come_upon(tmp_path: Path) -> None:
    deep = "/".join("d" * 13)
    source = _write(tmp_path, {"a__b.md": CARD, f"{deep}/x.md": CARD})
    (tmp_path / "link").symlink_to(tmp_path / "d")
    source = FolderSource(tmp_path, "cards")
    covered = ["cards/a__b.md", "cards/gone.md", "cards/gone/x.train.jsonl", "cards/d/y.pdf"]
    assert [source.covers(name) for name in covered] == [True] * len(covered)
    for name in (
        "a__b.md", "cards", "cards2/a__b.md", "x/cards/a__b.md", "hf://datasets/a/b/README.md",
        "cards/.git/x.md", "cards/link/x.md", "cards/picture.png", f"cards/{deep}/x.md",
        f"cards/{deep}/e/gone.md",
    ):  # fmt: skip
        assert not source.covers(name), name
    assert sorted(source.ignored) == [
        f"{deep}: more than 12 folders deep, not entered",
        "link: a link to a folder, not followed",
    ]


def test_a_folder_that_cannot_be_listed_hides_nothing_in_silence(tmp_path: Path) -> None:
    """In a process of its own that gives up being root, whom no permission stops."""
    tmp_path.chmod(0o755)
    _write(tmp_path, {"a__b.md": CARD, "shut/c__d.md": CARD, "mute__card.md": CARD})
    (tmp_path / "mute__card.md").chmod(0)
    (tmp_path / "shut").chmod(0)
    script = (
        "import os, sys\nfrom agents.sources import FolderSource\n"
        "from lineage.errors import AccessDenied\n"
        "os.chdir(sys.argv[1])\n"
        "os.geteuid() or os.seteuid(65534)\n"
        "source = FolderSource('.')\n"
        "print([str(seed) for seed in source.seeds()])\n"
        "print(source.ignored)\n"
        "print(source.covers('./shut/c__d.md'), source.covers('./a__b.md'))\n"
        "mute = [one for one in source.seeds() if one.name == 'mute/card'][0]\n"
        "print([(one.error, one.document) for one in source.documents(mute)])\n"
        "try:\n    FolderSource('shut').seeds()\n"
        "except AccessDenied as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    (tmp_path / "shut").chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['a/b', 'mute/card']",
        "('shut: a folder that cannot be listed, Permission denied',)",
        "False True",
        "[('Unreadable', './mute__card.md')]",
        "the folder 'shut' cannot be listed (Permission denied); check its permissions",
    ]


@pytest.mark.parametrize("home", [True, False], ids=["readme", "cards"])
def test_the_work_grows_with_the_number_of_files_and_no_faster(tmp_path: Path, home: bool) -> None:
    """Counted in calls, which no busy machine makes more of."""

    def calls(count: int) -> int:
        files = {f"o__d{n}.md": CARD for n in range(0 if home else count // 2)}
        files |= {f"o__d{n}.{n}.txt": "A paper." for n in range(len(files), count)}
        root = tmp_path / str(count)
        _write(root / "o" / "home", {**files, **({"README.md": CARD} if home else {})})
        source = FolderSource(root)
        found = 0

        def count_one(_frame: object, event: str, _argument: object) -> None:
            nonlocal found
            found += event in {"call", "c_call"}

        sys.setprofile(count_one)
        try:
            seeds = source.seeds()
        finally:
            sys.setprofile(None)
        assert len(seeds) == (1 if home else count)
        return found

    few, many = calls(750), calls(3_000)
    assert many < 5 * few
