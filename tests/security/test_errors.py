"""Codes and their texts."""

from __future__ import annotations

import copy
import pickle

import pytest

from app import errors
from app.errors import DomainError


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_texts", {"seat_unavailable": "第%(place)s位候补，100%%公平"})
    monkeypatch.setattr(errors, "_strict", True)


def test_a_code_is_told_with_its_parameters() -> None:
    assert errors.message(DomainError("seat_unavailable", place=3)) == "第3位候补，100%公平"


def test_a_refusal_names_its_code_its_field_and_its_parameters() -> None:
    error = DomainError("seat_unavailable", field="run", place=3)
    assert (error.code, error.field, error.params) == ("seat_unavailable", "run", {"place": 3})


@pytest.mark.parametrize(
    "again",
    [copy.copy, lambda error: pickle.loads(pickle.dumps(error))],  # noqa: S301 - our own bytes
)
def test_a_refusal_survives_copying_between_processes(again: object) -> None:
    assert callable(again)
    error = again(DomainError("seat_unavailable", field="run", place=3))
    assert (error.code, error.field, error.params) == ("seat_unavailable", "run", {"place": 3})


def test_an_unknown_code_raises_so_that_a_test_finds_it() -> None:
    with pytest.raises(errors.UnknownCodeError):
        errors.message(DomainError("no_such_code"))


def test_a_missing_parameter_raises_so_that_a_test_finds_it() -> None:
    with pytest.raises(KeyError):
        errors.message(DomainError("seat_unavailable"))


@pytest.mark.parametrize("code", ["no_such_code", "seat_unavailable"])
def test_where_people_work_a_mistake_of_ours_shows_a_general_sentence(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    errors.configure(strict=False)
    assert errors.message(DomainError(code)) == "操作没有完成，请稍后再试。"
    assert code in caplog.text


def test_a_code_has_one_text() -> None:
    with pytest.raises(ValueError, match="twice"):
        errors.register("seat_unavailable", "另一句")
    errors.register("run_cancelled", "班期已取消")
    assert set(errors.registered()) == {"seat_unavailable", "run_cancelled"}
