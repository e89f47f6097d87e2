"""The embedded store as a file: opening, refusing, migrating, and surviving."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from store_values import (
    BY_PERSON,
    CHILD,
    OTHER,
    PARENT,
    contents,
    document_read,
    edge,
    evidence,
    fact,
    minute,
    put,
    reading,
)
from strategies import instants

from graph_store import sqlite_file
from graph_store.sqlite import SqliteStore
from graph_store.sqlite_file import APPLICATION_ID, MIGRATIONS, file_system, path_of
from graph_store.sqlite_rows import instant_text
from lineage.errors import StoreBusy, StoreError, StoreTooNew
from lineage.identity import DatasetId
from lineage.model import Closure, Dataset

TESTS = Path(__file__).parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lineage.db"


def filled(path: Path) -> Path:
    with SqliteStore.open(str(path)) as store:
        store.record(reading(edge()))
    return path


def pragma(path: Path, name: str, value: int | None = None) -> int:
    connection = sqlite3.connect(path)
    try:
        if value is not None:
            connection.execute(f"PRAGMA {name} = {value}")
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
    finally:
        connection.close()


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    try:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: connection.execute(f"SELECT * FROM {name}").fetchall()
            for (name,) in tables.fetchall()
        }
    finally:
        connection.close()


# --- locations ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("sqlite:///var/x y.db", "/var/x y.db"),
        ("sqlite:rel.db", "{cwd}/rel.db"),
        ("sqlite:sub/rel.db", "{cwd}/sub/rel.db"),
        ("rel.db", "{cwd}/rel.db"),
        ("/var/a?b#c%20.db", "/var/a?b#c%20.db"),
        ("SQLite:/var/x.db", "/var/x.db"),
    ],
)
def test_locations(location: str, expected: str) -> None:
    assert path_of(location) == Path(expected.format(cwd=Path.cwd()))


@pytest.mark.parametrize(
    "location",
    ["", "  ", "sqlite:", "sqlite:///", "sqlite://host/x.db", ":memory:", "neo4j://h", "a\0b"],
)
def test_what_is_no_location(location: str) -> None:
    with pytest.raises(StoreError):
        SqliteStore.open(location)


def test_a_path_of_odd_characters_is_opened_as_it_is(tmp_path: Path) -> None:
    odd = tmp_path / "a?mode=ro&b#c%20 é.db"
    with SqliteStore.open(str(odd)) as store:
        put(store, edge())
        location = store.location
    assert odd.exists()
    with SqliteStore.open(location, read_only=True) as store:
        assert list(store.edges()) == [edge()]
        assert store.location == location == f"sqlite://{odd}"


# --- the file ----------------------------------------------------------------------------


def test_the_file_says_whose_it_is(path: Path) -> None:
    filled(path)
    assert pragma(path, "application_id") == APPLICATION_ID
    assert pragma(path, "user_version") == len(MIGRATIONS)


def test_writes_are_flushed_to_the_disk_and_logged_ahead(path: Path) -> None:
    with SqliteStore.open(str(path)) as store:
        assert store._main is not None
        assert store._main.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert store._main.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._main.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    assert filled(path).stat().st_size > 0


def test_writing_the_same_again_leaves_the_same_bytes(path: Path) -> None:
    filled(path)
    before, rows = path.read_bytes(), rows_of(path)
    filled(path)
    assert rows_of(path) == rows
    assert path.read_bytes() == before


def test_evidence_is_stored_once_whatever_the_number_of_versions(path: Path) -> None:
    with SqliteStore.open(str(path)) as store:
        for number in range(5):
            put(store, edge(at=number, confidence=number / 10))
    rows = rows_of(path)
    assert (len(rows["edge"]), len(rows["edge_version"]), len(rows["evidence"])) == (1, 5, 1)


def test_many_edges_in_one_transaction(path: Path) -> None:
    every = [edge(parent=DatasetId(name=f"o/{number:03}")) for number in range(300)]
    with SqliteStore.open(str(path)) as store:
        store.put_edges(iter(every))
        assert list(store.edges()) == every
        bad = edge(parent=OTHER, evidence=(evidence("\ud800"),))
        with pytest.raises(StoreError):
            store.put_edges([edge(parent=OTHER, at=1), bad])
        assert list(store.edges()) == every


@given(instants, instants)
def test_the_order_of_instants_is_that_of_their_texts(one: datetime, other: datetime) -> None:
    assert (instant_text(one) < instant_text(other)) == (one < other)
    assert datetime.fromisoformat(instant_text(one)) == one


def test_instants_are_written_in_utc() -> None:
    east = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert instant_text(east) == "2025-12-31T23:00:00.000000Z"
    assert instant_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("ends", "index"),
    [({"child": CHILD}, "edge_child"), ({"parent": PARENT}, "edge_parent")],
)
@pytest.mark.parametrize("as_of", [None, minute(3)])
def test_reading_by_an_end_uses_its_index(
    path: Path, ends: dict[str, DatasetId], index: str, as_of: datetime | None
) -> None:
    with SqliteStore.open(str(path)) as store:
        statements: list[str] = []
        with store._reading() as connection:  # given back, so the next read uses it
            connection.set_trace_callback(statements.append)
        assert list(store.edges(as_of=as_of, closed=True, **ends)) == []
        select = next(text for text in statements if text.startswith("SELECT"))
        assert store._main is not None
        plan = [row[3] for row in store._main.execute(f"EXPLAIN QUERY PLAN {select}")]
        assert any(index in step for step in plan)
        assert not any(step.startswith("SCAN") for step in plan), plan


def test_several_statements_of_one_read_see_one_state(path: Path) -> None:
    with SqliteStore.open(str(path)) as store, store._reading() as connection:
        count = "SELECT count(*) FROM edge"
        assert connection.execute(count).fetchone() == (0,)
        put(store, edge())
        assert connection.execute(count).fetchone() == (0,)
        assert list(store.edges()) == [edge()]


def test_facts_know_since_when_and_until_when(path: Path) -> None:
    """Which the contract has no question for yet; a later release may ask."""
    for at, value in enumerate(("mit", "cc0", "mit", "cc0")):
        one = fact(value, quote=value)  # found at the same moment: its document was cached
        with SqliteStore.open(str(path)) as store:
            store.record(
                reading(
                    datasets=(Dataset(id=CHILD, facts=(one,)),), documents=(document_read(at=at),)
                )
            )
    moments = [
        (row[3], str(row[-2])[14:16], str(row[-1] or "")[14:16]) for row in rows_of(path)["fact"]
    ]
    assert moments == [
        ("mit", "00", "01"),
        ("cc0", "00", "02"),
        ("mit", "01", "03"),
        ("cc0", "02", ""),
    ]


def test_facts_keep_the_clock_too(path: Path) -> None:
    """A moment to come counts as now, and no fact ends before it began."""
    far = datetime(9998, 1, 1, tzinfo=UTC)
    given = Dataset(id=CHILD, facts=(fact("mit", found_at=far),))
    late = Dataset(id=CHILD, facts=(fact("cc0", document="paper", found_at=minute(9)),))
    with SqliteStore.open(str(path)) as store:
        store.record(reading(datasets=(given, late), documents=()))
        store.record(reading(documents=(document_read(at=1), document_read("paper", at=2))))
        store.record(reading(datasets=(given,), documents=(document_read(read_at=far),)))
        store.record(reading(documents=(document_read(read_at=far),)))
    moments = [(str(row[-2]), str(row[-1])) for row in rows_of(path)["fact"]]
    assert len(moments) == 3
    assert all(one <= other <= instant_text(datetime.now(UTC)) for one, other in moments)
    assert moments[1][1] == instant_text(minute(9))


def test_an_iterator_that_is_dropped_gives_its_connection_back(path: Path) -> None:
    filled(path)
    with SqliteStore.open(str(path)) as store:
        for _ in range(20):
            next(store.edges())
            next(store.datasets())
        assert len(store._idle) + len(store._lent) <= 2


def test_a_store_may_pass_from_thread_to_thread(path: Path) -> None:
    with SqliteStore.open(str(path)) as store:
        thread = threading.Thread(target=put, args=(store, edge()))
        thread.start()
        thread.join()
        assert list(store.edges()) == [edge()]


def test_importing_the_package_loads_no_database() -> None:
    code = "import sys, graph_store; print('sqlite3' in sys.modules, 'pydantic' in sys.modules)"
    assert python(code) == "False False"


# --- what is refused, and left as it was -------------------------------------------------


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        SqliteStore.open(str(tmp_path))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        SqliteStore.open(str(tmp_path / "no" / "lineage.db"))


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="not a regular file"):
        SqliteStore.open(str(tmp_path / "pipe"))


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("content", [b"x", b"# A dataset card\n" * 999, b"SQLite format 2\0"])
def test_a_file_that_is_no_database_is_left_alone(
    path: Path, content: bytes, read_only: bool
) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"not a store.*name another place"):
        SqliteStore.open(str(path), read_only=read_only)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("owner", [0, 42])
def test_another_programs_database_is_left_alone(path: Path, owner: int, read_only: bool) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.execute(f"PRAGMA application_id = {owner}")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        SqliteStore.open(str(path), read_only=read_only)
    assert path.read_bytes() == before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_store_is_left_alone(path: Path, read_only: bool) -> None:
    pragma(filled(path), "user_version", len(MIGRATIONS) + 1)
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match=r"schema 2, this version knows 1; upgrade"):
        SqliteStore.open(str(path), read_only=read_only)
    assert path.read_bytes() == before


def test_reading_does_not_make_a_store(path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        SqliteStore.open(str(path), read_only=True)
    assert not path.exists()
    path.touch()
    with pytest.raises(StoreError, match="is empty"):
        SqliteStore.open(str(path), read_only=True)
    assert path.stat().st_size == 0


def test_a_store_opened_for_reading_refuses_to_write(path: Path) -> None:
    filled(path)
    before = rows_of(path)
    with SqliteStore.open(str(path), read_only=True) as store:
        for write in (
            lambda: put(store, edge(at=1, confidence=0.1)),
            lambda: store.record(reading()),
            lambda: store.close_edge(edge().id, BY_PERSON),
        ):
            with pytest.raises(StoreError, match="opened read-only"):
                write()
        assert list(store.edges()) == [edge()]
    assert rows_of(path) == before


def test_a_damaged_store_says_so(path: Path) -> None:
    with SqliteStore.open(str(path)) as store:
        store.put_edges(edge(parent=DatasetId(name=f"o/{number}")) for number in range(500))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    with (
        pytest.raises(StoreError, match=re.escape(str(path))),
        SqliteStore.open(str(path)) as store,
    ):
        list(store.edges())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE edge_version SET confidence = 7",
        "UPDATE edge_version SET recorded_at = 'yesterday'",
        "UPDATE edge_version SET flags = '{'",
        "UPDATE evidence SET body = '{}'",
        "UPDATE evidence SET body = 'junk'",
        "UPDATE edge SET relation = 'stolen'",
        "UPDATE edge SET child = ''",
        "DROP TABLE edge_version",
    ],
)
def test_a_store_that_another_program_changed_says_so(path: Path, change: str) -> None:
    connection = sqlite3.connect(filled(path))
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(change)
    connection.commit()
    connection.close()
    with (
        SqliteStore.open(str(path)) as store,
        pytest.raises(StoreError, match=re.escape(str(path))),
    ):
        list(store.edges())


# --- schema versions ---------------------------------------------------------------------


def test_an_older_store_is_upgraded_with_all_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    step = ("ALTER TABLE node ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'",)
    monkeypatch.setattr(sqlite_file, "MIGRATIONS", [*MIGRATIONS, step])
    with pytest.raises(StoreError, match="older schema 1; open it for writing once"):
        SqliteStore.open(str(path), read_only=True)
    with SqliteStore.open(str(path)) as store:
        assert list(store.edges()) == [edge()]
    assert pragma(path, "user_version") == 2
    assert {row[-1] for row in rows_of(path)["node"]} == {"grey"}
    with SqliteStore.open(str(path), read_only=True) as store:
        assert list(store.edges()) == [edge()]


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    before = rows_of(path)
    steps = [("DELETE FROM says",), ("CREATE TABLE node (x)",)]
    monkeypatch.setattr(sqlite_file, "MIGRATIONS", [*MIGRATIONS, *steps])
    with pytest.raises(StoreError, match="already exists"):
        SqliteStore.open(str(path))
    monkeypatch.undo()
    assert pragma(path, "user_version") == 1
    assert rows_of(path) == before
    with SqliteStore.open(str(path)) as store:
        assert list(store.edges()) == [edge()]


# --- locks -------------------------------------------------------------------------------


@pytest.fixture
def locked(path: Path) -> Iterator[Path]:
    connection = sqlite3.connect(filled(path), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM evidence")
    yield path
    connection.close()


def test_a_writer_waits_only_so_long(locked: Path) -> None:
    with SqliteStore.open(str(locked), timeout=0.2) as store:
        began = time.monotonic()
        with pytest.raises(StoreBusy, match=r"another process.*try again"):
            put(store, edge(at=1, confidence=0.1))
        assert 0.1 < time.monotonic() - began < 5
        assert list(store.edges()) == [edge()]


def test_readers_are_not_blocked_and_see_whole_transactions(locked: Path) -> None:
    for read_only in (True, False):
        with SqliteStore.open(str(locked), read_only=read_only, timeout=0.2) as store:
            assert list(store.edges()) == [edge()]


# --- several processes -------------------------------------------------------------------

WRITER = """
import sys
from store_values import edge, reading
from graph_store.sqlite import SqliteStore
from lineage.identity import DatasetId

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with SqliteStore.open(path) as store:
    for number in range(count):
        child = DatasetId(name=f"{name}/{number:05}")
        parents = [DatasetId(name=f"parent/{parent}") for parent in range(20)]
        store.record(reading(*(edge(child, parent) for parent in parents), dataset=child))
        print(number, flush=True)
"""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))}


def python(code: str, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment(),
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip() or done.stderr.strip()


def spawn(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments],
        env=environment(),
        cwd=TESTS.parent,
        stdout=subprocess.PIPE,
        text=True,
    )


def edges_by_child(store: SqliteStore) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in store.edges():
        counts[str(one.child)] = counts.get(str(one.child), 0) + 1
    return counts


def test_two_processes_make_and_write_one_store_at_once(path: Path) -> None:
    writers = [spawn(str(path), name, "40") for name in "abc"]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    with SqliteStore.open(str(path)) as store:
        expected = {f"{name}/{number:05}": 20 for name in "abc" for number in range(40)}
        assert edges_by_child(store) == expected
        assert len(store.documents()) == 120


def test_readers_see_whole_readings_while_another_process_writes(path: Path) -> None:
    filled(path)
    counts = []
    with (
        spawn(str(path), "a", "60") as writer,
        SqliteStore.open(str(path), read_only=True) as store,
    ):
        assert writer.stdout is not None
        for line in writer.stdout:
            found = edges_by_child(store)
            found.pop(str(CHILD))
            assert set(found.values()) == {20}
            assert len(found) > int(line)  # what was acknowledged is there
            counts.append(len(found))
    assert counts == sorted(counts)
    assert counts[-1] == 60


def test_killed_writers_lose_nothing_acknowledged_and_leave_no_half_reading(path: Path) -> None:
    acknowledged = set()
    for name in "abcd":
        with spawn(str(path), name, "100000") as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                acknowledged.add(f"{name}/{int(line):05}")
                if int(line) >= 15 + ord(name) % 3:
                    writer.send_signal(signal.SIGKILL)
                    break
            acknowledged.update(f"{name}/{int(line):05}" for line in writer.stdout)
        with SqliteStore.open(str(path)) as store:
            found = edges_by_child(store)
            assert set(found.values()) == {20}
            assert acknowledged <= found.keys()
            assert {str(line.dataset) for line in store.documents()} == found.keys()
    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()


def test_killed_just_before_the_commit(path: Path) -> None:
    """With everything of the transaction written, and only the commit missing."""
    filled(path)
    before = rows_of(path)
    code = (
        "import os, sys; from store_values import *; from graph_store.sqlite import SqliteStore\n"
        "store = SqliteStore.open(sys.argv[1])\n"
        "die = lambda text: os.kill(os.getpid(), 9) if text.startswith('COMMIT') else None\n"
        "store._main.set_trace_callback(die)\n"
        "store.record(reading(edge(parent=OTHER), dataset=OTHER))\n"
        "print('survived')"
    )
    assert python(code, str(path), check=False) == ""
    with SqliteStore.open(str(path)) as store:
        assert list(store.edges()) == [edge()]
    assert rows_of(path) == before


# --- full and read-only disks ------------------------------------------------------------


def overfill(store: SqliteStore) -> None:
    for number in range(200):
        child = DatasetId(name=f"big/{number:05}")
        pieces = tuple(evidence("d", f"{piece} " * 3000) for piece in range(5))
        store.record(reading(edge(child, evidence=pieces), dataset=child))


def check_full(store: SqliteStore, message: str) -> None:
    """The error comes, whole readings stay, and the store goes on once there is room."""
    with pytest.raises(StoreError, match=message):
        overfill(store)
    found = edges_by_child(store)
    assert found.pop(str(CHILD)) == 1
    assert set(found.values()) <= {1}
    assert {str(line.dataset) for line in store.documents()} == {str(CHILD), *found}


def test_no_room_in_the_database(path: Path) -> None:
    filled(path)
    with SqliteStore.open(str(path)) as store:
        assert store._main is not None
        store._main.execute("PRAGMA max_page_count = 100")
        check_full(store, "no room left.*free some space")
        before = contents(store)
        store._main.execute("PRAGMA max_page_count = 1000000")
        put(store, edge(parent=OTHER))
        assert len(contents(store)["edges"]) == len(before["edges"]) + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1 MB, where we may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        ).returncode
    )
    if not mounted:
        pytest.skip("cannot mount a small disk here (needs root); max_page_count is tested above")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    path = filled(small_disk / "lineage.db")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 400_000)
    with SqliteStore.open(str(path)) as store:
        check_full(store, "no room left|is full")
        ballast.unlink()
        put(store, edge(parent=OTHER))
        assert OTHER in {one.parent for one in store.edges()}
    with SqliteStore.open(str(path)) as store:
        assert OTHER in {one.parent for one in store.edges()}


def test_no_room_to_make_a_store(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"\0" * (2**20 - 8192))
    with pytest.raises(StoreError, match=r"no room left|is full"):
        SqliteStore.open(str(small_disk / "lineage.db"))
    (small_disk / "ballast").unlink()
    filled(small_disk / "lineage.db")


def test_a_store_on_a_read_only_disk_can_be_read(small_disk: Path) -> None:
    path = filled(small_disk / "lineage.db")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="read-only"):
        SqliteStore.open(str(path))
    with pytest.raises(StoreError, match=str(small_disk)):
        SqliteStore.open(str(small_disk / "new.db"))
    with SqliteStore.open(str(path), read_only=True) as store:
        assert list(store.edges()) == [edge()]


def test_a_file_that_the_system_will_not_let_grow(path: Path) -> None:
    """Another way for a write to fail: the limit on file sizes of the process."""
    pytest.importorskip("resource")
    code = (
        "import resource, sys; from store_values import *; from test_graph_store_sqlite import *\n"
        "store = SqliteStore.open(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
        "check_full(store, 'nothing of this change was written')\n"
        "print('checked')"
    )
    assert python(code, str(filled(path))) == "checked"
    with SqliteStore.open(str(path)) as store:
        overfill(store)
        assert len(edges_by_child(store)) == 201


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A store of ours in a folder that the user `nobody` may enter, for tests as nobody."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can act as another user")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    filled(folder / "lineage.db").chmod(0o644)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


OPEN_AS_NOBODY = (
    "import os, sys\n"
    "from graph_store.sqlite import SqliteStore\n"
    "from lineage.errors import StoreError\n"
    "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"  # after the imports
    "try:\n"
    "    with SqliteStore.open(sys.argv[1], read_only='ro' in sys.argv) as store:\n"
    "        print(len(list(store.edges())))\n"
    "except StoreError as error:\n"
    "    print(error)\n"
)


def test_files_and_folders_without_permission(foreign: Path) -> None:
    path = foreign / "lineage.db"
    assert "read-only; make it writable" in python(OPEN_AS_NOBODY, str(path))
    assert str(foreign) in python(OPEN_AS_NOBODY, str(foreign / "new.db"))
    path.chmod(0o666)
    assert f"cannot write to {foreign}" in python(OPEN_AS_NOBODY, str(path))
    path.chmod(0o600)
    assert "Permission denied" in python(OPEN_AS_NOBODY, str(path), "ro")
    foreign.chmod(0o700)
    assert "Permission denied" in python(OPEN_AS_NOBODY, str(path), "ro")


def test_another_user_may_read_while_we_have_it_open(foreign: Path) -> None:
    path = foreign / "lineage.db"
    with SqliteStore.open(str(path)) as store:
        put(store, edge(parent=OTHER))
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").chmod(0o644)
        assert python(OPEN_AS_NOBODY, str(path), "ro") == "2"
    assert python(OPEN_AS_NOBODY, str(path), "ro") == "2"


def test_a_store_where_one_may_not_write_can_be_read(foreign: Path) -> None:
    path = foreign / "lineage.db"
    foreign.chmod(0o555)
    before = path.read_bytes()
    assert python(OPEN_AS_NOBODY, str(path), "ro") == "1"
    assert (list(foreign.iterdir()), path.read_bytes()) == ([path], before)
    (foreign / "lineage.db-wal").touch()  # as a killed reader leaves it
    assert python(OPEN_AS_NOBODY, str(path), "ro") == "1"


def test_what_lies_in_the_log_alone_is_not_passed_over(foreign: Path) -> None:
    """A killed writer left a log, whose index another user cannot make: an error, or all."""
    path = foreign / "lineage.db"
    code = (
        "import os, sys; from store_values import *; from graph_store.sqlite import SqliteStore\n"
        "put(SqliteStore.open(sys.argv[1]), edge(parent=OTHER)); os.kill(os.getpid(), 9)"
    )
    python(code, str(path), check=False)
    wal, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    assert wal.stat().st_size
    for file in (wal, index):
        file.chmod(0o644)
    assert python(OPEN_AS_NOBODY, str(path), "ro") == "2"
    index.unlink()
    answer = python(OPEN_AS_NOBODY, str(path), "ro")
    assert answer == "2" or (str(path) in answer and "its owner has to open it" in answer)


READ_WHILE_IT_CHANGES = """
import os, sys
from graph_store.sqlite import SqliteStore
from lineage.errors import StoreError

os.setgroups([]); os.setgid(65534); os.setuid(65534)
with SqliteStore.open(sys.argv[1], read_only=True) as store:
    print(len(list(store.edges())), flush=True)
    half_read = store.edges()
    next(half_read)
    print("half", flush=True)
    sys.stdin.readline()
    print(len(list(store.edges())))
    try:
        print(len(list(half_read)))
    except StoreError as error:
        print(error)
    print(len(list(store.edges())))
"""


def test_a_store_that_changes_while_it_is_read_without_locks(foreign: Path) -> None:
    path = foreign / "lineage.db"
    reader = subprocess.Popen(
        [sys.executable, "-c", READ_WHILE_IT_CHANGES, str(path)],
        env=environment(),
        cwd=TESTS.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert [reader.stdout.readline() for _ in range(2)] == ["1\n", "half\n"]
    with SqliteStore.open(str(path)) as store:
        put(store, edge(parent=OTHER))
    rest, _ = reader.communicate("go\n", timeout=60)
    first, second, third = rest.splitlines()
    assert "changed while it was read; try again" in second
    assert (first, third) == ("2", "2")


# --- network file systems ----------------------------------------------------------------

MOUNTS = """/dev/vda / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
//server/share /mnt/with\\040space cifs rw 0 0
me@host:/ /home/me/far fuse.sshfs rw 0 0
/dev/sdb /home/me/disk fuseblk rw 0 0
malformed
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/x.db", "ext4"),
        ("/homework/x.db", "ext4"),
        ("/home/me/x.db", "nfs4"),
        ("/mnt/with space/x.db", "cifs"),
        ("/home/me/far/x.db", "fuse.sshfs"),
        ("/home/me/disk/x.db", "fuseblk"),
    ],
)
def test_a_network_file_system_brings_a_warning(tmp_path: Path, place: str, kind: str) -> None:
    assert file_system(Path(place), MOUNTS) == kind
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    if kind in ("ext4", "fuseblk"):
        sqlite_file.warn_of_network(Path(place), table)  # warnings are errors here
    else:
        with pytest.warns(RuntimeWarning, match=f"network file system.*{kind}"):
            sqlite_file.warn_of_network(Path(place), table)


def test_no_mount_table_no_warning(tmp_path: Path) -> None:
    sqlite_file.warn_of_network(tmp_path, tmp_path / "none")
    assert file_system(Path("/x"), "") == ""


def test_closures_by_nobody_keep_their_text(path: Path) -> None:
    odd = Closure(reason="'); --", by="", manual=False)
    with SqliteStore.open(str(path)) as store:
        put(store, edge())
        store.close_edge(edge().id, odd, at=minute(1))
    with SqliteStore.open(str(path), read_only=True) as store:
        assert next(store.edges(closed=True)).closure == odd
