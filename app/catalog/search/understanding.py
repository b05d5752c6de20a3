"""What a person means by what they typed: 「电焊 周末 免费」 is a trade, a mode and a wish, not three words.

Pure: the trades and regions it may recognise are handed in. A part of the text is only taken as a choice if it
stands alone between blanks, or makes up a word together with other known parts (周末电焊); a course title typed in
full therefore stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.catalog.search.analysis import normalise, synonyms, words

MODES = {
    "day": ("白天", "白天班", "日班", "daytime"),
    "evening": ("晚上", "晚间", "晚班", "晚间班", "夜校", "下班后", "evening", "evenings"),
    "weekend": ("周末", "周末班", "周六", "周日", "双休", "weekend", "weekends"),
    "online": ("网课", "线上", "在线", "网上", "online"),
    "blended": ("混合", "线上线下", "blended"),
}
LEVELS = {
    5: ("五级", "初级", "初级工"),
    4: ("四级", "中级", "中级工"),
    3: ("三级", "高级", "高级工"),
    2: ("二级", "技师"),
    1: ("一级", "高级技师"),
}
SHORTAGE = ("紧缺", "急需", "急需紧缺", "紧缺工种", "shortage")
FREE = ("免费", "免费学", "不花钱", "不要钱", "free")
_MOST_PARTS = 8

Choice = tuple[str, str]  # the facet and its value: ("mode", "weekend")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that may be recognised: trades (official and said) to codes, regions to their codes."""

    trades: Mapping[str, tuple[str, ...]]
    regions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One understood part of the text and the choice it stands for."""

    text: str
    facet: str
    value: str


@dataclass(frozen=True, slots=True)
class Understood:
    """A text read: the parts that are choices, the text that is left, its words, and the trades they name."""

    text: str
    rest: str
    choices: tuple[Part, ...] = ()
    terms: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    named: tuple[Part, ...] = ()


def make_vocabulary(trades: list[tuple[str, str, str]], regions: list[tuple[str, str, str]]) -> Vocabulary:
    """From trades as (code, name, variant) and regions as (code, name, English name)."""
    by_name: dict[str, dict[str, None]] = {}
    for code, name, variant in trades:
        for official in (name, variant):
            if official:
                by_name.setdefault(official.casefold(), {})[code] = None
    for said, names in synonyms().items():
        for official in names:
            by_name.setdefault(said, {}).update(dict.fromkeys(by_name.get(official, ())))
    places: dict[str, str] = {}
    for code, name, name_en in regions:
        places[name] = code
        if len(name) > 2 and name[-1] in "区县市":
            places.setdefault(name[:-1], code)
        places.setdefault(name_en.split(" ")[0].casefold(), code)
    return Vocabulary({name: tuple(codes) for name, codes in by_name.items() if codes}, places)


def understand(text: str, vocabulary: Vocabulary) -> Understood:
    """Read a text of any length; never raises."""
    known = _choices(vocabulary)
    choices: list[Part] = []
    rest: list[str] = []
    clean = normalise(text)
    for token in clean.split():
        parts = _split(token, known, vocabulary)
        choices.extend(Part(part, *known[part]) for part in parts if part in known)
        left = [part for part in parts if part not in known]
        rest.extend([token] if not parts else left)
    terms = words(" ".join(rest), vocabulary.trades.keys())
    named = [
        Part(term, "trade", names[0] if (names := synonyms().get(term)) else term)
        for term in terms
        if term in vocabulary.trades
    ]
    return Understood(
        text=clean,
        rest=" ".join(rest),
        choices=tuple(dict.fromkeys(choices)),
        terms=terms,
        trades=tuple(dict.fromkeys(code for term in terms for code in vocabulary.trades.get(term, ()))),
        named=tuple(named),
    )


def _choices(vocabulary: Vocabulary) -> dict[str, Choice]:
    known: dict[str, Choice] = {}
    known.update({word: ("mode", mode) for mode, said in MODES.items() for word in said})
    known.update({word: ("level", str(level)) for level, said in LEVELS.items() for word in said})
    known.update(dict.fromkeys(SHORTAGE, ("shortage", "1")))
    known.update(dict.fromkeys(FREE, ("free", "1")))
    known.update({name: ("region", code) for name, code in vocabulary.regions.items()})
    return known


def _split(token: str, known: dict[str, Choice], vocabulary: Vocabulary) -> list[str]:
    """The token as known parts only, the longest first at every place; empty if it is not made of such parts."""
    if token in known:
        return [token]
    parts: list[str] = []
    at = 0
    while at < len(token):
        length = next(
            (
                n
                for n in range(min(16, len(token) - at), 1, -1)
                if token[at : at + n] in known or token[at : at + n] in vocabulary.trades
            ),
            0,
        )
        if not length or len(parts) == _MOST_PARTS:
            return []
        parts.append(token[at : at + length])
        at += length
    return parts
