"""Reads the world and proposes: sources of documents, readers, and the resolver.

The import name `agents` is also used by another vendor's SDK; `lineage.plugins` tells the
two apart by `DISTRIBUTION` and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agents.offline import OfflineParts

DISTRIBUTION: Final = "dataset-lineage"


def parts() -> OfflineParts:
    """The parts that need neither key nor network (entry point `dataset_lineage.parts`)."""
    from agents.offline import OfflineParts  # noqa: PLC0415 - nothing is loaded by the name alone

    return OfflineParts()
