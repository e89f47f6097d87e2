"""Reads the world and proposes: sources of documents, readers, and the resolver.

The import name `agents` is also used by another vendor's SDK; `lineage.plugins` tells the
two apart by `DISTRIBUTION` and says so.
"""

from __future__ import annotations

DISTRIBUTION = "dataset-lineage"
