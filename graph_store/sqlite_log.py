"""The run log of the embedded store: what was read, and with what outcome. Every function
here runs inside a transaction that its caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from graph_store.sqlite_file import Connection
from graph_store.sqlite_rows import id_text, instant_text
from lineage.model import Failure, Rejection
from lineage.store import DatasetReading, DocumentRead, Run


def write_log(connection: Connection, reading: DatasetReading) -> None:
    """Logs the reading; one of the same dataset and run gives way to it, unless equal."""
    dataset = id_text(reading.dataset.base)
    documents = [_document_row(line) for line in reading.documents]
    failures = [
        (id_text(failure.dataset.base), instant_text(failure.at), failure.model_dump_json())
        for failure in reading.failures
    ]
    rejections = [
        (id_text(rejection.child.base), rejection.model_dump_json())
        for rejection in reading.rejections
    ]
    given = [[row[-1] for row in rows] for rows in (documents, failures, rejections)]
    before = connection.execute(
        "SELECT number FROM reading WHERE dataset = ? AND run IS ?", (dataset, reading.run)
    ).fetchone()
    if before is not None:
        stored = [[row[0] for row in connection.execute(query, before)] for query in _LINES_OF]
        if stored == given and _withdrawn_by(connection, dataset, before[0], reading.withdrawn):
            return
        connection.execute("DELETE FROM reading WHERE number = ?", before)
    number = connection.execute(
        "INSERT INTO reading (run, dataset) VALUES (?, ?)", (reading.run, dataset)
    ).lastrowid
    connection.executemany(
        "INSERT INTO withdrawal VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET reading = excluded.reading",
        ((dataset, document, number) for document in reading.withdrawn),
    )
    connection.executemany(
        "INSERT INTO document_read VALUES (?, ?, ?, ?, ?, ?)", _numbered(number, documents)
    )
    connection.executemany(
        "INSERT INTO failure VALUES (?, ?, ?, ?, ?)", _numbered(number, failures)
    )
    connection.executemany(
        "INSERT INTO rejection VALUES (?, ?, ?, ?)", _numbered(number, rejections)
    )


def _withdrawn_by(
    connection: Connection, dataset: str, number: int, documents: Iterable[str]
) -> bool:
    """Whether that reading, or a later one, has withdrawn all these documents."""
    return all(
        connection.execute(
            "SELECT 1 FROM withdrawal WHERE dataset = ? AND document = ? AND reading >= ?",
            (dataset, document, number),
        ).fetchone()
        for document in documents
    )


_LINES_OF: Final = tuple(
    f"SELECT body FROM {table} WHERE reading = ? ORDER BY position"  # noqa: S608
    for table in ("document_read", "failure", "rejection")
)


def _document_row(line: DocumentRead) -> tuple[str, ...]:
    about = id_text(line.dataset.base)
    return about, line.document, instant_text(line.read_at), line.model_dump_json()


def _numbered(number: int | None, rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[Any, ...]]:
    return ((number, position, *row) for position, row in enumerate(rows))


def read_documents(connection: Connection, about: str | None) -> tuple[DocumentRead, ...]:
    """The latest line of each document and dataset, by document, then dataset; without
    those that a later reading withdrew.
    """
    rows = connection.execute(
        "SELECT body FROM (SELECT d.body, d.document, d.about, row_number() OVER"
        " (PARTITION BY about, document ORDER BY read_at DESC, reading DESC, position DESC)"
        " AS place FROM document_read d JOIN reading r ON r.number = d.reading"
        " WHERE (? IS NULL OR about = ?) AND NOT EXISTS (SELECT 1 FROM withdrawal w"
        " WHERE w.dataset = r.dataset AND w.document = d.document AND w.reading > d.reading))"
        " WHERE place = 1 ORDER BY document, about",
        (about, about),
    )
    return tuple(DocumentRead.model_validate_json(row[0]) for row in rows)


_FAILURES: Final = """SELECT l.body FROM failure l JOIN reading r ON r.number = l.reading
    WHERE (:about IS NULL OR l.about = :about) AND CASE WHEN :run IS NULL
    THEN r.number = (SELECT max(number) FROM reading WHERE dataset = r.dataset)
    ELSE r.run = :run END ORDER BY l.at, l.reading, l.position"""
_REJECTIONS: Final = _FAILURES.replace("FROM failure", "FROM rejection").replace("l.at, ", "")


def read_failures(
    connection: Connection, *, run: str | None, about: str | None
) -> tuple[Failure, ...]:
    """Failures of the run, else of the last reading of each dataset, oldest first."""
    rows = connection.execute(_FAILURES, {"run": run, "about": about})
    return tuple(Failure.model_validate_json(row[0]) for row in rows)


def read_rejections(
    connection: Connection, *, run: str | None, about: str | None
) -> tuple[Rejection, ...]:
    """Rejections of the run, else of the last reading of each dataset, as recorded."""
    rows = connection.execute(_REJECTIONS, {"run": run, "about": about})
    return tuple(Rejection.model_validate_json(row[0]) for row in rows)


def write_run(connection: Connection, run: Run) -> None:
    """Logs a new run."""
    connection.execute(
        "INSERT INTO run VALUES (?, ?, ?, ?, ?)",
        (
            run.id,
            run.fingerprint,
            json.dumps(run.settings, sort_keys=True),
            instant_text(run.started_at),
            instant_text(run.finished_at) if run.finished_at else None,
        ),
    )


def read_runs(
    connection: Connection, *, run_id: str | None = None, unfinished: str | None = None
) -> tuple[Run, ...]:
    """Runs, the newest first: all, that of an id, or the unfinished of a fingerprint."""
    rows = connection.execute(
        "SELECT id, fingerprint, settings, started_at, finished_at,"
        " (SELECT count(*) FROM reading r WHERE r.run = run.id),"
        " (SELECT count(*) FROM reading r WHERE r.run = run.id AND EXISTS"
        " (SELECT 1 FROM failure f WHERE f.reading = r.number))"
        " FROM run WHERE (:id IS NULL OR id = :id) AND (:unfinished IS NULL"
        " OR (fingerprint = :unfinished AND finished_at IS NULL))"
        " ORDER BY started_at DESC, id DESC",
        {"id": run_id, "unfinished": unfinished},
    )
    return tuple(
        Run(
            id=row[0],
            fingerprint=row[1],
            settings=json.loads(row[2]),
            started_at=row[3],
            finished_at=row[4],
            read=row[5],
            failed=row[6],
        )
        for row in rows
    )
