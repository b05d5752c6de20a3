"""What a person means by what they typed: 「学个电焊 周末 免费」 is a trade, a mode and a wish, not three words.

Pure: the lexicon and the day are handed in. The text is read as a row of pieces (`reading.py`): choices become
chips, names become trades, words around them are left out, and what remains is text, corrected where it cannot be
meant as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, groupby, zip_longest

from app.catalog.search.analysis import PINYIN, question_tokens
from app.catalog.search.choices import FILLERS, GENERIC_EN, KINDS, LEVELS, MODES, SUFFIXES, TITLE_WORDS
from app.catalog.search.contract import MOST_TERMS, Term
from app.catalog.search.folding import is_han, normalise
from app.catalog.search.lexicon import Lexicon, Meant
from app.catalog.search.reading import Kind, Piece, piece_of, read
from app.catalog.search.words import cut, words_within

__all__ = ["LEVELS", "MODES", "Part", "Understood", "understand"]

MOST_NAMED = 3
_LONGEST_MISTAKE = 12
_LONGEST_INITIALS = 6
_BRACKETS = frozenset("([{【《「")
_VAGUE = GENERIC_EN | frozenset(KINDS)
_TEXT = frozenset({Kind.WORD, Kind.UNKNOWN})
_NAMES = frozenset({Kind.TRADE, *_TEXT})


@dataclass(frozen=True, slots=True)
class Part:
    """One understood part of the text and what it stands for.

    The facet is one of the search, or "trade" (value: its official name) or "institution" (value: its id); `name`
    is what an institution is called.
    """

    text: str
    facet: str
    value: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """A text read: its choices, what is left of it, the terms and the trades they name.

    `corrected` are parts of the text read as another word (`value`), `ignored` what says nothing about a course.
    """

    text: str
    rest: str
    choices: tuple[Part, ...] = ()
    terms: tuple[Term, ...] = ()
    named: tuple[Part, ...] = ()
    corrected: tuple[Part, ...] = ()
    ignored: tuple[str, ...] = ()


def understand(text: str, lexicon: Lexicon, on: date, *, is_exact: bool = False) -> Understood:
    """Read a text of any length, `is_exact` without correcting a word of it; never raises."""
    clean = normalise(text)
    pieces = _with_titles(read(clean, lexicon, on))
    pieces, corrected = (pieces, ()) if is_exact else _mended(pieces, lexicon, on)
    pieces = _cut_again(pieces)
    choices = [_chosen(piece, lexicon) for piece in pieces if piece.kind is Kind.CHOICE]
    telling = [piece for piece in pieces if piece.kind in _NAMES and _tells(piece)]
    if not telling and not any(part.facet == "institution" for part in choices):
        telling = [piece for piece in pieces if piece.kind in _NAMES]
    found = [(piece, *_term(piece, lexicon)) for piece in telling]
    ignored = [p.text for p in pieces if p.kind is Kind.FILLER or (p.kind in _NAMES and p not in telling)]
    return Understood(
        text=clean,
        rest=_rest(pieces) if telling else "",
        choices=tuple(dict.fromkeys(choices)),
        terms=_either(dict.fromkeys(term for _piece, term, _names in found), lexicon)[:MOST_TERMS],
        named=tuple(dict.fromkeys(Part(p.text, "trade", name) for p, _term, names in found for name in names)),
        corrected=corrected,
        ignored=tuple(dict.fromkeys(ignored)),
    )


def _with_titles(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Levels and times of day as plain words where they are part of a course's title (高级电工培训课程)."""
    found: list[Piece] = []
    for _is_blank, group in groupby(pieces, key=lambda piece: piece.kind is Kind.BLANK):
        some = list(group)
        bracketed = any(p.text in _BRACKETS for p in some[1:])
        if bracketed or (len(some) > 1 and any(p.kind is Kind.FILLER and p.key in TITLE_WORDS for p in some)):
            in_title = ("level", "mode")
            some = [Piece(p.text, Kind.WORD) if p.choice and p.choice[0] in in_title else p for p in some]
        found += some
    return tuple(found)


def _mended(pieces: tuple[Piece, ...], lexicon: Lexicon, on: date) -> tuple[tuple[Piece, ...], tuple[Part, ...]]:
    """What is no known word read as the known word probably meant, with what was corrected."""
    found: list[Piece] = []
    corrected: list[Part] = []
    is_alone = sum(piece.kind in _NAMES for piece in pieces) == 1
    for is_name, group in groupby(pieces, key=lambda piece: piece.kind in _NAMES):
        some = list(group)
        mended = _mend(some, lexicon, on, is_alone=is_alone) if is_name else None
        if mended is None:
            found += some
            continue
        found.append(mended)
        corrected.append(Part(mended.text, mended.choice[0] if mended.choice else "trade", mended.key))
    return tuple(found), tuple(dict.fromkeys(corrected))


def _mend(some: Sequence[Piece], lexicon: Lexicon, on: date, *, is_alone: bool) -> Piece | None:
    said = "".join(piece.text for piece in some)
    is_unknown = [piece.kind is Kind.UNKNOWN for piece in some]
    if all(piece.kind is Kind.TRADE for piece in some) or len(said) > _LONGEST_MISTAKE * (
        1 if is_han(said) else 3
    ):
        return None
    if len(some) == 2 and some[0].kind is Kind.TRADE and some[1].text in SUFFIXES:
        return None
    if not is_han(said):
        if said in lexicon.initials:
            return None
        key = lexicon.correct(said)
    elif any(is_unknown) or is_alone or len(said) > 2:
        key = lexicon.correct(said, is_loose=any(is_unknown))
    else:
        key = None
    mended = piece_of(said, key, lexicon, on) if key and key != said else None
    # A word of the dictionary is rather a misspelt trade than a level or a time of day (司机 is no 四级).
    is_sure = any(is_unknown) or len(said) > 2
    return mended if mended and (is_sure or mended.kind is Kind.TRADE) else None


def _cut_again(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Text between known pieces cut as documents are; neighbouring characters that are no words stay together."""
    found: list[Piece] = []
    for is_text, group in groupby(pieces, key=lambda piece: piece.kind in _TEXT and is_han(piece.text)):
        if not is_text:
            found += group
            continue
        loose = ""
        for word in (*cut("".join(piece.text for piece in group)), ""):
            if len(word) == 1:
                loose += word
                continue
            if loose:
                found.append(Piece(loose, Kind.UNKNOWN))
                loose = ""
            if word:
                found.append(Piece(word, Kind.FILLER if word in FILLERS else Kind.WORD, word))
    return tuple(found)


def _tells(piece: Piece) -> bool:
    """Whether a piece says what is looked for; a lone character or a kind of school does so only alone."""
    return piece.text not in _VAGUE and (len(piece.text) > 1 or piece.kind is Kind.TRADE)


def _chosen(piece: Piece, lexicon: Lexicon) -> Part:
    facet, value = piece.choice or ("", "")
    return Part(piece.text, facet, value, lexicon.institutions[int(value)] if facet == "institution" else "")


def _term(piece: Piece, lexicon: Lexicon) -> tuple[Term, tuple[str, ...]]:
    """The term of a piece, and the trades it names where they are few enough to be said."""
    meant = lexicon.meant(piece.key) if piece.kind is Kind.TRADE else _meant_by(piece.text, lexicon)
    if meant is None:
        return Term(piece.text, question_tokens(piece.text)), ()
    is_one = len(meant.names) == 1 or (len(meant.codes) == 1 and is_han(piece.key))
    name = meant.names[0] if is_one else piece.key or piece.text
    is_initials = not is_one and not piece.key and not is_han(piece.text)
    tokens = (PINYIN + piece.text,) if is_initials else question_tokens(name)
    said = piece.text if normalise(name) != piece.text else None
    names = meant.names[:1] if len(meant.codes) == 1 else meant.names
    labels = lexicon.labels(meant, in_order=piece.key in lexicon.trades)
    return Term(name, tokens, meant.codes, said, labels), names if len(names) <= MOST_NAMED else ()


def _meant_by(word: str, lexicon: Lexicon) -> Meant | None:
    """The trades of a word that is no name: by its initials, or by the name it begins with (理发店)."""
    if not is_han(word):
        keys = lexicon.initials.get(word, ()) if len(word) <= _LONGEST_INITIALS else ()
        every = [meant for key in keys if (meant := lexicon.meant(key))]
        names = tuple(dict.fromkeys(name for meant in every for name in meant.names))
        return (
            Meant(names, tuple(dict.fromkeys(code for meant in every for code in meant.codes))) if every else None
        )
    heads = [head for head in words_within(word) if word.startswith(head) and head in lexicon.trades]
    return lexicon.trades[max(heads, key=len)] if heads else None


def _either(terms: Iterable[Term], lexicon: Lexicon) -> tuple[Term, ...]:
    """Trades no course can teach at once (电工 焊工) as one term that either answers."""
    every = tuple(terms)
    trades = [term for term in every if term.trades]
    if len(trades) < 2 or frozenset.intersection(*(frozenset(term.trades) for term in trades)):
        return every

    def closeness(term: Term) -> tuple[tuple[str, ...], ...]:
        return term.labels or (tuple(sorted(lexicon.every_label(term.trades))),)

    one = Term(
        text=" / ".join(term.text for term in trades),
        tokens=tuple(dict.fromkeys(token for term in trades for token in term.tokens)),
        trades=tuple(dict.fromkeys(code for term in trades for code in term.trades)),
        said=" ".join(term.said or term.text for term in trades),
        labels=tuple(tuple(chain(*groups)) for groups in zip_longest(*map(closeness, trades), fillvalue=())),
    )
    return (one, *(term for term in every if not term.trades))


def _rest(pieces: Sequence[Piece]) -> str:
    """The text without its choices."""
    kept = "".join(" " if piece.kind is Kind.CHOICE else piece.text for piece in pieces)
    return " ".join(kept.split())
