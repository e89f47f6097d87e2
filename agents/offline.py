"""The parts that work offline, put together: what `lineage.load_parts()` hands out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.reading.declared import DeclaredReader
from agents.reading.rules import RulesReader
from agents.resolver import RegistryResolver
from agents.sources import CompositeSource, FolderSource, HubSource
from lineage.identity import DatasetId
from lineage.ports import DocumentSource, Reader, Resolver, SourceOptions
from lineage.registry import default_registry


class OfflineParts:
    """Keeps the promise of `lineage.plugins.Parts`."""

    def source(self, inputs: Sequence[str], options: SourceOptions) -> DocumentSource:
        """Folders become folder sources; everything else is a dataset id for the Hub.

        The Hub is asked only where an id, a list or an organisation was given, or
        `options.hub` says that parents found on the way are to be looked up too.
        """
        folders = [Path(one) for one in inputs if Path(one).is_dir()]
        ids = [DatasetId.parse(one) for one in inputs if not Path(one).is_dir()]
        found: list[DocumentSource] = [FolderSource(folder) for folder in folders]
        if ids or options.lists or options.organisations or options.hub:
            found.append(HubSource.of(ids, options))
        return found[0] if len(found) == 1 else CompositeSource(found)

    def readers(self) -> tuple[Reader, ...]:
        """Declared fields first, then prose by rule."""
        return (DeclaredReader(), RulesReader(default_registry()))

    def resolver(self) -> Resolver:
        """Names by the registry that ships with the project."""
        return RegistryResolver(default_registry())
