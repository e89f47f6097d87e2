"""The header of a card: text values only, true places, and no bombs."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.sources.header import MAX_HEADER, header_of

_PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")))
_WORDS = st.text("abcdefghij01.-/", min_size=1, max_size=20)


@given(st.dictionaries(_WORDS, st.one_of(_PLAIN, st.lists(_PLAIN, max_size=4)), min_size=1))
def test_what_is_written_as_text_comes_back_as_it_was(values: dict[str, str | list[str]]) -> None:
    dumped = yaml.safe_dump(values, allow_unicode=True, width=10_000, sort_keys=False)
    header = header_of(f"---\nfirst: x\n{dumped}---\nThe prose.")
    assert header.problem == ""
    expected = dict(values)
    expected.setdefault("first", "x")
    assert header.metadata == expected


@given(
    st.lists(st.text("abcdefghij", min_size=1), min_size=1, max_size=6), st.text("é𝄞x", max_size=5)
)
def test_spans_are_offsets_in_the_card(names: list[str], before: str) -> None:
    card = (
        f"---\npretty_name: '{before}'\nlist:\n" + "".join(f"- {n}\n" for n in names) + "---\nText"
    )
    header = header_of(card)
    for number, name in enumerate(names):
        start, end = header.spans["list", number]
        assert card[start:end] == name
    start, end = header.keys[("list",)]
    assert card[start:end] == "list"
    assert card[header.body :] == "Text"


def test_values_that_yaml_would_change_stay_text() -> None:
    header = header_of(
        "---\narxiv: 2101.10010\nlanguage: no\ndate: 2023-01-02\nn: 0o17\n"
        "empty:\nt: ~\nq: ''\n---\n"
    )
    assert header.metadata == {
        "arxiv": "2101.10010",
        "language": "no",
        "date": "2023-01-02",
        "n": "0o17",
        "empty": None,
        "t": None,
        "q": "",
    }


def test_a_card_without_a_header_has_no_problem() -> None:
    for card in ("", "# Title\n", "---\n\nprose between rules, no keys\n\n---\n", "--- x\n"):
        header = header_of(card)
        assert header.metadata == {}
        assert header.problem == ""


def test_aliases_count_for_what_they_stand_for() -> None:
    """Ten levels stand for ten thousand million values: were they built, this would not end."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    header = header_of("---\n" + "\n".join(lines) + "\n---\nText")
    assert "more than 200,000 values" in header.problem
    assert header.metadata == {}


def test_an_honest_alias_is_followed() -> None:
    header = header_of("---\na: &x [one, two]\nb: *x\n---\n")
    assert header.metadata == {"a": ["one", "two"], "b": ["one", "two"]}


@pytest.mark.parametrize(
    ("yaml_text", "said"),
    [
        ("a: [1, 2\nb: c", "broken"),
        ("a: b: c", "header line 1"),
        ("a: *a", "anchor 'a'"),
        ("a: &a [*a]", "anchor 'a'"),
        ("a: " + "[" * 60 + "]" * 60, "nested"),
        ("a: " + "[" * 100_000, "n"),
        ("? [x]\n: y\na: b", "key is not plain text"),
        ("a: b\n- c", "broken"),
        ("a: \x00", "broken"),
    ],
)
def test_a_broken_header_says_why(yaml_text: str, said: str) -> None:
    header = header_of(f"---\n{yaml_text}\n---\nText")
    assert header.problem
    assert said in header.problem
    assert header.metadata == {}


def test_a_header_that_never_ends_is_not_searched_for_ever() -> None:
    header = header_of("---\na: b\n" + "x: y\n" * (MAX_HEADER // 4))
    assert "does not end" in header.problem


@pytest.mark.parametrize("escape", ["\\U00110000", "\\UFFFFFFFF", "\\ud83d"])
@pytest.mark.parametrize("fast", [True, False], ids=["libyaml", "python"])
def test_escapes_that_are_no_letters_end_in_a_problem_or_a_value(
    monkeypatch: pytest.MonkeyPatch, escape: str, fast: bool
) -> None:
    if not fast:
        monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    header = header_of(f'---\na: "{escape}"\n---\nText')
    assert header.problem or header.metadata == {"a": "\ud83d"}
