"""Optional packages, imported when they are first needed."""

from __future__ import annotations

import importlib
from typing import Any

from lineage.errors import MissingExtra


def needed(module: str, *, extra: str, purpose: str) -> Any:
    """The module; MissingExtra with the command that installs it where it is missing.

    >>> needed("json", extra="hub", purpose="an example").dumps(1)
    '1'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtra(
            f'{purpose} needs {package}: pip install "dataset-lineage[{extra}]"'
        ) from error
