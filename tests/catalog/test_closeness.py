"""Of the courses that answer a word, those of exactly what was meant come first."""

from __future__ import annotations

import pytest

from app.catalog.nearby import RINGS_KM
from app.catalog.search.contract import Query, Term
from app.catalog.search.ranking import CLOSER, POINTS, Reason, make_plan
from app.catalog.search.understanding import understand
from tests.catalog.words import ON, lexicon
from tests.support.documents import document
from tests.support.reference_search import holds


def term(text: str) -> Term:
    """The one term of a text."""
    (found,) = understand(text, lexicon(), ON).terms
    return found


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("焊工", ()),  # every course of the code is meant
        ("叉车司机", [{"叉车司机"}, {"起重装卸机械操作工"}]),
        ("厨师", [{"中式烹调师", "家常菜厨师", "小吃制作师"}, {"西式烹调师"}]),
        ("月嫂", [{"母婴护理员"}, {"育婴员"}, {"家政服务员", "婴幼儿发展引导员"}]),
        ("挖掘机", [{"挖掘机司机"}, {"挖掘铲运和桩工机械司机"}]),  # the occupation alone, beside its variant
        ("焊工 叉车司机", None),
    ],
)
def test_what_is_meant_first_goes_before_what_is_meant_too(text: str, groups: list[set[str]] | None) -> None:
    found = [set(group) for group in term(text).labels]
    if groups is None:  # two trades, of which either will do: neither goes before the other
        assert {"焊工", "氩弧焊工", "叉车司机"} <= found[0]
        assert found[1] == {"起重装卸机械操作工"}
    else:
        assert found == list(groups)


def test_the_order_of_an_english_name_says_nothing() -> None:
    first, whole = term("driver").labels
    assert {"叉车司机", "拖拉机驾驶员", "道路货运汽车驾驶员"} <= set(first)
    assert "起重装卸机械操作工" in whole


def test_no_label_outweighs_another_by_what_has_nothing_to_do_with_the_words() -> None:
    plan = make_plan(Query(on=ON, terms=(term("叉车司机"),)))
    exact, whole, sibling = (
        document(1, "?", label=label, trade_code="6-30-05-01", is_shortage=is_best, seats_left=9 * is_best)
        for label, is_best in (("叉车司机", False), ("起重装卸机械操作工", False), ("塔式起重机司机", True))
    )
    points = [
        sum(part.points for part in plan.parts if holds(part.condition, each)) for each in (exact, whole, sibling)
    ]
    assert points == sorted(points, reverse=True)
    assert len(set(points)) == 3
    others = sum(POINTS[each] for each in (Reason.SHORTAGE, Reason.FREE, Reason.SEATS, Reason.SOON))
    assert others + len(RINGS_KM) * POINTS[Reason.NEAR] < CLOSER


@pytest.mark.parametrize(
    ("text", "code"), [("汽车维修", "4-12-01-01"), ("汽车维休", "4-12-01-01"), ("电梯安装维修", "6-29-03-03")]
)
def test_a_trade_is_known_without_its_last_word(text: str, code: str) -> None:
    assert term(text).trades == (code,)
