"""How text is folded and becomes tokens, the same for what is stored and what is asked: pure."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.search.analysis import (
    HEADING,
    INSTITUTION,
    LONGEST_KEY,
    PAIR,
    PINYIN,
    document_tokens,
    question_tokens,
    suggest_keys,
)
from app.catalog.search.contract import LONGEST_TEXT
from app.catalog.search.folding import RUNS, is_han, normalise
from app.catalog.search.words import cut, is_word, words_within
from tests.catalog.words import TRADES, unhurried

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12)
NAMES = [variant or name for _code, name, variant, _name_en in TRADES]
TITLES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "高级", "零基础", "企业职工", "全民"]),
    st.sampled_from(NAMES),
    st.sampled_from(["培训课程", "（初级）就业技能培训", "技能提升班（周末班）", "入门", " CNC 3D 班"]),
)


def tokens(title: str = "", name: str = "", body: str = "") -> set[str]:
    return set(document_tokens(heading=[title], institution=name, body=[body]))


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("\uff23\uff2e\uff23\u3000編程", "cnc 编程"),
        ("燒焊 學習 養老護理員", "烧焊 学习 养老护理员"),
        ("  Welder\t\nCOURSE ", "welder course"),
        ("电\u200b工\x00证", "电 工 证"),
        ("ﬁtter İ", "fitter i̇"),
        ("叉\ud800车", "叉 车"),
    ],
)
def test_text_is_compared_half_width_in_lower_case_and_simplified(typed: str, folded: str) -> None:
    assert normalise(typed) == folded


@unhurried
@given(st.text(max_size=300))
def test_folding_twice_changes_nothing_and_keeps_to_its_length(text: str) -> None:
    folded = normalise(text)
    assert normalise(folded) == folded
    assert len(folded) <= LONGEST_TEXT
    assert unicodedata.is_normalized("NFKC", folded)


def test_every_single_character_folds_to_something_that_stays() -> None:
    for first in range(0, 0x110000, 0x1000):
        text = " ".join(map(chr, range(first, first + 0x1000)))
        folded = normalise(text, longest=100_000)
        assert normalise(folded, longest=100_000) == folded


def test_a_word_inside_a_word_counts_only_where_words_begin() -> None:
    assert words_within("养老护理员") == {"养老护理员", "养老护理", "养老", "护理", "护理员"}
    assert "电工" not in words_within("机电工程")
    assert "机电" in words_within("机电工程")


@pytest.mark.parametrize(
    ("text", "found", "not_found"),
    [
        ("机电工程学校", ["机电", "工程", "机电工程"], ["电工"]),
        ("企业管理发展", ["管理", "发展"], ["理发"]),
        ("中式烹调师", ["烹调师", "烹调", "中式烹调师"], []),
        ("二保焊入门", ["二保焊", "入门"], []),
        ("电工证书", ["电工", "证书"], ["电工证"]),
    ],
)
def test_a_document_is_found_by_its_words_and_not_by_what_only_looks_like_one(
    text: str, found: list[str], not_found: list[str]
) -> None:
    held = tokens(body=text)
    assert all(set(question_tokens(word)) <= held for word in found)
    assert not any(set(question_tokens(word)) <= held for word in not_found)


@unhurried
@given(TITLES)
def test_a_document_is_found_by_every_word_of_its_heading(title: str) -> None:
    held = tokens(title)
    for run in RUNS.findall(normalise(title)):
        for word in [run, *(cut(run) if is_han(run) else ())]:
            asked = question_tokens(word)
            assert asked
            assert set(asked) <= held, word
            assert {HEADING + token for token in asked} <= held


@unhurried
@given(HAN, HAN, HAN)
def test_a_word_no_dictionary_knows_is_found_by_its_characters_in_a_name(
    before: str, word: str, after: str
) -> None:
    held = tokens(name=before + word + after)
    if len(word) > 1 and not is_word(normalise(word)):
        assert set(question_tokens(word)) <= held
        assert {INSTITUTION + token for token in question_tokens(word)} <= held


def test_heading_name_and_body_are_told_apart() -> None:
    held = tokens("焊工入门", "冀匠学校", "安全")
    assert {"焊工", HEADING + "焊工", "安全", INSTITUTION + PAIR + "冀匠"} <= held
    assert HEADING + "安全" not in held
    assert INSTITUTION + "焊工" not in held


def test_a_heading_and_a_name_are_found_by_pinyin_and_its_first_letters() -> None:
    held = tokens("焊工入门", "裕华技校")
    assert {PINYIN + "hangong", PINYIN + "hg", HEADING + PINYIN + "hangong", PINYIN + "yuhuajixiao"} <= held
    assert set(question_tokens("hangong")) <= held


def test_words_of_other_scripts_are_found_whole_and_by_their_parts() -> None:
    held = tokens("CNC-lathe 3D打印", body="PLC e-commerce")
    for word in ("cnc-lathe", "CNC", "lathe", "3d", "plc", "e-commerce", "commerce"):
        assert set(question_tokens(word)) <= held


def test_a_document_stays_small() -> None:
    theory = (
        "安全生产与劳动保护、机械图样识读、公差配合与常用量具、金属材料与热处理常识、设备日常保养、质量检验与记录"
    )
    practice = "焊工基本操作、工件装夹与找正、典型工件加工、尺寸检测与返修、设备点检与故障排除、5S与交接班演练"
    held = document_tokens(
        heading=["高级电工培训课程（周末班）", "电工", "维修电工", "Maintenance electrician"],
        institution="裕华示例职业培训学校",
        body=["装备制造", "裕华区", "示例路12号综合实训车间", theory, practice],
    )
    assert len(held) <= 260
    assert list(held) == sorted(held)


def test_a_document_does_not_grow_with_its_text_without_end() -> None:
    assert len(tokens("焊工" * 5000, "学校" * 5000, "焊接" * 5000)) < 60


@unhurried
@given(st.text(max_size=60))
def test_what_is_asked_is_bounded_and_text_of_words_always_asks_for_something(text: str) -> None:
    asked = question_tokens(text)
    assert len(asked) <= LONGEST_TEXT
    assert bool(asked) == bool(RUNS.search(normalise(text, longest=40)))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("焊工", ("焊工", "hangong", "hg")),
        ("3D打印", ("3d打印", "3ddayin", "3ddy")),
        ("CNC", ("cnc",)),
        ("", ()),
        ("重庆小面", ("重庆小面", "chongqingxiaomian", "cqxm")),
    ],
)
def test_a_name_is_suggested_by_itself_its_pinyin_and_its_first_letters(name: str, keys: tuple[str, ...]) -> None:
    assert suggest_keys(name) == keys


@unhurried
@given(st.text(max_size=200))
def test_what_a_name_is_suggested_by_is_short(name: str) -> None:
    assert all(0 < len(key) <= LONGEST_KEY for key in suggest_keys(name))
