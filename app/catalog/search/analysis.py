"""How text becomes tokens, the same for what is stored and what is asked.

Chinese has no blanks, so a document keeps every character and every pair of neighbouring characters of its text
(`grams`): 电工 is found inside 高级电工培训课程. A question is cut into words first (known trade names whole, the
rest by rjieba), so that its words may stand apart in the document. Latin words are kept whole, in lower case.
"""

from __future__ import annotations

import csv
import functools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import rjieba

from app.catalog.search.contract import LONGEST_TEXT, MOST_TERMS

HEADING = "t:"  # a token of the title or the trade, kept apart so that such a match ranks higher
LONGEST_WORD = 40

_RUNS = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[a-z0-9][a-z0-9+#.'-]*")
_FILLERS = frozenset({
    "的", "了", "和", "与", "或", "我", "想", "学", "要", "找", "在", "有", "吗", "呢", "啊",
    "我想", "想学", "我想学", "我要学", "学习", "培训", "课程", "班", "课",
})  # fmt: skip


def normalise(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Text as it is compared: half-width, lower case, one blank between words, cut at `longest` characters."""
    folded = unicodedata.normalize("NFKC", text[: longest * 2]).casefold()
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in folded)
    return " ".join(kept.split())[:longest].strip()


def is_han(word: str) -> bool:
    """Whether a run of characters is Chinese."""
    return "\u3400" <= word[0] <= "\ufaff"


@functools.lru_cache(maxsize=8192)  # names of trades, places and institutions come again and again
def grams(text: str) -> frozenset[str]:
    """Every token of a text: characters and neighbouring pairs of Chinese, words of anything else."""
    tokens: set[str] = set()
    for run in _RUNS.findall(normalise(text, longest=4000)):
        if is_han(run):
            tokens.update(run)
            tokens.update(run[i : i + 2] for i in range(len(run) - 1))
        else:
            tokens.add(run[:LONGEST_WORD])
            tokens.update(part for part in re.split(r"[-.']", run[:LONGEST_WORD]) if part)
    return frozenset(tokens)


def document_grams(*, heading: Iterable[str], body: Iterable[str]) -> tuple[str, ...]:
    """A document's tokens, sorted: those of heading and body, and the heading's once more, marked as such."""
    top: set[str] = set()
    for text in heading:
        top |= grams(text)
    every = set(top)
    for text in body:
        every |= grams(text)
    return tuple(sorted(every | {HEADING + token for token in top}))


def words(text: str, names: Collection[str] = ()) -> tuple[str, ...]:
    """The words of a question: known names whole, the rest as rjieba cuts it; fillers only if there is no more."""
    found: list[str] = []
    for run in _RUNS.findall(normalise(text)):
        found.extend(_cut(run, names) if is_han(run) else [run[:LONGEST_WORD]])
    telling = [word for word in found if word not in _FILLERS]
    return tuple(dict.fromkeys(telling or found))[:MOST_TERMS]


def _cut(run: str, names: Collection[str]) -> Iterable[str]:
    longest = max((len(name) for name in names), default=0)
    rest = ""
    at = 0
    while at < len(run):
        name = next(
            (run[at : at + n] for n in range(min(longest, len(run) - at), 1, -1) if run[at : at + n] in names),
            None,
        )
        if name is None:
            rest += run[at]
            at += 1
            continue
        yield from rjieba.cut(rest) if rest else ()
        yield name
        rest = ""
        at += len(name)
    yield from rjieba.cut(rest) if rest else ()


def question_grams(terms: Iterable[str]) -> tuple[str, ...]:
    """The tokens a document must all have to answer these words: the pairs of each word, or its one character."""
    tokens: set[str] = set()
    for term in terms:
        for run in _RUNS.findall(term):
            if is_han(run) and len(run) > 1:
                tokens.update(run[i : i + 2] for i in range(len(run) - 1))
            else:
                tokens.add(run[:LONGEST_WORD])
    return tuple(sorted(tokens))


@functools.cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """What people say for a trade's or variant's official name: 月嫂 → 母婴护理员."""
    said: dict[str, list[str]] = {}
    with (Path(__file__).parent / "synonyms.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            said.setdefault(row["said"], []).append(row["meant"])
    return {word: tuple(names) for word, names in said.items()}


@functools.cache
def said_for() -> Mapping[str, tuple[str, ...]]:
    """The other way round: what a document of an official name is also found by."""
    meant: dict[str, list[str]] = {}
    for word, names in synonyms().items():
        for name in names:
            meant.setdefault(name, []).append(word)
    return {name: tuple(words) for name, words in meant.items()}
