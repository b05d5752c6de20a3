"""A text as a row of pieces: names that are known, words of the dictionary, and what is neither.

Of all ways to cut the text the cheapest is taken: few pieces, known ones first. Names are thus found only where
words end: 电工 and 证书 in 电工证书, and no 理发 in 管理发展.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.catalog.search.choices import MONTHS_EN, MONTHS_ZH, NEXT_MONTH, SOON, THIS_MONTH, YEAR_END
from app.catalog.search.contract import SOON as SOON_CHOICE
from app.catalog.search.folding import RUNS, is_han
from app.catalog.search.lexicon import Choice, Lexicon
from app.catalog.search.words import is_word


class Kind(StrEnum):
    """What a piece of text is."""

    BLANK = "blank"
    MARK = "mark"
    FILLER = "filler"
    CHOICE = "choice"
    TRADE = "trade"
    WORD = "word"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the text; `key` is the known word it is read as, `choice` what that chooses."""

    text: str
    kind: Kind
    key: str = ""
    choice: Choice | None = None


_COST = {
    Kind.BLANK: 0.0,
    Kind.MARK: 0.0,
    Kind.FILLER: 1.0,
    Kind.CHOICE: 1.0,
    Kind.TRADE: 1.0,
    Kind.WORD: 1.5,
    Kind.UNKNOWN: 3.0,
}
_FOREIGN = 6.0  # letters that are no known word, rather than several words of pinyin
_DEARER = 0.2  # a filler of one character, so that it never takes a longer name apart
_LONGEST_WORD = 8
_MOST_SYLLABLES = 6
_SPOKEN_ALONE = frozenset(
    {"xue", "kao", "dang", "zheng", "ban"}
)  # said before and after names: 学, 考, 当, 证, 班

_MONTH = re.compile(
    r"(?:(?P<year>20\d\d)年|(?P<next>明年)|今年)?"
    rf"(?P<month>1[0-2]|0?[1-9]|{'|'.join(sorted(MONTHS_ZH, key=len, reverse=True))})月"
    r"(?:份|底|初|中旬|上旬|下旬)?(?:之前|前)?(?:开班|开课|开学)?(?![嫂子饼薪工])"
)
_DAYS = re.compile(r"(?:[12]?[0-9]|30|[一二两三四]周|[一二两]个?星期|十五|二十|半个月)天?(?:之内|以内|内)")
_MONTHS = {
    **{word: number for number, words in enumerate(MONTHS_EN, start=1) for word in words},
    **{word: number for number, word in enumerate(MONTHS_ZH, start=1)},
}


def read(clean: str, lexicon: Lexicon, on: date) -> tuple[Piece, ...]:
    """The pieces of a folded text, in its order; together they are the text."""
    latin = {run.start(): run.group() for run in RUNS.finditer(clean) if not is_han(run.group())}
    inside = {at for start, run in latin.items() for at in range(start + 1, start + len(run))}
    best: list[tuple[float, tuple[Piece, ...]] | None] = [(0.0, ())] + [None] * len(clean)
    for start in range(len(clean)):
        before = best[start]
        if start in inside or before is None:
            continue
        for cost, row in _candidates(clean, start, lexicon, on, latin):
            end = start + sum(len(piece.text) for piece in row)
            known = best[end]
            if end not in inside and (known is None or before[0] + cost < known[0]):
                best[end] = (before[0] + cost, row)
    return _walked(best)


def _walked(best: list[tuple[float, tuple[Piece, ...]] | None]) -> tuple[Piece, ...]:
    rows: list[tuple[Piece, ...]] = []
    end = len(best) - 1
    while end > 0 and (reached := best[end]) is not None:
        rows.append(reached[1])
        end -= sum(len(piece.text) for piece in reached[1])
    return tuple(piece for row in reversed(rows) for piece in row)


def _candidates(
    clean: str, start: int, lexicon: Lexicon, on: date, latin: dict[int, str]
) -> Iterator[tuple[float, tuple[Piece, ...]]]:
    """Every piece that can begin here, the longest names first, each with its cost."""
    first = clean[start]
    start_choice = _when(clean, start, on)
    if start_choice:
        yield _COST[Kind.CHOICE], (start_choice,)
    for length in lexicon.lengths.get(first, ()):
        word = clean[start : start + length]
        if len(word) == length and (piece := piece_of(word, word, lexicon, on)):
            yield _COST[piece.kind] + (_DEARER if length == 1 else 0), (piece,)
    if start in latin:
        yield from _latin(clean, start, latin, lexicon, on)
    elif is_han(first):
        for length in range(min(_LONGEST_WORD, len(clean) - start), 1, -1):
            if is_word(word := clean[start : start + length]):
                yield _COST[Kind.WORD], (Piece(word, Kind.WORD),)
        yield _COST[Kind.UNKNOWN], (Piece(first, Kind.UNKNOWN),)
    else:
        kind = Kind.BLANK if first == " " else Kind.MARK
        yield _COST[kind], (Piece(first, kind),)


def piece_of(text: str, key: str, lexicon: Lexicon, on: date) -> Piece | None:
    """A text read as a known word; None if the word is not known."""
    if key in lexicon.trades:
        return Piece(text, Kind.TRADE, key)
    if choice := lexicon.choices.get(key) or _said_when(key, on):
        return Piece(text, Kind.CHOICE, key, choice)
    if key in lexicon.english:
        return Piece(text, Kind.TRADE, key)
    return Piece(text, Kind.FILLER, key) if key in lexicon.fillers else None


def _latin(
    clean: str, start: int, latin: dict[int, str], lexicon: Lexicon, on: date
) -> Iterator[tuple[float, tuple[Piece, ...]]]:
    """A word of letters as itself, as one or several words of pinyin, and as the first of several syllables."""
    run = latin[start]
    yield _FOREIGN, (Piece(run, Kind.WORD),)
    if row := _spoken(run, lexicon, on):
        yield sum(_COST[piece.kind] for piece in row), row
    end, joined = start + len(run), run
    for _n in range(_MOST_SYLLABLES):
        following = latin.get(end + 1) if clean[end : end + 1] == " " else None
        if following is None:
            break
        end, joined = end + 1 + len(following), joined + following
        heard = lexicon.heard(joined)
        if heard and (piece := piece_of(clean[start:end], heard, lexicon, on)):
            yield _COST[piece.kind], (piece,)


def _spoken(run: str, lexicon: Lexicon, on: date) -> tuple[Piece, ...]:
    """A word of letters as known words of pinyin, as few as can be; nothing if they do not make it up."""
    best: list[tuple[Piece, ...] | None] = [()] + [None] * len(run)
    for start in range(len(run)):
        before = best[start]
        if before is None:
            continue
        for end in range(start + 2, len(run) + 1):
            sound = run[start:end]
            key = lexicon.heard(sound)
            piece = piece_of(sound, key, lexicon, on) if key else None
            if piece is None and sound in _SPOKEN_ALONE and sound != run:
                piece = Piece(sound, Kind.FILLER, sound)
            known = best[end]
            if piece and (known is None or len(before) + 1 < len(known)):
                best[end] = (*before, piece)
    return best[len(run)] or ()


def _said_when(key: str, on: date) -> Choice | None:
    if key in SOON:
        return "start", SOON_CHOICE
    if key in YEAR_END:
        return "start", f"{on.year}-12"
    if key in THIS_MONTH:
        return "start", f"{on:%Y-%m}"
    if key in NEXT_MONTH:
        return "start", _month(on.month % 12 + 1, on)
    if (number := _MONTHS.get(key)) and not is_han(key):
        return "start", _month(number, on)
    return None


def _when(clean: str, start: int, on: date) -> Piece | None:
    """A month or a number of days that begins here, said in figures or characters."""
    if days := _DAYS.match(clean, start):
        return Piece(days.group(), Kind.CHOICE, days.group(), ("start", SOON_CHOICE))
    said = _MONTH.match(clean, start)
    if said is None:
        return None
    number = _MONTHS.get(said["month"]) or int(said["month"])
    month = _month(number, on)
    if said["year"] or said["next"]:
        month = f"{said['year'] or on.year + 1}-{number:02}"
    return Piece(said.group(), Kind.CHOICE, said.group(), ("start", month))


def _month(number: int, on: date) -> str:
    """The month of that number that is now or comes next."""
    return f"{on.year + (number < on.month)}-{number:02}"
