"""Places where a lineage graph lives; each keeps the promises of `lineage.store.GraphStore`.

    merging.py          what a newly stated edge or node makes of a stored one: the rules
                        that every store shares
    sqlite.py           `SqliteStore`, the embedded store: one file, no server
    sqlite_file.py      opening that file: checks, schema, migrations, errors in plain words
    sqlite_rows.py      nodes and edges to rows and back
    sqlite_voices.py    which document states what, so that a reading can take it back
    sqlite_log.py       the run log

Nothing is imported here. Stores are found by the entry points "dataset_lineage.stores".
"""

DISTRIBUTION = "dataset-lineage"
