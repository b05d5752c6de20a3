"""How Chinese is cut into words: rjieba with every bundled name added, and the words inside of words.

The names come from the bundled files, never from the database: a word is cut the same in every process and at any
time, so that what was stored is found by what is asked later. Names only the database knows are found by their
pairs of characters and by their trade.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from pathlib import Path

import rjieba

from app.catalog.search.choices import KINDS
from app.catalog.search.folding import is_han, normalise
from app.policy.loader import load_regions, load_trades, load_variants

HERE = Path(__file__).parent
_LONGEST_WORD = 12


def cut(run: str) -> list[str]:
    """A run of Chinese as words, unknown ones as single characters; without guessing, so always the same."""
    return list(_cutter().cut(run, False))


@functools.lru_cache(maxsize=65536)
def is_word(word: str) -> bool:
    """Whether a word is known and stays whole, so that a text about it has it as a word."""
    return len(word) > 1 and bool(_cutter().has_word(word)) and cut(word) == [word]


@functools.lru_cache(maxsize=65536)
def words_within(word: str) -> frozenset[str]:
    """A word and the words it is made of: 养老护理员 is also 养老, 护理 and 护理员, but 机电工程 is not 电工.

    A part counts if it begins where a word begins, and what follows it is a word again or one character.
    """
    found = {word}
    plain = [part for part in _plain().cut(word, False) if len(part) > 1]
    if plain != [word]:
        for part in plain:
            found |= words_within(part)
    if len(word) <= _LONGEST_WORD:
        for at in range(2, len(word)):
            head, tail = word[:at], word[at:]
            if not is_word(head) or not (len(tail) == 1 or is_word(tail)):
                continue
            found |= words_within(head)
            if len(tail) > 1:
                found |= words_within(tail)
    return frozenset(found)


@functools.cache
def bundled_synonyms() -> tuple[tuple[str, str], ...]:
    """(what is said, the official name meant) of the bundled file, which the bureau's list begins with."""
    with (HERE / "synonyms.csv").open(encoding="utf-8", newline="") as lines:
        return tuple((row["said"], row["meant"]) for row in csv.DictReader(lines))


@functools.cache
def _plain() -> rjieba.Jieba:
    return rjieba.Jieba()


@functools.cache
def _cutter() -> rjieba.Jieba:
    cutter = rjieba.Jieba()
    for name in sorted(set(_names())):
        cutter.add_word(name, None, None)
    return cutter


def _names() -> Iterator[str]:
    names: list[str] = [trade.name for trade in load_trades()]
    names += [variant.variant for variant in load_variants()]
    names += [said for said, _meant in bundled_synonyms()]
    names += KINDS
    for region in load_regions():
        names += [region.name, region.name.removesuffix("市").removesuffix("县").removesuffix("区")]
    for name in names:
        folded = normalise(name)
        if len(folded) > 1 and all(is_han(character) for character in folded):
            yield folded
