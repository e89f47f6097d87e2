"""Documents of a local folder.

How a file says which dataset it is about, the first rule that fits:

1. A directory below the root that holds a `README.md` is one dataset, named by its last
   two path parts (`openai/gsm8k/README.md`, `gsm8k/README.md`); every file in it and below
   belongs to it.
2. A `.md` file is the card of the dataset its stem names: `openai__gsm8k.md`,
   `openai/gsm8k.md`, or `gsm8k.md` for one without organisation. A header key
   `dataset_id` overrides the name. Stems that end in `.paper`, `.notes`, `.page` or
   `.readme` (a number may follow) are companions.
3. Every other file is a companion of the card whose stem it continues after a dot
   (`openai__gsm8k.pdf`, `openai__gsm8k.train.jsonl`), the longest such stem first; without
   a card, of its own stem up to the first dot that is not between digits.

`*.model.md`, and cards whose header has the keys of a model's, are model cards: their id
is `model:org/name`. Hidden files, a `README.md` of the root, and records or JSON that no
document goes with and whose name has no organisation are left alone; `ignored` lists them.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from agents.sources.cards import MAX_CARD, Read, card_of, header_lines, is_model_card
from agents.sources.croissant import MAX_CROISSANT, croissant_of, is_croissant
from agents.sources.papers import MAX_PAPER, html_of, pdf_of, plain_of, tex_of
from agents.sources.rows import RECORD_SUFFIXES, file_sha256, rows_of
from lineage.errors import AccessDenied, LineageError, NotFound, Unreadable
from lineage.identity import DatasetId
from lineage.model import Document, DocumentKind, Failure, digest, now

MAX_FILES: Final = 200_000
"""Files of a folder that are looked at; more is taken for a mistake."""

MAX_FOLDERS_DEEP: Final = 12
_MAX_PATH: Final = 1_500
_HEADER_PEEK: Final = 300_000
_HASHED_WHOLE: Final = 5_000_000

_PAPER_SUFFIXES: Final = (".pdf", ".txt", ".html", ".htm", ".tex")
_JSON_SUFFIXES: Final = (".json", ".jsonld")
_SUFFIXES: Final = (".md", *_PAPER_SUFFIXES, *_JSON_SUFFIXES, *RECORD_SUFFIXES)
_COMPANION = re.compile(r"\.(paper|notes?|page|readme)\d*$", re.IGNORECASE)
_PAGE = re.compile(r"\.(notes?|page|readme)\d*$", re.IGNORECASE)
_FIRST_DOT = re.compile(r"(?<!\d)\.|\.(?!\d)")
_OVERRIDE = re.compile(r"^dataset_id[ \t]*:[ \t]*[\"']?([^\"'\n#]+)", re.MULTILINE)

_ORDER: Final = {
    DocumentKind.CARD: 0,
    DocumentKind.MODEL_CARD: 0,
    DocumentKind.CROISSANT: 1,
    DocumentKind.PAGE: 2,
    DocumentKind.PAPER: 3,
    DocumentKind.ROWS: 4,
}


@dataclass(frozen=True)
class _File:
    """One file of the folder; `outside` where it leads out of it and is not to be read."""

    path: Path
    relative: str
    kind: DocumentKind
    outside: bool = False


@dataclass
class _Index:
    files: dict[DatasetId, list[_File]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


class FolderSource:
    """The cards, papers, Croissant files and records below `root` (rules: see the module).

    Read once on first use; a file added later is seen by a new FolderSource. Document ids
    are `<name of the root>/<path below it>`. NotFound where `root` is no folder.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise NotFound(
                f"no folder {str(self.root)!r}; give one that holds cards (*.md)",
                address=str(self.root),
            )
        self._lock = threading.Lock()

    def seeds(self) -> tuple[DatasetId, ...]:
        """Every dataset that a file of the folder is about, in order of their ids."""
        return tuple(sorted(self._files))

    @property
    def ignored(self) -> tuple[str, ...]:
        """Files that were left alone, each with the reason."""
        return tuple(self._indexed.ignored)

    def knows(self, dataset: DatasetId) -> bool:
        """Whether a file of the folder is about this dataset (revision and split aside)."""
        return dataset.base in self._files

    def documents(self, dataset: DatasetId) -> Iterator[Document | Failure]:
        """The card first, then Croissant, pages, papers and records. NotFound where no
        file is about this dataset.
        """
        files = self._of(dataset)
        return self._read_all(dataset.base, files)

    def version(self, dataset: DatasetId) -> str | None:
        """32 hex digits that change with any file of the dataset: by content up to 5 MB,
        by size and time beyond; None for a dataset the folder does not have.
        """
        if not self.knows(dataset):
            return None
        return self._version(self._of(dataset))

    @property
    def _files(self) -> dict[DatasetId, list[_File]]:
        return self._indexed.files

    @property
    def _indexed(self) -> _Index:
        with self._lock:
            return self._index

    @cached_property
    def _index(self) -> _Index:
        return _indexed(self.root)

    def _of(self, dataset: DatasetId) -> list[_File]:
        try:
            return self._files[dataset.base]
        except KeyError:
            raise NotFound(
                f"no file about {dataset} in {str(self.root)!r}; name its card "
                f"{dataset.name.replace('/', '__')}.md",
                address=str(self.root),
            ) from None

    def _version(self, files: list[_File]) -> str:
        parts: list[str] = []
        for file in files:
            if file.outside:
                continue
            try:
                state = file.path.stat()
                small = state.st_size <= _HASHED_WHOLE
                content = file_sha256(file.path) if small else f"{state.st_mtime_ns}"
                parts += [file.relative, str(state.st_size), content]
            except OSError as error:
                parts += [file.relative, type(error).__name__]
        return digest(*parts)

    def _read_all(self, dataset: DatasetId, files: list[_File]) -> Iterator[Document | Failure]:
        version = self._version(files)
        for file in files:
            name = f"{self.root.resolve().name}/{file.relative}"
            try:
                read, sha256 = self._read(file)
                document = Document(
                    id=name,
                    dataset=dataset,
                    kind=file.kind,
                    text=read.text,
                    sha256=sha256,
                    fetched_at=now(),
                    version=version,
                    metadata=read.metadata,
                    page_starts=read.page_starts,
                    skipped=read.skipped,
                )
            except (LineageError, OSError) as error:
                yield _failure(dataset, name, error)
                continue
            if read.problem:
                yield _failure(dataset, name, Unreadable(f"{read.problem}; its prose is read"))
            yield document

    def _read(self, file: _File) -> tuple[Read, str]:
        path = file.path
        if file.outside or not path.resolve().is_relative_to(self.root.resolve()):
            raise AccessDenied(
                f"{file.relative} is a link out of the folder; copy the file into it",
                address=str(path),
            )
        size = path.stat().st_size
        if file.kind is DocumentKind.ROWS:
            return rows_of(path), file_sha256(path)
        if file.kind in {DocumentKind.CARD, DocumentKind.MODEL_CARD}:
            return card_of(_head(path, MAX_CARD), size=size), file_sha256(path)
        limit = MAX_CROISSANT if file.kind is DocumentKind.CROISSANT else MAX_PAPER
        if size > limit:
            raise Unreadable(
                f"{file.relative} has {size:,} bytes, more than the {limit:,} that are read",
                address=str(path),
            )
        data = path.read_bytes()
        return _READERS[path.suffix.lower()](data), hashlib.sha256(data).hexdigest()


_READERS: Final[dict[str, Callable[[bytes], Read]]] = {
    ".md": plain_of,
    ".txt": plain_of,
    ".tex": tex_of,
    ".html": html_of,
    ".htm": html_of,
    ".pdf": pdf_of,
    ".json": croissant_of,
    ".jsonld": croissant_of,
}


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _failure(dataset: DatasetId, document: str, error: Exception) -> Failure:
    known = error if isinstance(error, LineageError) else Unreadable(_os_problem(error))
    return Failure(
        dataset=dataset,
        document=document,
        step="source",
        error=type(known).__name__,
        message=str(known),
        at=now(),
    )


def _os_problem(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"the file cannot be read: {reason}; check its permissions"


def _indexed(root: Path) -> _Index:
    index = _Index()
    found = sorted(_walk(root, index), key=lambda one: one.relative)
    homes = {
        PurePosixPath(one.relative).parent
        for one in found
        if one.path.name.lower() == "readme.md" and "/" in one.relative
    }
    cards: dict[PurePosixPath, dict[str, DatasetId]] = {}
    others: list[_File] = []
    for file in found:
        place = PurePosixPath(file.relative)
        if home := next((one for one in place.parents if one in homes), None):
            _put_at_home(index, file, home, root)
        elif place.name.lower() == "readme.md":
            index.ignored.append(f"{file.relative}: it is about the folder, not about a dataset")
        elif file.kind is DocumentKind.CARD:
            _put_card(index, file, cards)
        else:
            others.append(file)
    for file in others:
        _put_companion(index, file, cards)
    _drop_bare_records(index, homes)
    for files in index.files.values():
        files.sort(key=lambda one: (_ORDER[one.kind], one.relative))
    return index


def _walk(root: Path, index: _Index) -> Iterator[_File]:
    seen = 0
    for directory, below, names in os.walk(root):
        here = Path(directory)
        deep = len(here.relative_to(root).parts)
        below[:] = [one for one in below if not one.startswith(".") and deep < MAX_FOLDERS_DEEP]
        for name in names:
            seen += 1
            if seen > MAX_FILES:
                raise Unreadable(
                    f"{str(root)!r} holds more than {MAX_FILES:,} files; name a smaller folder",
                    address=str(root),
                )
            if name.startswith("."):
                continue
            relative = (here / name).relative_to(root).as_posix()
            if len(relative) > _MAX_PATH or not _is_text(relative):
                shown = relative.encode("utf-8", "replace").decode()[:200]
                index.ignored.append(f"{shown}: its name is too long, or not UTF-8")
            elif file := _file(here / name, root, index):
                yield file


def _is_text(name: str) -> bool:
    """Whether a file name is whole text: bytes that are not come as half surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _file(path: Path, root: Path, index: _Index) -> _File | None:
    relative = path.relative_to(root).as_posix()
    kind = _kind(path.name.lower())
    if kind is None:
        index.ignored.append(f"{relative}: not a kind of file that is read")
        return None
    try:
        outside = path.is_symlink() and not path.resolve().is_relative_to(root.resolve())
        regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before 3.13
        index.ignored.append(f"{relative}: {error.__class__.__name__}, a broken link?")
        return None
    if not outside and not regular:
        index.ignored.append(f"{relative}: not a regular file")
        return None
    if kind is DocumentKind.CROISSANT and not outside and not is_croissant(_peek(path)):
        index.ignored.append(f"{relative}: JSON, but not Croissant")
        return None
    return _File(path, relative, kind, outside)


def _kind(name: str) -> DocumentKind | None:
    if name.endswith(RECORD_SUFFIXES):
        return DocumentKind.ROWS
    suffix = PurePosixPath(name).suffix
    if suffix in _JSON_SUFFIXES:
        return DocumentKind.CROISSANT
    stem = name.removesuffix(suffix)
    if suffix == ".md" and not _COMPANION.search(stem):
        return DocumentKind.CARD
    if suffix == ".md" or suffix in _PAPER_SUFFIXES:
        return DocumentKind.PAGE if _PAGE.search(stem) else DocumentKind.PAPER
    return None


def _peek(path: Path) -> bytes:
    try:
        return _head(path, _HEADER_PEEK)
    except OSError:
        return b""  # the failure is recorded when its turn to be read comes


def _put_at_home(index: _Index, file: _File, home: PurePosixPath, root: Path) -> None:
    card = next(one for one in sorted((root / home).iterdir()) if one.name.lower() == "readme.md")
    peek = _peek(card) if card.resolve().is_relative_to(root.resolve()) else b""
    is_card = file.path == card
    kind = file.kind
    if kind is DocumentKind.CARD and not is_card:
        kind = DocumentKind.PAGE
    _add(index, file, "/".join(home.parts[-2:]), kind, peek)


def _put_card(index: _Index, file: _File, cards: dict[PurePosixPath, dict[str, DatasetId]]) -> None:
    place = PurePosixPath(file.relative)
    stem = place.name[: -len(".md")]
    peek = b"" if file.outside else _peek(file.path)
    name = _dataset_name(place.parent, stem.removesuffix(".model"))
    marked = b"---\nbase_model: marked\n---\n" if stem.endswith(".model") else peek
    if found := _add(index, file, name, file.kind, marked):
        cards.setdefault(place.parent, {})[stem] = found


def _put_companion(
    index: _Index, file: _File, cards: dict[PurePosixPath, dict[str, DatasetId]]
) -> None:
    place = PurePosixPath(file.relative)
    known = cards.get(place.parent, {})
    stems = [one for one in known if _continues(place.name, one)]
    if stems:
        index.files[known[max(stems, key=len)]].append(file)
        return
    _add(index, file, _dataset_name(place.parent, _FIRST_DOT.split(place.name)[0]), file.kind, b"")


def _continues(name: str, stem: str) -> bool:
    """Whether `name` is `stem`, a dot and more; `OpenHermes-2.5.pdf` is no `OpenHermes-2`."""
    if not name.startswith(stem + "."):
        return False
    return _FIRST_DOT.match(name, len(stem)) is not None


def _dataset_name(parent: PurePosixPath, stem: str) -> str:
    organisation, parted, name = stem.partition("__")
    if parted and organisation and name:
        return f"{organisation}/{name}"
    return f"{parent.name}/{stem}" if parent.name else stem


def _add(
    index: _Index, file: _File, name: str, kind: DocumentKind, card: bytes
) -> DatasetId | None:
    """Files the document under its dataset: `name`, unless the card's header says else."""
    header = header_lines(card.decode("utf-8", "replace").replace("\r\n", "\n"))
    model = is_model_card(header)
    if model and kind is DocumentKind.CARD:
        kind = DocumentKind.MODEL_CARD
    try:
        override = _OVERRIDE.search(header)
        if override:
            dataset = DatasetId.parse(override[1]).base
        else:
            dataset = DatasetId(hub="model" if model else "hf", name=name)
    except ValueError as error:  # InvalidName, or a name that is too long
        index.ignored.append(f"{file.relative}: {str(error).splitlines()[0]}")
        return None
    index.files.setdefault(dataset, []).append(_File(file.path, file.relative, kind, file.outside))
    return dataset


def _drop_bare_records(index: _Index, homes: set[PurePosixPath]) -> None:
    """A stray `truth.jsonl` is no dataset; `org__name.jsonl` says that it is."""
    for dataset in list(index.files):
        files = index.files[dataset]
        if all(
            one.kind is DocumentKind.ROWS
            and "__" not in one.path.name
            and not homes.intersection(PurePosixPath(one.relative).parents)
            for one in files
        ):
            index.ignored += [f"{one.relative}: records that no document is about" for one in files]
            del index.files[dataset]
