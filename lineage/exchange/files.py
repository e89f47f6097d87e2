"""Writing files that a person named: whole or not at all, and never over a store."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from lineage.errors import LineageError

_SQLITE: Final = b"SQLite format 3\x00"


def save_text(text: str, target: Path) -> None:
    """Writes the text to the file (`-`: stdout), as UTF-8, whole or not at all.

    LineageError where it cannot be written, or where the target is a graph store.
    """
    with writing(target) as out:
        out.write(text.encode("utf-8", errors="replace"))


@contextmanager
def writing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes its place only once it is whole. Links are followed; what is no
    regular file (a pipe, `/dev/stdout`) is written into as it is.
    """
    if str(target) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        place = target.resolve()
        if place.exists() and not place.is_file():
            with place.open("wb") as out:
                yield out
            return
        _refuse_store(place)
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
            Path(name).chmod(place.stat().st_mode if place.exists() else 0o666 & ~_umask())
            Path(name).replace(place)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LineageError(f"cannot write {target}: {error.strerror or error}") from error


def _refuse_store(place: Path) -> None:
    if place.name.endswith(("-wal", "-shm")):
        raise LineageError(f"{place} belongs to a database; name another file")
    if not place.exists():
        return
    with place.open("rb") as file:
        if file.read(len(_SQLITE)) == _SQLITE:
            raise LineageError(f"{place} is a store (a SQLite database); name another file")


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
