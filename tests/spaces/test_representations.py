from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from spaces.models import LAB_MODELS, HubModel
from spaces.representations import Representation


def model(**fields: Any) -> HubModel:
    return HubModel(name="x", path="org/x", **fields)


@pytest.mark.parametrize(("fields", "digest"), [
    ({}, "2f141fc20fa99d54"),
    ({"layer": 0}, "1d4b947f19ed29d6"),
    ({"layer": 8}, "5435a1d54a17ad24"),
    ({"layer": [8]}, "5435a1d54a17ad24"),
    ({"layer": 8, "pooling": "mean"}, "5435a1d54a17ad24"),
    ({"layer": 8, "pooling": ["mean"]}, "5435a1d54a17ad24"),
    ({"layer": 14, "max_length": 256, "dropout": 0.1}, "bf73d3f78ac2a8c4"),
])
def test_one_layer_by_its_mean_keeps_the_digest_it_always_had(
    fields: dict[str, Any], digest: str
) -> None:
    assert model(**fields).digest() == digest
    assert "pooling" not in model(**fields).model_dump()


def test_every_choice_has_a_digest_of_its_own() -> None:
    given = [{}, {"layer": 8}, {"layer": [8, 9]}, {"layer": [9, 8]}, {"pooling": "cls"},
             {"pooling": ["mean", "cls"]}, {"layer": 8, "pooling": ["cls", "mean"]}]
    made = [model(**fields) for fields in given]
    assert len({each.digest() for each in made}) == len(given)
    for each in made:
        assert HubModel.model_validate_json(each.model_dump_json()) == each
        assert hash(each)  # what models are remembered by


@pytest.mark.parametrize(("fields", "names"), [
    ({}, ["last layer, mean"]),
    ({"layer": 7}, ["layer 7, mean"]),
    ({"pooling": ["cls", "mean"]}, ["last layer, cls", "last layer, mean"]),
    ({"layer": [7, 0], "pooling": ["mean", "cls"]},
     ["layer 7, mean", "layer 7, cls", "layer 0, mean", "layer 0, cls"]),
])
def test_every_layer_is_read_by_every_pooling_in_order(
    fields: dict[str, Any], names: list[str]
) -> None:
    assert [each.name for each in model(**fields).representations] == names


def test_a_lab_encoder_is_read_by_the_mean_of_its_last_layer() -> None:
    assert LAB_MODELS[0].representations == (Representation(),)
    assert LAB_MODELS[0].digest() == "993260b104ff6413"


@pytest.mark.parametrize(("fields", "line"), [
    ({"layer": -1}, "must be a whole number of at least 0 or a list of them, got -1"),
    ({"layer": True}, "or a list of them, got True"),
    ({"layer": 1.0}, "or a list of them, got 1.0"),
    ({"layer": "last"}, "or a list of them, got 'last'"),
    ({"layer": [7, None]}, r"or a list of them, got \[7, None\]"),
    ({"layer": []}, "must have something to choose from, got an empty list"),
    ({"layer": [7, 8, 7]}, r"must list each item once, got \[7, 8, 7\]"),
    ({"pooling": "max"}, "must be mean or cls or a list of them, got 'max'"),
    ({"pooling": None}, "must be mean or cls or a list of them, got None"),
    ({"pooling": [["mean"]]}, "or a list of them, got "),
    ({"pooling": ["cls", "cls"]}, "must list each item once, got"),
])
def test_what_is_no_choice_is_refused(fields: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError, match=line):
        model(**fields)
