"""The names a question may hold, what was probably meant by others, and what is suggested: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.search.folding import is_han, normalise
from app.catalog.search.lexicon import make_lexicon
from app.catalog.search.words import bundled_synonyms
from tests.catalog.words import REGIONS, TRADES, lexicon, unhurried

OFFICIAL = {name for _code, trade, variant, _name_en in TRADES for name in (trade, variant) if name}


def test_the_bundled_synonyms_lead_to_bundled_names_and_there_are_enough() -> None:
    rows = bundled_synonyms()
    assert len({said for said, _meant in rows}) >= 200
    assert {meant for _said, meant in rows} <= OFFICIAL
    assert len(set(rows)) == len(rows)
    assert not {said for said, _meant in rows} & OFFICIAL
    assert all(normalise(said) == said and len(said) > 1 for said, _meant in rows)


def test_no_synonym_takes_a_word_that_filters() -> None:
    known = lexicon()
    assert not {said for said, _meant in bundled_synonyms()} & (known.choices.keys() | known.fillers)


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("焊工", ["焊工"]),
        ("推拿", ["保健按摩师"]),
        ("带孩子", ["保育师", "育婴员"]),
        ("welder", ["焊工"]),
        ("forklift driver", ["叉车司机"]),
        ("forklift", ["叉车司机"]),
        ("nurse", ["内科护士", "社区护士"]),
    ],
)
def test_a_word_stands_for_trades(word: str, names: list[str]) -> None:
    meant = lexicon().meant(word)
    assert meant is not None
    assert list(meant.names) == names


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("焊工", "焊工"),  # right as it is
        ("汉工", "焊工"),  # sounds the same
        ("月扫", "月嫂"),
        ("保木", "保姆"),
        ("叉车司级", "叉车司机"),
        ("育婴圆", "育婴员"),
        ("玉华区", "裕华区"),
        ("养老护里员", "养老护理员"),
        ("叉车司几", "叉车司机"),
        ("挖掘几", "挖掘机"),
        ("缝刃工", "缝纫工"),
        ("保键按摩师", "保健按摩师"),
        ("汽车零部件在造工", "汽车零部件再制造工"),  # two characters of nine
        ("hangong", "焊工"),
        ("welderr", "welder"),
        ("forkilft", "forklift"),
        ("diangog", "电工"),
        ("yanglaohuliyan", "养老护理员"),
    ],
)
def test_a_word_is_taken_for_the_name_that_sounds_or_looks_like_it(typed: str, meant: str) -> None:
    assert lexicon().correct(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "旱",  # one character
        "电视",  # two characters never by looks
        "木上",
        "数控工",  # one away from several trades
        "dianhang",  # 电焊 or 电商
        "abc",  # three letters never by looks
        "车工焊工电工",
        "python",
        "",
        "12",
    ],
)
def test_what_could_be_anything_is_left_as_it_is(typed: str) -> None:
    assert lexicon().correct(typed) is None


def test_looks_are_not_asked_when_only_sounds_may_count() -> None:
    assert lexicon().correct("welderr", is_loose=False) is None
    assert lexicon().correct("叉车司鸡", is_loose=False) == "叉车司机"
    assert lexicon().correct("叉车同机", is_loose=False) is None


@pytest.mark.parametrize(
    "word",
    """
    英语 书法 舞蹈 摄影 钢琴 瑜伽 心理咨询 编程 驾照 平面设计 会计 法律 游泳 健身 电脑 办公软件 日语 茶叶
    jineng peixun gangwei tisheng rumen xiangmu zhuanxiang nengli chuangye
    """.split(),  # noqa: SIM905
)
def test_what_people_also_look_for_is_not_taken_for_a_trade(word: str) -> None:
    corrected = lexicon().correct(word)
    assert corrected is None or corrected in lexicon().fillers


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("焊", "焊工"),
        ("电焊", "焊工"),
        ("hangong", "焊工"),
        ("hang", "焊工"),
        ("hg", "焊工"),
        ("月", "母婴护理员"),
        ("yuesao", "母婴护理员"),
        ("叉车", "叉车司机"),
        ("chache", "叉车司机"),
        ("Weld", "焊工"),
        ("電工", "电工"),
        ("yang lao", "养老护理员"),
        ("护理员", "养老护理员"),
        ("zhongshi", "中式烹调师"),
    ],
)
def test_trades_are_suggested_by_character_pinyin_initials_and_what_people_say(typed: str, first: str) -> None:
    suggested = lexicon().suggest(typed, most=5)
    assert suggested
    assert suggested[0].kind == "trade"
    assert suggested[0].text == first
    assert len(suggested) <= 5


def test_a_suggestion_holds_the_code_of_the_trade_and_comes_once() -> None:
    suggested = lexicon().suggest("电工", most=20)
    assert ("电工", "6-31-01-03") in {(each.text, each.ref) for each in suggested}
    assert len({(each.text, each.ref) for each in suggested}) == len(suggested)


def test_every_official_name_is_suggested_first_for_itself() -> None:
    for _code, name, variant, _name_en in TRADES:
        label = variant or name
        assert lexicon().suggest(label, most=3)[0].text == label


@unhurried
@given(st.text(max_size=50))
def test_correcting_and_suggesting_never_fail(text: str) -> None:
    folded = normalise(text)
    corrected = lexicon().correct(folded)
    assert corrected is None or lexicon().is_known(corrected)
    assert len(lexicon().suggest(text, most=3)) <= 3


@unhurried
@given(st.sampled_from(sorted(OFFICIAL)), st.data())
def test_one_wrong_character_in_a_long_name_never_leads_to_another_trade(name: str, data: st.DataObject) -> None:
    folded = normalise(name)
    if len(folded) < 5 or not is_han(folded):
        return
    at = data.draw(st.integers(0, len(folded) - 1))
    typed = folded[:at] + "饕" + folded[at + 1 :]
    corrected = lexicon().correct(typed)
    if corrected is not None:
        meant, wanted = lexicon().meant(corrected), lexicon().meant(folded)
        assert meant is not None
        assert wanted is not None
        assert set(meant.codes) == set(wanted.codes)


def test_places_are_known_by_full_short_and_english_names_and_the_first_of_two_keeps_a_name() -> None:
    choices = lexicon().choices
    for name in ("裕华区", "裕华", "yuhua district", "yuhua"):
        assert choices[name] == ("region", "130108")
    assert choices["井陉"] == choices["jingxing"] == ("region", "130121")
    assert choices["矿区"] == choices["jingxing mining"] == ("region", "130107")
    assert choices["高新区"] == ("region", "130171")
    assert "赵" not in choices
    assert {"石家庄", "石家庄市", "shijiazhuang"} <= lexicon().fillers


def test_institutions_are_known_by_their_whole_name_and_by_what_is_theirs_alone() -> None:
    choices = lexicon().choices
    assert choices["石家庄市冀匠职业培训学校"] == choices["冀匠"] == ("institution", "3")
    assert choices["启明星家政"] == ("institution", "4")
    assert "示例" not in choices  # shared
    assert "机电工程" not in choices  # a word anyone may mean


def test_a_lexicon_of_nothing_knows_the_wishes_alone() -> None:
    empty = make_lexicon([], [("月嫂", "母婴护理员")], [], [])
    assert empty.meant("月嫂") is None
    assert empty.suggest("月嫂", most=5) == []
    assert empty.choices["周末"] == ("mode", "weekend")


def test_an_entry_of_the_bureau_acts_beside_the_bundled_ones() -> None:
    more = make_lexicon(TRADES, [*bundled_synonyms(), ("捏脚", "反射疗法师")], REGIONS)
    meant = more.meant("捏脚")
    assert meant is not None
    assert meant.names == ("反射疗法师",)
    assert more.correct("涅脚") == "捏脚"
    assert more.suggest("niejiao", most=1)[0].text == "反射疗法师"
