"""How text becomes tokens, the same for what is stored and what is asked.

A document keeps its words, and the words inside them; of its heading and its institution's name also every
pair of neighbouring characters, for words no dictionary knows, and pinyin. A question's word is looked
up as the word if it is one, else by its pairs: 电工 does not find 机电工程, 冀匠 is still found in 冀匠学校.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from pypinyin import lazy_pinyin

from app.catalog.search.folding import RUNS, is_han, normalise
from app.catalog.search.words import cut, is_word, words_within

HEADING = "t:"  # a token of the title or the trade, kept apart so that such a match ranks higher
INSTITUTION = "i:"  # a token of the institution's name
PINYIN = "y:"  # sound instead of characters: hangong and hg for 焊工
PAIR = "b:"  # two neighbouring characters, which need not be a word

LONGEST_HEADING = 120
LONGEST_BODY = 1000
LONGEST_WORD = 40
LONGEST_KEY = 40
_LONGEST_SPOKEN = 8

_JOINTS = re.compile(r"[-.']")


def document_tokens(*, heading: Iterable[str], institution: str, body: Iterable[str]) -> tuple[str, ...]:
    """What a document is found by, sorted; those of the heading and of the name once more, marked as such."""
    tokens: set[str] = set()
    for text in heading:
        top = _heading_tokens(text)
        tokens |= top
        tokens.update(HEADING + token for token in top)
    name = _name_tokens(institution)
    tokens |= name
    tokens.update(INSTITUTION + token for token in name)
    for text in body:
        tokens |= _body_tokens(text)
    return tuple(sorted(tokens))


def question_tokens(word: str) -> tuple[str, ...]:
    """What a document must all have to answer one word of a question; empty for punctuation alone."""
    tokens: dict[str, None] = {}
    for run in RUNS.findall(normalise(word, longest=LONGEST_WORD)):
        if not is_han(run):
            tokens[_latin_token(run)] = None
        elif len(run) == 1 or is_word(run):
            tokens[run] = None
        else:
            words = cut(run)
            tokens.update(dict.fromkeys(words if min(map(len, words)) > 1 else _pairs(run)))
    return tuple(tokens)


@functools.lru_cache(maxsize=16384)
def suggest_keys(text: str) -> tuple[str, ...]:
    """What someone may begin to type for a name: the name itself, its pinyin, its initials."""
    name = normalise(text, longest=LONGEST_KEY)
    keys = (name, *(sound[:LONGEST_KEY] for sound in sounds(name)))
    return tuple(dict.fromkeys(key for key in keys if key))


@functools.lru_cache(maxsize=65536)
def sounds(text: str) -> tuple[str, ...]:
    """The pinyin of a folded text without tones and blanks, and its initials; none if it holds no Chinese."""
    whole = first = ""
    found = False
    for run in RUNS.findall(text):
        if is_han(run):
            found = True
            syllables = lazy_pinyin(run)
            whole += "".join(syllables)
            first += "".join(syllable[0] for syllable in syllables)
        else:
            whole += run
            first += run
    return (whole, first) if found else ()


@functools.lru_cache(maxsize=32768)
def _heading_tokens(text: str) -> frozenset[str]:
    folded = normalise(text, longest=LONGEST_HEADING)
    tokens = set(_words(folded))
    for run in RUNS.findall(folded):
        if is_han(run):
            tokens.update(run)
            tokens.update(_pairs(run))
    return frozenset(tokens | _spoken(folded))


@functools.lru_cache(maxsize=8192)
def _name_tokens(text: str) -> frozenset[str]:
    folded = normalise(text, longest=LONGEST_HEADING)
    tokens = set(_words(folded))
    for run in RUNS.findall(folded):
        if is_han(run):
            tokens.update(_pairs(run))
    # The first letters of its words would be anyone's: only those of the whole name count.
    whole = {PINYIN + sound for sound in sounds(folded) if len(sound) <= LONGEST_WORD}
    return frozenset(tokens | whole | _spoken(folded, has_initials=False))


@functools.lru_cache(maxsize=4096)
def _body_tokens(text: str) -> frozenset[str]:
    return frozenset(_words(normalise(text, longest=LONGEST_BODY)))


def _words(folded: str) -> Iterable[str]:
    for run in RUNS.findall(folded):
        if not is_han(run):
            yield from _latin_words(run)
            continue
        for word in cut(run):
            if len(word) > 1:
                yield from words_within(word)


def _spoken(folded: str, *, has_initials: bool = True) -> set[str]:
    tokens: set[str] = set()
    for run in RUNS.findall(folded):
        if not is_han(run):
            continue
        spoken = [word for word in cut(run) if len(word) > 1]
        if len(run) <= _LONGEST_SPOKEN:
            spoken.append(run)
        for word in spoken:
            tokens.update(PINYIN + sound for sound in sounds(word)[: 1 + has_initials])
    return tokens


def _latin_words(run: str) -> Iterable[str]:
    word = run[:LONGEST_WORD]
    for part in {word, *_JOINTS.split(word)}:
        if part:
            yield _latin_token(part)


def _latin_token(word: str) -> str:
    """A word of letters may as well be meant as pinyin; two letters are too few to tell by."""
    word = word[:LONGEST_WORD]
    return PINYIN + word if len(word) > 2 and word.isalpha() else word


def _pairs(run: str) -> Iterable[str]:
    return (PAIR + run[i : i + 2] for i in range(len(run) - 1))
