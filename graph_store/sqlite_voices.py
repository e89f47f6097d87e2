"""Who states what: the bookkeeping by which a reading takes away what its documents no
longer say. Every function here runs inside a transaction that its caller has begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from graph_store.merging import LASTING
from graph_store.sqlite_file import Connection
from lineage.model import Edge, Evidence

FactKeys = tuple[str, str, str, str, str]
"""What tells a fact apart: node, property, value, dataset (narrowed or not), evidence."""

PUT: Final = ""
"""The dataset of voices that were put, by an import or by hand: which reading they come
from is not known. A reading that says the same makes it its own."""

STILL_SAID: Final = """EXISTS (SELECT 1 FROM voice o JOIN says s ON s.voice = o.key
    WHERE o.document = x.document AND s.edge = x.edge AND s.position = x.position)"""
"""Whether anybody states the piece of evidence `x` today."""

_SAID: Final = """SELECT s.edge, s.position, e.id, x.id, n.id FROM says s
    JOIN edge e ON e.key = s.edge JOIN node n ON n.key = e.child_base
    JOIN evidence x ON x.edge = s.edge AND x.position = s.position WHERE s.voice = ?"""
_SAID_FACTS: Final = """SELECT f.key, f.node, f.property, f.value, f.dataset, f.evidence_id
    FROM says_fact s JOIN fact f ON f.key = s.fact WHERE s.voice = ?"""


class Voices:
    """The documents as read about one dataset (its base id; `PUT`: as put)."""

    def __init__(self, connection: Connection, dataset: str, spoken: Iterable[str] = ()) -> None:
        self.dataset = dataset
        self._connection = connection
        self._spoken = frozenset(spoken)
        self._keys: dict[str, int] = {}

    def key(self, document: str) -> int:
        """The voice of the document, made on first use."""
        if document not in self._keys:
            known = self._find(document, self.dataset)
            if known is None:
                known = self._connection.execute(
                    "INSERT INTO voice (document, dataset) VALUES (?, ?)", (document, self.dataset)
                ).lastrowid
            self._keys[document] = int(known or 0)
        return self._keys[document]

    def _find(self, document: str, dataset: str) -> int | None:
        row = self._connection.execute(
            "SELECT key FROM voice WHERE document = ? AND dataset = ?", (document, dataset)
        ).fetchone()
        return None if row is None else int(row[0])

    def _heard(self, told: Iterable[str]) -> list[tuple[int, str, bool]]:
        """Voices whose words may change hands or be taken back: key, document, and whether
        it is one that was put.
        """
        wanted = [(document, self.dataset) for document in self._spoken]
        wanted += [(document, PUT) for document in {*self._spoken, *told}]
        found = [(self._find(*one), one) for one in wanted]
        return [
            (key, document, dataset == PUT) for key, (document, dataset) in found if key is not None
        ]

    def hush(self, given: Mapping[str, Edge]) -> set[str]:
        """Takes back what the reading's documents said and do not say in the `given` edges
        (by id); the ids of the edges concerned. What was put becomes the reading's where
        it says so too, and is taken back only from edges of its own dataset.
        """
        pieces = {(key, piece.id) for key, edge in given.items() for piece in edge.evidence}
        told = {piece.document for edge in given.values() for piece in edge.evidence}
        silent, hushed = [], set()
        for voice, document, put in self._heard(told):
            for edge, position, edge_id, piece, child in self._connection.execute(_SAID, (voice,)):
                said = (edge_id, piece) in pieces
                if put and said:
                    silent.append((voice, edge, position))
                elif not said and document in self._spoken and (not put or child == self.dataset):
                    silent.append((voice, edge, position))
                    hushed.add(edge_id)
        self._connection.executemany(
            "DELETE FROM says WHERE voice = ? AND edge = ? AND position = ?", silent
        )
        return hushed

    def hush_facts(self, given: Mapping[FactKeys, Evidence], at: str) -> None:
        """The same for facts: those that nobody states any more are superseded at `at`."""
        silent, gone = [], []
        for voice, document, put in self._heard({piece.document for piece in given.values()}):
            for fact, *keys in self._connection.execute(_SAID_FACTS, (voice,)):
                said = tuple(keys) in given
                if put and said:
                    silent.append((voice, fact))
                elif not said and document in self._spoken and (not put or keys[0] == self.dataset):
                    silent.append((voice, fact))
                    gone.append((at, fact, document))
        self._connection.executemany("DELETE FROM says_fact WHERE voice = ? AND fact = ?", silent)
        self._connection.executemany(
            "UPDATE fact SET superseded_at = max(recorded_at, ?) WHERE key = ? AND NOT EXISTS"
            " (SELECT 1 FROM voice o JOIN says_fact s ON s.voice = o.key"
            " WHERE o.document = ? AND s.fact = fact.key)",
            gone,
        )

    def say(self, statements: Iterable[tuple[Evidence, int, int]]) -> None:
        """Each piece, in its place (edge and position), is stated by its document."""
        self._connection.executemany(
            "INSERT INTO says VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (self.key(piece.document), edge, position)
                for piece, edge, position in statements
                if piece.method not in LASTING
            ],
        )

    def say_facts(self, given: Mapping[FactKeys, Evidence]) -> None:
        """Each fact, which is stored, is stated by the document of its evidence."""
        self._connection.executemany(
            "INSERT INTO says_fact SELECT ?, f.key FROM fact f WHERE superseded_at IS NULL"
            " AND node = ? AND property = ? AND value = ? AND dataset = ? AND evidence_id = ?"
            " AND (? OR NOT EXISTS (SELECT 1 FROM voice o JOIN says_fact s ON s.voice = o.key"
            " WHERE o.document = ? AND s.fact = f.key)) ON CONFLICT DO NOTHING",
            [
                (self.key(piece.document), *keys, self.dataset != PUT, piece.document)
                for keys, piece in given.items()
                if piece.method not in LASTING
            ],
        )
