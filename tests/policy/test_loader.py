"""The policy files load, and a mistake in one is explained."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from app.policy.facts import FactError, facts_from_answers
from app.policy.loader import (
    RULES,
    SOURCES,
    PolicyFileError,
    build_rulebook,
    load_regions,
    load_rulebook,
    load_trades,
    load_variants,
    read_entries,
)
from app.policy.texts import codes, text
from tests.policy.book import book


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def test_the_bundled_trades_are_138_of_which_79_are_on_the_sample_list() -> None:
    trades = load_trades()
    assert (len(trades), sum(t.demo_listed for t in trades)) == (138, 79)
    assert all(t.name_en.isascii() and t.category_en.isascii() for t in trades)
    assert len({t.name_en for t in trades}) == 138
    assert {t.classification_version for t in trades} == {"2022-draft"}


def test_every_variant_belongs_to_a_bundled_trade() -> None:
    variants = load_variants()
    assert len(variants) >= 50
    assert {v.code for v in variants} <= {t.code for t in load_trades()}
    assert all(v.variant_en.isascii() for v in variants)


def test_the_city_has_24_units_and_xinji_is_left_out_of_its_totals() -> None:
    city, *units = load_regions()
    assert (city.code, city.parent_code, len(units)) == ("130100", None, 24)
    assert {u.parent_code for u in units} == {"130100"}
    assert {u.code for u in units if not u.in_city_total} == {"130181"}
    assert {u.code for u in units if u.statistical_only} == {"130171", "130172"}
    assert sorted(u.kind for u in units) == ["county"] * 11 + ["county_city"] * 3 + ["district"] * 8 + ["zone"] * 2


def test_every_unit_has_a_centre_in_the_city_and_the_city_none() -> None:
    city, *units = load_regions()
    assert city.centre is None
    assert len({unit.centre for unit in units}) == 24
    for unit in units:
        assert unit.centre is not None
        latitude, longitude = unit.centre
        assert 37.4 < latitude < 38.8, unit.name
        assert 113.4 < longitude < 115.6, unit.name


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("code,latitude,longitude\n130102,north,114.54\n", "degrees as numbers"),
        ("code,latitude,longitude\n130102,38.0,114.5\n130102,38.1,114.5\n", "twice"),
    ],
)
def test_a_centre_that_cannot_be_used_is_named(tmp_path: Path, text: str, advice: str) -> None:
    path = tmp_path / "centres.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyFileError, match=advice) as raised:
        load_regions(centres=path)
    assert raised.value.file == "centres.csv"


def test_the_notice_credits_the_trades_and_says_they_are_not_official() -> None:
    notice = (SOURCES / "NOTICE").read_text(encoding="utf-8")
    for words in ("kangvcar/JobE", "CC BY 4.0", "示例，非官方目录", "reconstruction"):
        assert words in notice


def test_entries_survive_a_trip_through_json() -> None:
    assert build_rulebook(json.loads(json.dumps(read_entries()))) == book()


@pytest.mark.parametrize(
    ("file", "old", "new", "entry", "advice"),
    [
        ("subsidy_rules.toml", 'kind = "cap"', 'kind = "capp"', "rule R1_EMP_STD", "one of cap"),
        ("subsidy_rules.toml", "amount_fen = 220000", "amount_fen = 2200.0", "rule R1_EMP_STD", "whole number"),
        ("subsidy_rules.toml", "percent = 10", "", "rule R8_UP_SHORT", "percent"),
        ("subsidy_rules.toml", 'papers = ["SKILL_CERT"', 'papers = ["SKILL"', "rule R5_UP_L5", "no paper 'SKILL'"),
        ("target_groups.toml", 'en = "Veteran"', 'en = ""', "group VETERAN", "Give en"),
        ("target_groups.toml", 'code = "VETERAN"', 'code = "REG_UNEMPLOYED"', "REG_UNEMPLOYED", "valid_to"),
        ("target_groups.toml", "valid_from = 2019-10-15", 'valid_from = "soon"', "group RURAL_TRANSFER", "date"),
        (
            "target_groups.toml",
            "valid_from = 2019-10-15",
            "valid_from = 2019-10-15\nvalid_to = 2019-10-15",
            "group RURAL_TRANSFER",
            "later than valid_from",
        ),
        ("limits.toml", 'code = "residence"', 'code = "resident"', "limit resident", "correct the code"),
        ("limits.toml", 'if_unknown = "ask"', 'if_unknown = "yes"', "limit minimum_age", "ask, condition"),
        ("situations.toml", '"REG_UNEMPLOYED"', '"JOBLESS"', "question situations", "no group 'JOBLESS'"),
        ("situations.toml", '"VETERAN"', '"COMPULSORY_DETOX"', "question situations", "never asked"),
        ("situations.toml", "[[question]]", "[[question]", "file", "TOML"),
    ],
)
def test_a_mistake_names_the_file_the_entry_and_what_to_do(
    rules: Path, file: str, old: str, new: str, entry: str, advice: str
) -> None:
    path = rules / file
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyFileError) as caught:
        load_rulebook(rules)
    assert (caught.value.file, caught.value.entry) == (file, entry)
    assert advice in caught.value.advice


def test_a_missing_file_is_named(rules: Path) -> None:
    (rules / "limits.toml").unlink()
    with pytest.raises(PolicyFileError, match=r"limits\.toml, file: The file is missing"):
        load_rulebook(rules)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.append(rows[1]), "occurs twice"),
        (lambda rows: rows[1].__setitem__(3, ""), "line 2: Fill in the column name_en"),
        (lambda rows: rows[1].__setitem__(6, "maybe"), "6-18-01-01: Write yes or no in the column demo_listed"),
        (lambda rows: rows[0].__setitem__(3, "english"), "Add the columns name_en"),
    ],
)
def test_a_mistake_in_a_table_is_explained(tmp_path: Path, change: object, message: str) -> None:
    with (SOURCES / "trades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert callable(change)
    change(rows)
    path = tmp_path / "trades.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(PolicyFileError, match=message):
        load_trades(path)


def test_chosen_options_become_facts_and_silence_leaves_them_out() -> None:
    answers = {"situations": "hard_to_employ", "age_band": "not_said", "used_this_year": "3_plus"}
    facts = facts_from_answers(book(), answers)
    assert facts == {"situations": ("HARD_TO_EMPLOY", "DISABLED"), "used_this_year": 3}
    for wrong in ({"situations": "made_up"}, {"favourite_colour": "red"}):
        with pytest.raises(FactError):
            facts_from_answers(book(), wrong)


def test_only_upgrade_courses_ask_about_insurance() -> None:
    assert "insured_months" in [q.fact for q in book().questions_for("upgrade")]
    assert "insured_months" not in [q.fact for q in book().questions_for("employment")]


def test_every_text_exists_in_both_languages_and_an_unknown_code_is_named() -> None:
    params = dict.fromkeys(
        ("years", "most", "months", "megabytes", "rows", "columns", "code", "expected", "name", "first", "second"),
        7,
    )
    for code in codes():
        chinese, english = text(code, "zh_CN", **params), text(code, "en", **params)
        assert chinese != english
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in english)
    with pytest.raises(LookupError, match="no_such"):
        text("no_such", "zh")


def test_every_near_miss_has_a_text() -> None:
    assert {f"near_miss.{change.code}" for change in book().changes} <= codes()
