"""What an auditor or a script asks: `flask policy check` and `flask policy facts`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories.policy import UNLISTED, WELDER

FACTS = {
    "situations": ["REG_UNEMPLOYED"],
    "age_band": "16_49",
    "residence": "hukou",
    "claims": [],
}


def run(app: Any, *args: str, facts: object = None) -> Any:
    return app.test_cli_runner().invoke(args=["policy", *args], input=None if facts is None else json.dumps(facts))


def test_the_whole_verdict_is_printed_with_its_tree_and_its_words(app):
    done = run(
        app, "check", "-", "--on", "2026-11-23", "--trade", WELDER, "--level", "5", "--fee", "180000", facts=FACTS
    )
    told = json.loads(done.output)
    verdict = told["verdict"]
    assert (told["on"], verdict["answer"], verdict["rule_code"]) == ("2026-11-23", "yes", "R2_EMP_SHORT")
    assert (verdict["subsidy_fen"], verdict["cap_fen"], verdict["learner_pays_fen"]) == (180_000, 250_000, 0)
    assert (verdict["tree"]["kind"], verdict["tree"]["outcome"]) == ("verdict", "held")
    assert verdict["text_zh"]["answer"] == "可以"
    assert "Aged 16 or over" in verdict["text_en"]["reasons"]
    other = run(app, "check", "-", "--on", "2026-11-23", "--trade", UNLISTED, "--level", "5", facts=FACTS)
    assert json.loads(other.output)["verdict"]["rule_code"] == "R1_EMP_STD"


def test_the_day_decides_which_rules_are_read(app):
    done = run(app, "check", "-", "--on", "2019-10-14", "--trade", WELDER, facts=FACTS)
    assert json.loads(done.output)["verdict"]["answer"] == "not_in_force"


def test_a_certificate_is_judged_by_the_list_of_its_day(app):
    facts = {**FACTS, "situations": ["EMPLOYEE"], "insured_months": 12, "certificate_on": "2026-06-01"}
    done = run(
        app,
        "check",
        "-",
        "--on",
        "2026-11-23",
        "--trade",
        WELDER,
        "--level",
        "4",
        "--form",
        "upgrade",
        facts=facts,
    )
    verdict = json.loads(done.output)["verdict"]
    assert (verdict["rule_code"], verdict["subsidy_fen"]) == ("R6_UP_L4", 165_000)


def test_a_published_course_is_judged_by_its_number(app, make):
    course = make.course(fee_fen=200_000)
    done = run(app, "check", "-", "--course", str(course.id), facts=FACTS)
    told = json.loads(done.output)
    assert told["offer"]["fee_fen"] == 200_000
    assert (told["verdict"]["answer"], told["verdict"]["subsidy_fen"]) == ("yes", 200_000)


@pytest.mark.parametrize(
    ("args", "facts", "words"),
    [
        (("--trade", WELDER), {"situations": ["NOBODY"]}, "'situations'"),
        (("--trade", WELDER), ["VETERAN"], "one JSON object"),
        (("--course", "999999"), {}, "no published course"),
        ((), {}, "--course or --trade"),
    ],
)
def test_a_mistake_is_explained_and_never_repeats_a_fact(app, args, facts, words):
    done = run(app, "check", "-", *args, facts=facts)
    assert done.exit_code != 0
    assert words in done.output
    assert "NOBODY" not in done.output
    assert "Traceback" not in done.output


def test_every_fact_is_listed_with_its_type_its_question_and_what_reads_it(app):
    listed = {fact["fact"]: fact for fact in json.loads(run(app, "facts").output)}
    assert listed["insured_months"]["rules"] == ["R5_UP_L5", "R6_UP_L4", "R7_UP_L3"]
    assert listed["residence"]["values"] == ["hukou", "living", "insured", "registered", "elsewhere"]
    assert listed["recognised"]["question"] is None
    assert "DISABLED" in listed["recognised"]["groups"]
    assert listed["same_trade_level_before"]["question"]["en"].startswith("Has the government paid")
    assert "R1_EMP_STD" in listed["situations"]["rules"]
    assert all(
        fact["rules"] or fact["groups"] or fact["fact"] == "insured_at_certificate" for fact in listed.values()
    )
