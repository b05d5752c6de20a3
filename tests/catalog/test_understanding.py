"""What a person means by what they typed: pure, over the bundled names and a fixed day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.search.analysis import document_tokens
from app.catalog.search.contract import LONGEST_TEXT, MOST_TERMS
from app.catalog.search.understanding import Understood, understand
from tests.catalog.words import ON, lexicon, unhurried


def read(text: str, *, is_exact: bool = False) -> Understood:
    return understand(text, lexicon(), ON, is_exact=is_exact)


def chosen(text: str) -> list[tuple[str, str]]:
    return [(part.facet, part.value) for part in read(text).choices]


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("月嫂", "月嫂", "4-10-01-06"),
        ("开叉车", "开叉车", "6-30-05-01"),
        ("学个电焊", "电焊", "6-18-02-04"),
        ("hangong", "hangong", "6-18-02-04"),
        ("dian han", "dian han", "6-18-02-04"),
        ("dianhanpeixun", "dianhan", "6-18-02-04"),
        ("xuediangong", "diangong", "6-31-01-03"),
        ("hg", "hg", "6-18-02-04"),
        ("汉工", "汉工", "6-18-02-04"),
        ("燒焊", "烧焊", "6-18-02-04"),
        ("想当厨师", "厨师", "4-03-02-01"),
        ("考电工证", "电工证", "6-31-01-03"),
        ("裕华区电工证书多少钱", "电工", "6-31-01-03"),
        ("推拿师", "推拿师", "4-10-04-02"),
        ("蛋糕店", "蛋糕店", "4-03-02-04"),
        ("elderly care", "elderly care", "4-10-01-05"),
        ("i want to learn welding", "welding", "6-18-02-04"),
        ("AI", "ai", "4-04-05-05"),
        ("3D打印", "3d打印", "6-18-01-13"),
        ("伺候月子的活", "伺候月子", "4-10-01-06"),
    ],
)
def test_what_people_say_leads_to_the_trade(text: str, said: str, code: str) -> None:
    understood = read(text)
    assert {(part.text, part.facet) for part in understood.named} == {(said, "trade")}
    (term,) = understood.terms
    assert code in term.trades
    assert term.said in (said, None)


@pytest.mark.parametrize(
    "name", ["母婴护理员", "叉车司机", "电工", "中式烹调师", "DCS操作工", "多工序数控机床操作调整工"]
)
def test_an_official_name_asks_for_what_the_heading_of_its_courses_holds(name: str) -> None:
    (term,) = read(name).terms
    assert set(term.tokens) <= set(document_tokens(heading=[name], institution="", body=[]))


def test_a_word_for_several_trades_is_answered_by_each_of_them() -> None:
    (term,) = read("带孩子的活").terms
    assert term.trades == ("4-10-01-03", "4-10-01-01")
    (term,) = read("CNC").terms
    assert {"6-18-01-01", "6-18-01-02", "6-18-01-07"} <= set(term.trades)


def test_trades_that_no_course_teaches_at_once_are_answered_by_either() -> None:
    (term,) = read("电工 焊工").terms
    assert set(term.trades) == {"6-31-01-03", "6-18-02-04"}
    assert len(read("养老院护工").terms) == 2  # both are answered by one trade


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("裕华区 周末 免费", [("region", "130108"), ("mode", "weekend"), ("free", "1")]),
        ("裕华周末免费", [("region", "130108"), ("mode", "weekend"), ("free", "1")]),
        ("Weekend FREE yuhua", [("mode", "weekend"), ("free", "1"), ("region", "130108")]),
        ("zhoumo mianfei yuhuaqu", [("mode", "weekend"), ("free", "1"), ("region", "130108")]),
        ("玉华区", [("region", "130108")]),
        ("chang'an district online", [("region", "130102"), ("mode", "online")]),
        ("赵县", [("region", "130133")]),
        ("急需 五级", [("shortage", "1"), ("level", "5")]),
        ("高级技师 高级 技师", [("level", "1"), ("level", "3"), ("level", "2")]),
        ("晚上 线上 白天", [("mode", "evening"), ("mode", "online"), ("mode", "day")]),
        ("12月", [("start", "2026-12")]),
        ("十二月份开班", [("start", "2026-12")]),
        ("11月", [("start", "2026-11")]),
        ("3月", [("start", "2027-03")]),
        ("明年3月", [("start", "2027-03")]),
        ("2027年10月", [("start", "2027-10")]),
        ("下个月", [("start", "2026-12")]),
        ("这个月", [("start", "2026-11")]),
        ("december", [("start", "2026-12")]),
        ("next month", [("start", "2026-12")]),
        ("30天内", [("start", "30d")]),
        ("马上开班", [("start", "30d")]),
        ("月底前", [("start", "30d")]),
        ("年底前能拿证的", [("start", "2026-12")]),
        ("level 5", [("level", "5")]),
        ("冀匠", [("institution", "3")]),
        ("正定启明星家政培训中心", [("region", "130123"), ("institution", "4")]),
    ],
)
def test_places_times_levels_and_wishes_become_choices(text: str, choices: list[tuple[str, str]]) -> None:
    understood = read(text)
    assert chosen(text) == choices
    assert understood.terms == ()
    assert understood.rest == ""


def test_choices_inside_a_sentence_are_found_too() -> None:
    understood = read("我想在裕华区找个周末免费的电焊培训班，十二月开班的")
    assert [part.text for part in understood.choices] == ["裕华区", "周末", "免费", "十二月开班"]
    assert [term.said for term in understood.terms] == ["电焊"]
    assert "周末" not in understood.rest
    assert "电焊" in understood.rest


def test_an_institution_keeps_its_name_for_the_chip() -> None:
    (part,) = read("石家庄市冀匠职业培训学校").choices
    assert part.name == "石家庄市冀匠职业培训学校（示例）"
    assert part.value == "3"


@pytest.mark.parametrize(
    "text", ["高级电工培训课程", "电工（初级）就业技能培训（晚班）", "焊工技能提升班（周末班）"]
)
def test_a_title_typed_in_full_stays_text(text: str) -> None:
    understood = read(text)
    assert understood.choices == ()
    asked = {token for term in understood.terms for token in term.tokens}
    assert asked <= set(document_tokens(heading=[text], institution="", body=[]))


def test_a_level_beside_a_trade_is_a_choice() -> None:
    assert chosen("高级电工") == [("level", "3")]
    assert [term.text for term in read("高级电工").terms] == ["电工"]


@pytest.mark.parametrize("text", ["哪里有培训班", "我想学习", "培训", "how to learn", "石家庄", "学费多少钱"])
def test_words_around_alone_ask_for_everything(text: str) -> None:
    understood = read(text)
    assert understood.terms == ()
    assert understood.choices == ()
    assert understood.rest == ""
    assert understood.ignored


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("会计证", ["会计证"]),
        ("机电工程", ["机电工程"]),
        ("下班后能学的护理", ["护理"]),
        ("焊", ["焊"]),
        ("python", ["python"]),
        ("plc编程课", ["电工", "编程"]),
        ("启明星 面点师", ["启明星", "中式面点师"]),
        ("excavator driver", ["挖掘机司机"]),
        ("技工学校", ["技工学校"]),
    ],
)
def test_what_is_left_is_text(text: str, terms: list[str]) -> None:
    assert [term.text for term in read(text).terms] == terms


@pytest.mark.parametrize(
    ("text", "said", "meant"),
    [
        ("汉工证", "汉工", "焊工"),
        ("养老护里员", "养老护里员", "养老护理员"),
        ("叉车司鸡", "叉车司鸡", "叉车司机"),
        ("welderr", "welderr", "welder"),
        ("玉华区 电工", "玉华区", "裕华区"),
    ],
)
def test_what_was_taken_for_another_word_is_said(text: str, said: str, meant: str) -> None:
    assert [(part.text, part.value) for part in read(text).corrected] == [(said, meant)]


def test_taken_exactly_nothing_is_corrected() -> None:
    understood = read("汉工", is_exact=True)
    assert understood.corrected == ()
    assert [term.text for term in understood.terms] == ["汉工"]


def test_pinyin_and_synonyms_are_no_corrections_but_say_what_was_typed() -> None:
    for text in ("hangong", "推拿"):
        understood = read(text)
        assert understood.corrected == ()
        assert understood.terms[0].said == text
    assert read("焊工").terms[0].said is None


def test_every_part_stands_in_the_text_as_it_is_shown() -> None:
    text = "我想在玉华区学个汉工 hg 周末 dian gong \uff23\uff2e\uff23 启明星家政"
    understood = read(text)
    for part in (*understood.choices, *understood.named, *understood.corrected):
        assert part.text in understood.text
    assert all(word in understood.text for word in understood.ignored)


HOSTILE = [
    "周末" * 5000,
    "免费电焊" * 3000,
    "焊" * 10_000,
    "hg" * 5000,
    "a b " * 3000,
    "()" * 5000,
    "\x00\x01\x7f",
    "\u202e\u200d\ufeff",
    "\ud800",
    "﷽" * 1000,
    "İ" * 1000,
    "👩\u200d🏭 焊工 🔥",
    "+ - = && || > < ! ( ) { } [ ] ^ \" ~ * ? : \\ / ; ' % _ $ # @ `",
    "'; drop table courses; --",
    "月月月 12月12月 0月 13月 99月 00年月 明年月",
    "天内 30天内天内",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_question_is_read_like_any_other(text: str) -> None:
    understood = read(text)
    assert len(understood.text) <= LONGEST_TEXT
    assert len(understood.terms) <= MOST_TERMS


@unhurried
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                "我想 学 电焊 汉工 yuhua hg welder 裕华区 12月 下个月 免费 高级 （晚班） 课程 12 , 。 月".split()  # noqa: SIM905
            ),
            max_size=20,
        ).map("".join),
    )
)
def test_reading_never_fails_and_every_term_asks_for_something(text: str) -> None:
    understood = read(text)
    assert all(term.tokens for term in understood.terms)
    assert all(part.text in understood.text for part in (*understood.choices, *understood.named))
    assert len(understood.rest) <= LONGEST_TEXT
    assert len(understood.terms) <= MOST_TERMS
