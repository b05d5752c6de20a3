"""The rule files say what the policy's own sentences say."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from app.policy.loader import SOURCES
from app.policy.rulebook import SubsidyRule
from tests.policy.book import TODAY, book

TEXT = (SOURCES / "opinions-2019-10-15.txt").read_text(encoding="utf-8")


def rule(code: str) -> SubsidyRule:
    found = book().rule(code, TODAY)
    assert found is not None
    return found


def read(pattern: str) -> tuple[int, ...]:
    """The numbers in the one place of the text that fits the pattern."""
    found = re.findall(pattern, TEXT)
    assert len(found) == 1, pattern
    groups = found[0] if isinstance(found[0], tuple) else (found[0],)
    return tuple(int(number) for number in groups)


@pytest.mark.parametrize(
    ("pattern", "codes"),
    [
        (r"就业技能培训,培训补贴金额每人最高不超过(\d+)元", ["R1_EMP_STD"]),
        (r"紧缺急需职业\(工种\)培训补贴标准每人最高不超过(\d+)元", ["R2_EMP_SHORT"]),
        (r"每人每年中级工(\d+)元、高级工(\d+)元的职业培训补贴", ["R3_APPR_MID", "R4_APPR_HIGH"]),
        (r"分别给予(\d+)元、(\d+)元、(\d+)元的技能提升补贴", ["R5_UP_L5", "R6_UP_L4", "R7_UP_L3"]),
    ],
)
def test_every_amount_is_the_one_in_its_sentence(pattern: str, codes: list[str]) -> None:
    assert [rule(code).amount_fen for code in codes] == [yuan * 100 for yuan in read(pattern)]


def test_the_uplift_is_the_one_in_its_sentence_and_touches_only_the_skill_upgrade() -> None:
    assert rule("R8_UP_SHORT").percent == read(r"纳入急需紧缺工种目录的,补贴标准可提高(\d+)%")[0]
    assert rule("R8_UP_SHORT").applies_to == ("R5_UP_L5", "R6_UP_L4", "R7_UP_L3")


def test_the_insurance_months_are_the_ones_in_the_sentence() -> None:
    limit = book().limit("insured_months", TODAY)
    assert limit is not None
    assert limit.number == read(r"累计缴纳失业保险费(\d+)个月以上的企业职工")[0]


def test_the_founder_subsidy_has_no_amount_because_the_text_has_none() -> None:
    assert "落实创业培训补贴," in TEXT
    assert rule("R9_FOUNDER").amount_fen is None


def test_every_quote_stands_in_its_clause_word_for_word() -> None:
    quotes = [(r.clause, r.quote) for r in book().rules] + [(g.clause, g.quote) for g in book().groups]
    for clause, quote in quotes:
        assert quote in clause_text(clause)


def test_the_seven_groups_of_the_free_training_sentence_are_the_explicit_ones() -> None:
    sentence = re.findall(r"2、深入实施就业技能培训。面向(.+?)开展免费职业技能培训", TEXT)[0]
    explicit = [g for g in book().groups if g.basis == "explicit" and "employment" in g.opens]
    assert [g.quote for g in explicit] == sentence.split("、")


def test_there_are_thirty_two_groups_and_only_the_referred_ones_are_never_asked() -> None:
    assert len(book().groups) == 32
    never = {g.code for g in book().groups if not g.asked}
    assert never == {"COMMUNITY_CORRECTION", "REENTRY_SUPPORT", "COMPULSORY_DETOX"}
    assert never == {g.code for g in book().groups if g.sensitivity == "very_sensitive"}


def test_rules_begin_on_the_date_of_the_document() -> None:
    document = book().document("opinions-2019-10-15")
    assert TEXT.rstrip().endswith("2019年10月15日")
    assert {r.valid_from for r in book().rules} == {document.issued_on}


def clause_text(clause: str) -> str:
    """The text of a numbered task; a clause is written 三(section)number."""
    number = int(clause.rpartition(")")[2])
    starts = [m.start() for m in re.finditer(r"^\d+、", TEXT, flags=re.MULTILINE)] + [TEXT.index("四、保障措施")]
    return [TEXT[a:b] for a, b in pairwise(starts)][number - 1]
