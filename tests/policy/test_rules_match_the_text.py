"""The rule files say what the policy's own sentences say."""

from __future__ import annotations

import re
from dataclasses import replace
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


# --- Each number inside the sentence it is quoted from --------------------------------------------------------

SENTENCES = [each for each in re.split(r"[。\n]", TEXT) if each]
PAID = [found for found in book().rules if found.kind != "multiplier" and found.amount_fen is not None]


def clause_of(words: str) -> str:
    """Where words stand, as the document numbers it: the section's heading, then the number of the task."""
    at = TEXT.index(words)
    task = [m for m in re.finditer(r"^(\d+)、", TEXT, flags=re.MULTILINE) if m.start() <= at][-1]
    section = [m for m in re.finditer(r"^\(([一二三四])\)", TEXT, flags=re.MULTILINE) if m.start() <= at][-1]
    part = [m for m in re.finditer(r"^([一二三四])、", TEXT, flags=re.MULTILINE) if m.start() <= at][-1]
    return f"{part[1]}({section[1]}){task[1]}"


def money_in(sentence: str) -> list[int]:
    """The amounts of money a sentence names, in fen: numbers of yuan, never of persons."""
    return [int(number) * 100 for number in re.findall(r"(\d+)元", sentence)]


def states(found: SubsidyRule, sentence: str) -> bool:
    """Whether a sentence says what the rule pays: it holds the words quoted, and they name the amount."""
    return found.quote in sentence and found.amount_fen in money_in(found.quote)


@pytest.mark.parametrize("found", PAID, ids=lambda found: found.code)
def test_one_sentence_of_the_document_states_what_a_rule_pays_and_it_stands_in_its_clause(
    found: SubsidyRule,
) -> None:
    (sentence,) = [each for each in SENTENCES if states(found, each)]
    assert found.amount_fen in money_in(sentence)
    assert clause_of(sentence) == found.clause


def test_the_amounts_of_the_document_are_those_of_the_rules_and_no_others() -> None:
    assert sorted(money_in(TEXT)) == sorted(found.amount_fen for found in PAID if found.amount_fen)
    assert sorted(money_in(TEXT)) == [fen * 100 for fen in (1000, 1500, 2000, 2200, 2500, 4000, 6000)]


@pytest.mark.parametrize("found", [r for r in book().rules if r.percent], ids=lambda found: found.code)
def test_the_percentage_is_raised_in_one_sentence_and_the_other_one_counts_skilled_workers(
    found: SubsidyRule,
) -> None:
    raises = [each for each in SENTENCES if re.search(rf"补贴标准可提高{found.percent}%", each)]
    assert [clause_of(each) for each in raises] == [found.clause]
    assert [each for each in SENTENCES if "%" in each and each not in raises] == [
        each for each in SENTENCES if "占技能劳动者比例" in each
    ]


@pytest.mark.parametrize(
    ("code", "clause", "headcount"),
    [
        ("R7_UP_L3", "三(四)13", "每年培养培训装备制造领域“高精尖”技能人才2000人以上"),
        ("R2_EMP_SHORT", "三(四)15", "每年培养新型职业农民和农村实用人才不低于2500人"),
    ],
)
def test_the_same_number_of_persons_in_another_task_is_not_taken_for_the_amount(
    code: str, clause: str, headcount: str
) -> None:
    found = rule(code)
    number = str((found.amount_fen or 0) // 100)
    (wrong,) = [each for each in SENTENCES if headcount in each]
    assert number in wrong
    assert clause_of(headcount) == clause
    assert money_in(wrong) == []
    misquoted = replace(found, quote=headcount, clause=clause)
    assert misquoted.quote in clause_text(misquoted.clause)
    assert not any(states(misquoted, each) for each in SENTENCES)
    assert TEXT.count(number) > len([each for each in SENTENCES if states(found, each)])


def test_an_amount_that_is_not_the_one_in_its_sentence_is_found_out() -> None:
    for found in PAID:
        wrong = replace(found, amount_fen=(found.amount_fen or 0) + 100)
        assert not any(states(wrong, each) for each in SENTENCES)


def test_every_clause_number_is_the_one_the_document_gives_the_quoted_words() -> None:
    for found in book().rules:
        assert clause_of(found.quote) == found.clause, found.code
    for named in book().targets:
        if named.clause.startswith("三"):
            assert clause_of(named.quote) == named.clause, named.code
    for programme in book().programmes:
        assert clause_of(programme.quote) == programme.clause, programme.code


def test_every_target_is_the_number_of_its_own_sentence() -> None:
    for target in book().targets:
        number = target.number
        written = f"{number // 10_000}万" if number >= 10_000 and number % 10_000 == 0 else str(number)
        assert re.search(rf"(?<!\d){written}(?!\d)", target.quote), target.code
        assert any(target.quote in sentence for sentence in SENTENCES), target.code
