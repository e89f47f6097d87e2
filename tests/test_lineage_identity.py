"""Ids: their text form loses nothing, and pasted addresses read as ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import dataset_ids

from lineage.errors import InvalidName
from lineage.identity import DatasetId


@given(dataset_ids())
def test_text_form_reads_back_as_the_same_id(dataset: DatasetId) -> None:
    assert DatasetId.parse(str(dataset)) == dataset


@given(st.text(max_size=60))
def test_any_text_is_an_id_or_an_invalid_name(text: str) -> None:
    try:
        dataset = DatasetId.parse(text)
    except InvalidName:
        return
    assert DatasetId.parse(str(dataset)) == dataset


@given(dataset_ids())
def test_base_holds_no_narrowing_and_is_its_own_base(dataset: DatasetId) -> None:
    base = dataset.base
    assert (base.revision, base.config, base.split) == (None, None, None)
    assert base.base is base
    assert (base.hub, base.name) == (dataset.hub, dataset.name)


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        ("openai/gsm8k", "openai/gsm8k"),
        ("hf:openai/gsm8k", "openai/gsm8k"),
        ("https://huggingface.co/datasets/openai/gsm8k", "openai/gsm8k"),
        ("https://hf.co/datasets/openai/gsm8k/viewer/main", "openai/gsm8k"),
        ("https://huggingface.co/datasets/squad?row=3", "squad"),
        ("https://huggingface.co/org/some-model", "model:org/some-model"),
        ("hf://datasets/openai/gsm8k", "openai/gsm8k"),
        (" openai/gsm8k@1f2e#main/test ", "openai/gsm8k@1f2e#main/test"),
        ("name:AIME (up to 2023)", "name:AIME (up to 2023)"),
        ("openai/gsm8k#/train", "openai/gsm8k#/train"),
    ],
)
def test_what_people_paste(pasted: str, text: str) -> None:
    assert str(DatasetId.parse(pasted)) == text


@pytest.mark.parametrize("junk", ["", "   ", "a\x00b", "x" * 2000, "model:", "#main"])
def test_what_is_no_id(junk: str) -> None:
    with pytest.raises(InvalidName, match="dataset id"):
        DatasetId.parse(junk)


def test_narrowing_keeps_what_is_not_given() -> None:
    dataset = DatasetId(name="openai/gsm8k", config="main")
    assert str(dataset.narrowed(split="test")) == "openai/gsm8k#main/test"
    assert dataset.short_name == "gsm8k"


@pytest.mark.parametrize(
    "name", ["https://huggingface.co/datasets/a/b", "http:x", "hf:a", "name:b", "%#@" * 100]
)
def test_names_that_look_like_addresses_read_back(name: str) -> None:
    dataset = DatasetId(name=name, revision="%" * 300, config="/" * 300, split="#" * 300)
    assert DatasetId.parse(str(dataset)) == dataset
