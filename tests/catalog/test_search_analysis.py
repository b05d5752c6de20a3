"""How text is cut, and what a question is understood as: pure."""

from __future__ import annotations

import pytest

from app.catalog.search.analysis import HEADING, document_grams, grams, question_grams, synonyms, words
from app.catalog.search.contract import LONGEST_TEXT, MOST_TERMS
from app.catalog.search.understanding import Vocabulary, make_vocabulary, understand
from app.policy.loader import load_trades, load_variants

TRADES = [(trade.code, trade.name, "") for trade in load_trades()] + [
    (variant.code, "", variant.variant) for variant in load_variants()
]
REGIONS = [("130108", "裕华区", "Yuhua District"), ("130133", "赵县", "Zhao County")]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return make_vocabulary(TRADES, REGIONS)


def test_a_chinese_text_becomes_its_characters_and_neighbouring_pairs() -> None:
    assert grams("电工证") == {"电", "工", "证", "电工", "工证"}


def test_pairs_never_span_punctuation_or_other_letters() -> None:
    assert grams("电，工CNC") == {"电", "工", "cnc"}


def test_heading_tokens_are_kept_apart_and_also_counted_as_text() -> None:
    tokens = document_grams(heading=["焊工"], body=["裕华"])
    assert HEADING + "焊工" in tokens
    assert {"焊工", "裕华"} <= set(tokens)
    assert HEADING + "裕华" not in tokens


def test_known_names_stay_whole_and_the_rest_is_cut_into_words() -> None:
    assert words("金牌母婴护理员", {"母婴护理员"}) == ("金牌", "母婴护理员")
    assert words("高级电工培训课程") == ("高级", "电工")


def test_a_question_of_fillers_only_is_taken_as_it_is() -> None:
    assert words("培训") == ("培训",)


def test_a_question_is_bounded_however_long_it_is() -> None:
    assert len(words("焊 工 电 车 钳 铣 磨 刨 镗 钻 锯 锉 铸 锻 " * 1000)) <= MOST_TERMS
    assert len("".join(words("焊工" * 10_000))) <= LONGEST_TEXT
    assert len(question_grams(words("高级" * 10_000))) <= LONGEST_TEXT


def test_every_synonym_names_a_trade_or_variant_of_the_bundled_files() -> None:
    known = {name for _code, name, variant in TRADES for name in (name, variant) if name}
    assert {name for names in synonyms().values() for name in names} <= known


@pytest.mark.parametrize(
    ("text", "choices", "trades", "rest"),
    [
        ("电焊 周末 免费", [("mode", "weekend"), ("free", "1")], ["6-18-02-04"], "电焊"),
        ("周末电焊", [("mode", "weekend")], ["6-18-02-04"], "电焊"),
        ("裕华区月嫂", [("region", "130108")], ["4-10-01-06"], "月嫂"),
        ("裕华 晚上", [("region", "130108"), ("mode", "evening")], [], ""),
        ("赵县", [("region", "130133")], [], ""),
        ("急需 五级", [("shortage", "1"), ("level", "5")], [], ""),
        ("Weekend FREE yuhua", [("mode", "weekend"), ("free", "1"), ("region", "130108")], [], ""),
        ("高级电工培训课程", [], ["6-31-01-03"], "高级电工培训课程"),
        ("", [], [], ""),
    ],
)
def test_what_a_question_is_understood_as(
    vocabulary: Vocabulary, text: str, choices: list[tuple[str, str]], trades: list[str], rest: str
) -> None:
    understood = understand(text, vocabulary)
    assert [(part.facet, part.value) for part in understood.choices] == choices
    assert list(understood.trades) == trades
    assert understood.rest == rest


def test_reading_a_hostile_question_is_quick_and_never_an_error(vocabulary: Vocabulary) -> None:
    for text in ("周末" * 5000, "免费电焊" * 3000, "\x00", "\u202e", "﷽" * 1000, "İ" * 1000):
        understood = understand(text, vocabulary)
        assert len(understood.text) <= LONGEST_TEXT
