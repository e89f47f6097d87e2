"""The published JSON Schema is the generated one, and fits what is exported."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import strategies as mine
from builders import REPOSITORY, dataset, edge
from documents import DOCS, text_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lineage import (
    Dataset,
    Edge,
    export_graph,
)
from lineage.exchange import schema

SCHEMA = DOCS / "schema" / "graph-line.schema.json"


def test_the_published_schema_is_the_generated_one() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "lineage.exchange.schema"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stderr == ""
    assert SCHEMA.read_text(encoding="utf-8") == made.stdout, (
        "run: python -m lineage.exchange.schema > docs/schema/graph-line.schema.json"
    )


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    nodes=st.lists(mine.datasets(), max_size=3, unique_by=lambda node: node.id),
    links=st.lists(mine.edges(), max_size=3, unique_by=lambda link: link.id),
)
def test_every_exported_line_fits_the_schema(
    tmp_path: Path, nodes: list[Dataset], links: list[Edge]
) -> None:
    file = tmp_path / "graph.jsonl"
    export_graph(nodes, links, file)
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    lines = file.read_bytes().splitlines()
    assert len(lines) == 1 + len(nodes) + len(links)
    for line in lines:
        assert misfit(json.loads(line), published, published) == ""
        schema.LINE.validate_json(line)


@pytest.mark.parametrize(
    ("at", "wrong"),
    [
        (("edge", "confidence"), 1.5),
        (("edge", "relation"), "cousin"),
        (("edge", "evidence", 0, "start"), -1),
        (("edge", "evidence", 0, "sha256"), "abc"),
        (("edge", "valid_from"), "yesterday"),
        (("edge", "surprise"), 1),
        (("surprise",), 1),
        (("edge", "child"), None),
    ],
)
def test_the_schema_refuses_what_an_import_refuses(at: tuple[Any, ...], wrong: Any) -> None:
    line = {"edge": json.loads(edge("o/a", "o/b").model_dump_json())}
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert misfit(line, published, published) == ""
    inside: Any = line
    for step in at[:-1]:
        inside = inside[step]
    inside[at[-1]] = wrong
    assert misfit(line, published, published)
    with pytest.raises(ValidationError):
        schema.LINE.validate_python(line)


def test_the_header_of_an_export_is_the_documented_one(tmp_path: Path) -> None:
    file = tmp_path / "graph.jsonl"
    export_graph([dataset("o/a")], [], file)
    header_line = file.read_text(encoding="utf-8").splitlines()[0]
    assert header_line in text_of("docs/formats.md")
    assert isinstance(schema.LINE.validate_json(header_line), schema.Header)


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "format"}


def misfit(value: Any, rule: dict[str, Any], root: dict[str, Any]) -> str:
    """Why a value does not fit a JSON Schema, or nothing. Knows the keywords that ours uses,
    and fails on any other, so that a new one cannot pass unchecked.
    """
    for keyword in sorted(rule.keys() - _ANNOTATIONS - {"required"}, key=_type_first):
        if problem := _CHECKS[keyword](value, rule[keyword], rule, root):
            return f"{keyword}: {problem}"[:300]
    return ""


def _type_first(keyword: str) -> bool:
    return keyword != "type"


def _of_type(value: Any, said: str, *_: Any) -> str:
    fits = isinstance(value, _TYPES[said]) and (said == "boolean" or not isinstance(value, bool))
    return "" if fits else f"{value!r}"[:100]


def _any_of(value: Any, said: list[dict[str, Any]], _: Any, root: dict[str, Any]) -> str:
    problems = [misfit(value, one, root) for one in said]
    return "" if "" in problems else "; ".join(problems)


def _properties(value: Any, said: dict[str, Any], rule: Any, root: dict[str, Any]) -> str:
    missing = set(rule.get("required", ())) - value.keys()
    problems = [misfit(one, said[key], root) for key, one in value.items() if key in said]
    return f"missing {missing}" if missing else next(filter(None, problems), "")


def _additional(value: Any, said: Any, rule: Any, root: dict[str, Any]) -> str:
    other = {key: one for key, one in value.items() if key not in rule.get("properties", ())}
    if said is False:
        return f"unknown {sorted(other)}" if other else ""
    return next(filter(None, (misfit(one, said, root) for one in other.values())), "")


def _items(value: Any, said: dict[str, Any], _: Any, root: dict[str, Any]) -> str:
    return next(filter(None, (misfit(one, said, root) for one in value)), "")


_CHECKS: dict[str, Any] = {
    "$ref": lambda v, said, _, root: misfit(v, root["$defs"][said.rpartition("/")[2]], root),
    "type": _of_type,
    "anyOf": _any_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "enum": lambda v, said, *_: "" if v in said else repr(v),
    "const": lambda v, said, *_: "" if v == said else repr(v),
    "pattern": lambda v, said, *_: "" if re.search(said, v) else repr(v),
    "minLength": lambda v, said, *_: "" if len(v) >= said else "too short",
    "maxLength": lambda v, said, *_: "" if len(v) <= said else "too long",
    "minimum": lambda v, said, *_: "" if v >= said else repr(v),
    "maximum": lambda v, said, *_: "" if v <= said else repr(v),
}
