"""Files of a folder that strangers may have filled: opened so that none of them blocks."""

from __future__ import annotations

import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path

from lineage.errors import Unreadable


def opened(path: Path) -> BufferedReader:
    """The file, open for reading bytes. Unreadable where it is a pipe, a device or a folder:
    to open a pipe that nobody writes to would wait for ever.
    """
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115  # it is handed out open
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Unreadable(
            f"{path.name} is not a regular file but a pipe or a device", address=str(path)
        )
    return file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def head(path: Path, size: int) -> bytes:
    """The first `size` bytes of a file, fewer where it is shorter."""
    with opened(path) as file:
        return file.read(size)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes in 64 hex digits, streamed."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
