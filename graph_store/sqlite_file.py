"""Opening the file of an embedded store: checks, schema, migrations, errors in plain words.

Every fault becomes a StoreError that names the file and the next step, and no fault
changes a file that is not ours.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from lineage.errors import StoreBusy, StoreError, StoreTooNew

Connection = sqlite3.Connection

APPLICATION_ID: Final = 0x4C494E45
"""Marks the file as ours (`PRAGMA application_id`): "LINE"."""

_MAGIC: Final = b"SQLite format 3\x00"

_FIRST: Final = (
    # A node of the graph. `own_name`: see graph_store.merging.Node.
    """CREATE TABLE node (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        name TEXT NOT NULL, own_name INTEGER NOT NULL, documented INTEGER NOT NULL
    ) STRICT""",
    # Facts have no versions: a row is one stretch of time in which the fact was known.
    """CREATE TABLE fact (
        key INTEGER PRIMARY KEY, node TEXT NOT NULL REFERENCES node (id),
        property TEXT NOT NULL, value TEXT NOT NULL, dataset TEXT NOT NULL,
        evidence_id TEXT NOT NULL, evidence TEXT NOT NULL,
        recorded_at TEXT NOT NULL, superseded_at TEXT
    ) STRICT""",
    """CREATE UNIQUE INDEX fact_current ON fact (node, property, value, dataset, evidence_id)
        WHERE superseded_at IS NULL""",
    """CREATE INDEX fact_past ON fact (node, property, value, dataset, evidence_id)
        WHERE superseded_at IS NOT NULL""",
    # What never changes of an edge. `child_base` and `parent_base` are the nodes. Small
    # integers join the tables: with the ids themselves (digests, so random) each edge
    # touched half a dozen distant pages, and writing slowed down as the store grew.
    """CREATE TABLE edge (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        child TEXT NOT NULL, parent TEXT NOT NULL,
        child_base INTEGER NOT NULL REFERENCES node,
        parent_base INTEGER NOT NULL REFERENCES node,
        relation TEXT NOT NULL, role TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX edge_order ON edge (child, parent, id)",
    "CREATE INDEX edge_child ON edge (child_base)",
    "CREATE INDEX edge_parent ON edge (parent_base)",
    # What changes; instants are UTC text of fixed width, so text order is time order.
    """CREATE TABLE edge_version (
        edge INTEGER NOT NULL REFERENCES edge, number INTEGER NOT NULL,
        recorded_at TEXT NOT NULL, superseded_at TEXT, confidence REAL NOT NULL,
        verdict TEXT, flags TEXT NOT NULL, valid_from TEXT, valid_to TEXT, closure TEXT,
        PRIMARY KEY (edge, number)
    ) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX edge_current ON edge_version (edge) WHERE superseded_at IS NULL",
    """CREATE INDEX edge_closed ON edge_version (edge)
        WHERE superseded_at IS NULL AND closure IS NOT NULL""",
    # One row for each piece, whatever the number of versions: `since` is the first of them
    # that knows it and `until` the first that does not any more, which gives it the two
    # moments of those versions; `position` is its place among all evidence of the edge.
    """CREATE TABLE evidence (
        edge INTEGER NOT NULL REFERENCES edge, position INTEGER NOT NULL,
        since INTEGER NOT NULL, until INTEGER, id TEXT NOT NULL, document TEXT NOT NULL,
        method TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (edge, position)
    ) STRICT, WITHOUT ROWID""",
    # Who says what today: bookkeeping, without history. A voice is a document as read about
    # one dataset (a paper is read about each dataset whose card links it, and says other
    # things of each), or, with `dataset` empty, as somebody put it who had read it elsewhere.
    """CREATE TABLE voice (
        key INTEGER PRIMARY KEY, document TEXT NOT NULL, dataset TEXT NOT NULL,
        UNIQUE (document, dataset)
    ) STRICT""",
    """CREATE TABLE says (
        voice INTEGER NOT NULL REFERENCES voice, edge INTEGER NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (voice, edge, position), FOREIGN KEY (edge, position) REFERENCES evidence
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE says_fact (
        voice INTEGER NOT NULL REFERENCES voice, fact INTEGER NOT NULL REFERENCES fact,
        PRIMARY KEY (voice, fact)
    ) STRICT, WITHOUT ROWID""",
    # The log. `number` grows, so the highest of a dataset is its last reading.
    """CREATE TABLE run (
        id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, settings TEXT NOT NULL,
        started_at TEXT NOT NULL, finished_at TEXT
    ) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX run_unfinished ON run (fingerprint) WHERE finished_at IS NULL",
    """CREATE TABLE reading (
        number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT REFERENCES run,
        dataset TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX reading_dataset ON reading (dataset)",
    "CREATE UNIQUE INDEX reading_in_run ON reading (run, dataset) WHERE run IS NOT NULL",
    "CREATE UNIQUE INDEX reading_alone ON reading (dataset) WHERE run IS NULL",
    """CREATE TABLE document_read (
        reading INTEGER NOT NULL REFERENCES reading ON DELETE CASCADE,
        position INTEGER NOT NULL, about TEXT NOT NULL, document TEXT NOT NULL,
        read_at TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (reading, position)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX document_read_about ON document_read (about, document)",
    # `reading` withdrew the document: lines of that dataset's earlier readings are history.
    # No foreign key: it holds on when a later reading of the run replaces that one.
    """CREATE TABLE withdrawal (
        dataset TEXT NOT NULL, document TEXT NOT NULL, reading INTEGER NOT NULL,
        PRIMARY KEY (dataset, document)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE failure (
        reading INTEGER NOT NULL REFERENCES reading ON DELETE CASCADE,
        position INTEGER NOT NULL, about TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (reading, position)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX failure_about ON failure (about)",
    """CREATE TABLE rejection (
        reading INTEGER NOT NULL REFERENCES reading ON DELETE CASCADE,
        position INTEGER NOT NULL, about TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (reading, position)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX rejection_about ON rejection (about)",
)

MIGRATIONS: list[Sequence[str]] = [_FIRST]
"""Step *n* (from 0) turns schema version *n* into *n* + 1. Released steps never change; a
new version is a new step at the end."""

_NETWORK: Final = re.compile(
    r"(?:nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|lustre|beegfs|gpfs"
    r"|fuse\.(?:sshfs|s3fs|gcsfuse|rclone|glusterfs|davfs2?|juicefs))"
)


def path_of(location: str) -> Path:
    """The absolute path that `sqlite:///abs/path`, `sqlite:relative.db` or a bare path
    means; StoreError for anything else.
    """
    text = location.strip()
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() == "sqlite":
        if rest.startswith("//") and not rest.startswith("///"):
            raise StoreError(
                f"a SQLite store has no host: {location!r}; write sqlite:///abs/path.db "
                "or sqlite:relative.db"
            )
        text = rest[2:] if rest.startswith("///") else rest
        if re.match(r"/[A-Za-z]:[/\\]", text):  # sqlite:///C:/store.db
            text = text[1:]
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text):
        raise StoreError(f"not the location of a SQLite store: {location!r}")
    if not text or text.startswith(":memory:") or "\0" in text:
        raise StoreError(f"a store needs a file: {location!r}; write sqlite:lineage.db")
    return Path(text).absolute()


def location_of(path: Path) -> str:
    """The location that `path_of` turns back into this path."""
    text = path.as_posix()
    return f"sqlite://{text}" if text.startswith("/") else f"sqlite:///{text}"


def connect(path: Path, *, read_only: bool, timeout: float, create: bool = False) -> Connection:
    """A bare connection with our settings; `timeout` is how long to wait for a lock, in
    seconds.
    """
    mode = "ro" if read_only else "rwc" if create else "rw"
    if read_only and frozen(path) is not None:
        mode += "&immutable=1"  # else SQLite wants to create the WAL's index beside it
    with translated(path):
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # FULL and not NORMAL: in WAL mode NORMAL keeps the file sound through a power
            # cut but may lose the last transactions, and we promise that they survive.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cache_size = -32000")  # kilobytes
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_writing(path: Path, *, timeout: float) -> Connection:
    """A connection to the store at `path`, made or migrated where need be."""
    exists = _check_place(path)
    if exists:
        for place in (path, path.parent):
            if not os.access(place, os.W_OK):
                raise StoreError(
                    f"cannot write to {place}, needed for the store {path}: it is read-only; "
                    "make it writable, or open the store read-only"
                )
    warn_of_network(path)
    connection = connect(path, read_only=False, timeout=timeout, create=not exists)
    try:
        with translated(path):
            _check_owner(connection, path)
            _migrate(connection, path)
            _use_wal(connection, path, timeout=timeout)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, *, timeout: float) -> Connection:
    """A read-only connection to the store at `path`; StoreError where there is none."""
    if not _check_place(path):
        raise StoreError(f"there is no store at {path}; lineage reconstruct makes one")
    connection = connect(path, read_only=True, timeout=timeout)
    try:
        with translated(path):
            _check_current(_check_owner(connection, path), path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_current(version: int, path: Path) -> None:
    if version == 0:
        raise StoreError(f"the store {path} is empty; open it for writing to make one")
    if version < len(MIGRATIONS):
        raise StoreError(
            f"the store {path} has the older schema {version}; "
            "open it for writing once, which upgrades it"
        )


def _check_place(path: Path) -> bool:
    """Whether there is a file; StoreError where there can be none. What is no SQLite file
    is refused; an empty one may become a store.
    """
    try:
        if not path.parent.is_dir():
            raise StoreError(f"the folder {path.parent} does not exist; make it, then try again")
        if path.is_dir():
            raise StoreError(f"{path} is a folder; name a file in it, such as {path}/lineage.db")
        if not path.exists():
            return False
        if not path.is_file():
            raise StoreError(f"{path} is not a regular file; name another place for the store")
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise StoreError(f"cannot use the store {path}: {error.strerror}") from error
    if head and head != _MAGIC:
        raise StoreError(
            f"{path} is not a store (it is no SQLite file) and was left as it is; "
            "name another place"
        )
    return True


def _check_owner(connection: Connection, path: Path) -> int:
    """The schema version; StoreError where another program made the file or a newer one
    of ours did. A database without any table is version 0.
    """
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if owner != APPLICATION_ID and (owner or version or tables):
        raise StoreError(
            f"{path} is a database of another program and was left as it is; name another place"
        )
    if version > len(MIGRATIONS):
        raise StoreTooNew(
            f"the store {path} has schema {version}, this version knows {len(MIGRATIONS)}; "
            'upgrade with: pip install --upgrade "dataset-lineage"'
        )
    return version


def _migrate(connection: Connection, path: Path) -> None:
    """Brings the schema up to date, in one transaction, or leaves it as it was."""
    if _check_owner(connection, path) == len(MIGRATIONS):
        return
    with transaction(connection):
        # Looked at again: another process may have migrated while we waited for the lock.
        for step in MIGRATIONS[_check_owner(connection, path) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _use_wal(connection: Connection, path: Path, *, timeout: float) -> None:
    """Switches to write-ahead logging, which lets others read while one writes."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            # The switch needs the file alone, and SQLite does not wait for that by itself.
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    if mode != "wal":
        raise StoreError(
            f"the disk of {path} does not allow write-ahead logging (SQLite answered {mode!r}); "
            "put the store on a local disk"
        )


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of the block or nothing of it, with the write lock taken at the start."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite may have rolled back by itself (disk full)
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what SQLite and the model raise inside the block into StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise _store_error(error, path) from error
    except (UnicodeEncodeError, PydanticSerializationError, OverflowError) as error:
        raise StoreError(f"a value cannot be stored in {path}: {error}") from error
    except OSError as error:
        raise StoreError(f"cannot use the store {path}: {error.strerror or error}") from error
    except ValueError as error:  # ours are checked before they are written
        raise StoreError(
            f"the store {path} holds a value that is not valid ({_first_line(error)}): it was "
            "damaged, or changed by another program; restore a copy"
        ) from error


def _first_line(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{error.title}: {first['msg']}"
    return str(error)


def _store_error(error: sqlite3.Error, path: Path) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreBusy(
            f"another process kept the store {path} locked; try again when it has finished"
        )
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return StoreError(f"the store {path} was closed; open it again")
    for start, text in _CAUSES.items():
        if name.startswith(start):
            return StoreError(f"{text.format(path=path)} ({error})")
    return StoreError(f"the store {path} failed: {error} {name}".rstrip())


_CAUSES: Final = {
    "SQLITE_FULL": "no room left for the store {path}; nothing of this change was written: "
    "free some space, then try again",
    "SQLITE_READONLY": "the store {path} is read-only; make it and its folder writable",
    "SQLITE_CANTOPEN": "cannot open the store {path}; check that it and its folder may be "
    "read and written; where a killed writer left a log beside it, its owner has to open it "
    "once for writing",
    "SQLITE_CORRUPT": "the store {path} is damaged; restore a copy",
    "SQLITE_NOTADB": "{path} is not a store, or is damaged; name another place",
    "SQLITE_IOERR": "the disk of the store {path} failed or is full; nothing of this change "
    "was written: check the disk, then try again",
    "SQLITE_TOOBIG": "a value is too large for the store {path}; nothing of this change was "
    "written",
}


def warn_of_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Warns (RuntimeWarning) where the store lies on a network file system, whose locks
    and shared memory write-ahead logging cannot trust; told from the mount table, where
    the system has one.
    """
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    kind = file_system(path, table)
    if _NETWORK.fullmatch(kind):
        warnings.warn(
            f"the store {path} lies on a network file system ({kind}): use it from one machine "
            "only, or put it on a local disk",
            RuntimeWarning,
            stacklevel=4,
        )


def file_system(path: Path, table: str) -> str:
    """The type of the file system that holds `path`, from a Linux mount table; empty where
    the table does not say.
    """
    best, kind = "", ""
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1])
        if len(point) >= len(best) and path.is_relative_to(point):
            best, kind = point, fields[2]
    return kind


def frozen(path: Path) -> tuple[int, ...] | None:
    """The state of a file that has to be read as it lies, without locks: there is no log
    beside it, and we cannot make one (a folder or a disk that we may not write). None
    where the store is read in the usual way.

    Its owner may write all the same: whoever reads so compares the state before and after.
    """
    if os.access(path.parent, os.W_OK) and not _on_read_only_disk(path):
        return None
    wal = path.with_name(path.name + "-wal")
    return None if wal.exists() and wal.stat().st_size else file_state(path)


def file_state(path: Path) -> tuple[int, ...]:
    """What tells one state of a file from the next."""
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


def _on_read_only_disk(path: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
