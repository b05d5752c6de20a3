"""What a course says of itself: title, content, teacher and place from the vocabulary of its category."""

from __future__ import annotations

from random import Random
from typing import Any

from app.seed.reference import Place, Reference, TradeRow

GRADES = {5: "（五级）", 4: "（四级）", 3: "（三级）", 2: "（二级）", 1: "（一级）"}
WORDS = {5: "初级", 4: "中级", 3: "高级", 2: "技师级", 1: "高级技师级"}
TEACHER_TITLES = {5: "三级/高级工", 4: "二级/技师", 3: "二级/技师", 2: "一级/高级技师", 1: "一级/高级技师"}


def title(reference: Reference, rng: Random, trade: TradeRow, level: int | None, form: str, mode: str) -> str:
    """A course's title; the trade's name is always inside it."""
    kind = form if level is not None or form == "founder" else "special"
    pattern = rng.choice(reference.words["titles"][kind])
    grade = GRADES.get(level or 0, "")
    text = str(pattern).format(name=trade.label, grade=grade, word=WORDS.get(level or 0, ""))
    return text + str(reference.words["suffixes"][mode])


def content(
    reference: Reference, rng: Random, trade: TradeRow, level: int | None, form: str, theory: int, practice: int
) -> str:
    """What is taught, how it ends and what to bring, a few paragraphs long."""
    topics = _topics(reference, trade, form)
    name = trade.label
    theory_topics = [str(topic).format(name=name) for topic in _some(rng, topics["theory"], 4)]
    practice_topics = [str(topic).format(name=name) for topic in _some(rng, topics["practice"], 5)]
    ending = (
        f"结业考试合格后，可参加{name}{GRADES[level].strip('（）')}职业技能等级认定，由评价机构组织。"
        if level is not None
        else "结业考试合格后，发给培训合格证书。"
    )
    return "\n".join(
        (
            f"适合：{reference.words['audience'][form].format(name=name)}",
            f"理论 {theory} 课时：{'；'.join(theory_topics)}。",
            f"实操 {practice} 课时：{'；'.join(practice_topics)}。",
            ending,
            "请带身份证原件；实训用的工具和材料由机构准备。",
        )
    )


def teacher(reference: Reference, rng: Random, level: int | None) -> str:
    """A made-up teacher, marked as such."""
    surname = rng.choice(reference.words["surnames"])
    return f"{surname}示例老师，{TEACHER_TITLES[level or 5]}，从教{rng.randint(4, 25)}年"


def address(reference: Reference, rng: Random, place: Place, trade: TradeRow, mode: str) -> str:
    """Where it is held: a made-up street of a real county."""
    if mode == "online":
        return f"线上直播（{place.short}）"
    words = reference.words
    own: dict[str, Any] = words["trade"].get(trade.code, {})
    workshop = rng.choice(own.get("workshops") or words["category"][trade.category]["workshops"])
    return f"{place.short}{rng.choice(reference.words['roads'])}{rng.randint(1, 199)}号 {workshop}"


def _topics(reference: Reference, trade: TradeRow, form: str) -> dict[str, Any]:
    words = reference.words
    if form == "founder":
        return dict(words["founder"])
    return dict(words["trade"].get(trade.code) or words["category"][trade.category])


def _some(rng: Random, topics: list[str], count: int) -> list[str]:
    chosen = set(rng.sample(range(len(topics)), min(count, len(topics))))
    return [topic for number, topic in enumerate(topics) if number in chosen]
