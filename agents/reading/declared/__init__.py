"""Reads what documents declare in fields made for it: the surest evidence that text can give.

Card headers (`source_datasets` and its kin; `datasets` and `base_model` of models),
Croissant (`prov:wasDerivedFrom`, `isBasedOn`), provenance columns of records, and the Hub's
own record of a repository. Prose is the business of the rule reader.
"""

from __future__ import annotations

from agents.reading.declared.card import read_card
from agents.reading.declared.croissant import read_croissant
from agents.reading.declared.notes import NAME, Notes
from agents.reading.declared.tables import read_hub_record, read_rows
from lineage.model import Document, DocumentKind, Method
from lineage.ports import Reading

__all__ = ["DeclaredReader"]


class DeclaredReader:
    """The reader `declared/1`; keeps no state, so one may serve all threads.

    Confidence is that of the value's form (an id 0.95, `extended|name` 0.9, a bare name
    0.8, free text 0.75, another address 0.7) times that of the field or column; see
    `written.py`, `card.py` and `tables.py`. Relations are `derivation` where the field
    says no more, `mixture` for provenance columns and `training` for models.
    """

    name = NAME

    def read(self, document: Document) -> Reading:
        """What the document declares; an empty reading for kinds that declare nothing.

        Unreadable where a Croissant document is not JSON. A card whose header is broken
        reads as one without; its source has recorded the failure.
        """
        if document.kind in {DocumentKind.CARD, DocumentKind.MODEL_CARD}:
            notes = Notes(document)
            read_card(notes)
        elif document.kind is DocumentKind.CROISSANT:
            notes = Notes(document)
            read_croissant(notes)
        elif document.kind is DocumentKind.ROWS:
            notes = Notes(document, Method.ROWS)
            read_rows(notes)
        elif document.kind is DocumentKind.RECORD and "_hub" in document.metadata:
            notes = Notes(document)
            read_hub_record(notes)
        else:
            return Reading()
        return notes.reading()
