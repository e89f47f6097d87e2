"""The values: they check themselves, survive JSON, and combine as they say."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
import strategies as mine
from builders import START, dataset, edge, evidence
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from lineage import (
    Dataset,
    DatasetId,
    Document,
    DocumentKind,
    Edge,
    FactKey,
    Role,
    Verdict,
    VerificationState,
)
from lineage.model import MAX_CONFIDENCE, combined, digest


@given(st.one_of(mine.edges(), mine.datasets()))
def test_values_survive_json(value: BaseModel) -> None:
    assert type(value).model_validate_json(value.model_dump_json()) == value


@pytest.mark.parametrize("measure", [math.inf, -math.inf, math.nan])
def test_a_measure_is_a_finite_number(measure: float) -> None:
    with pytest.raises(ValidationError):
        Verdict(
            state=VerificationState.CONFIRMED, reason="r", by="b", at=START, measures={"m": measure}
        )


def test_instants_need_a_zone_and_become_utc() -> None:
    local = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert evidence().model_copy(update={}).found_at.tzinfo is UTC
    moved = Edge.model_validate(edge("a/b", "c/d").model_dump() | {"recorded_at": local})
    assert moved.recorded_at == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValidationError, match="time zone"):
        Edge.model_validate(
            edge("a/b", "c/d").model_dump() | {"recorded_at": local.replace(tzinfo=None)}
        )


def test_a_node_has_no_narrowing_and_values_are_frozen() -> None:
    with pytest.raises(ValidationError, match="a node has no revision"):
        Dataset(id=DatasetId.parse("a/b#main/test"))
    with pytest.raises(ValidationError):
        dataset("a/b").name = "x"  # type: ignore[misc]


def test_an_edge_is_the_same_whatever_its_evidence() -> None:
    one, two = edge("a/b", "c/d", quote="x"), edge("a/b", "c/d", quote="y")
    assert one.id == two.id
    assert one.id != edge("a/b", "c/d#/test").id
    assert one.id != edge("a/b", "c/d", role=Role.REMOVED).id


def test_evidence_is_told_apart_by_what_was_said_not_by_when() -> None:
    one = evidence("x")
    assert one.id == one.model_copy(update={"found_at": START + timedelta(days=1)}).id
    assert one.id != evidence("y").id


def test_only_included_and_uncontradicted_edges_carry_data() -> None:
    assert edge("a/b", "c/d").carries_data
    for role in set(Role) - {Role.INCLUDED}:
        assert not edge("a/b", "c/d", role=role).carries_data


def test_the_best_supported_value_comes_first() -> None:
    facts = dataset("a/b", licence="MIT").facts + dataset("a/b", licence="GPL").facts
    surer = facts[1].model_copy(
        update={"evidence": facts[1].evidence.model_copy(update={"confidence": 0.9})}
    )
    node = Dataset(id=DatasetId.parse("a/b"), facts=(facts[0], surer))
    assert node.values(FactKey.LICENCE) == ("GPL", "MIT")
    assert node.value(FactKey.RELEASED) is None


def test_locations_are_pages_or_lines_from_one() -> None:
    text = "one\ntwo\nthree"
    document = Document(
        id="x",
        dataset=DatasetId.parse("a/b"),
        kind=DocumentKind.PAPER,
        text=text,
        sha256="0" * 64,
        fetched_at=START,
    )
    assert [document.location(at) for at in (0, 4, 12)] == ["line 1", "line 2", "line 3"]
    paged = document.model_copy(update={"page_starts": (0, 8)})
    assert [paged.location(at) for at in (0, 7, 8)] == ["page 1", "page 1", "page 2"]


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0, 1))
def test_more_reasons_never_lower_confidence(reasons: list[float], more: float) -> None:
    assert combined([]) == 0.0
    assert combined(reasons) <= combined([*reasons, more]) <= MAX_CONFIDENCE
    assert combined(reversed(reasons)) == pytest.approx(combined(reasons), abs=1e-4)


@given(st.lists(st.text(alphabet="ab\x1f", max_size=3), max_size=3))
def test_digests_depend_on_order(parts: list[str]) -> None:
    assert digest(*parts) == digest(*parts)
    if len(set(parts)) > 1 and parts != parts[::-1] and "\x1f" not in "".join(parts):
        assert digest(*parts) != digest(*reversed(parts))
