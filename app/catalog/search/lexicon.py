"""The names a question may hold, what they stand for, and what was probably meant by a word that is none of them.

Made of the trades, what people say for them, the places and the institutions; pure and frozen, so that a process
keeps one for each generation of the index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

from app.catalog.search import choices as said_for
from app.catalog.search.analysis import sounds
from app.catalog.search.contract import Suggestion
from app.catalog.search.folding import is_han, normalise
from app.catalog.search.words import is_word
from app.policy.loader import load_regions

LONGEST_NAME = 40

# What is said for the next days and months; which months they are, only the day tells.
_WHENS = frozenset({
    *said_for.SOON,
    *said_for.THIS_MONTH,
    *said_for.NEXT_MONTH,
    *said_for.YEAR_END,
    *(name for names in said_for.MONTHS_EN for name in names),
})  # fmt: skip
_PERSONS = "工员师"
_SHORTEST_STEM = 3
_JOINTS = re.compile(r"[ (),]+")

Choice = tuple[str, str]  # the facet and its value: ("mode", "weekend")


@dataclass(frozen=True, slots=True)
class Meant:
    """The trades a word stands for: official names, and the codes of their occupations."""

    names: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is known by name; every key is folded.

    `spoken` and `initials` lead from sounds to keys; official names go before what people say. `occupations` are
    the names of each code, its own before those of its variants. `lengths` are those of the keys that begin with a
    character, the longest first.
    """

    trades: Mapping[str, Meant]
    english: Mapping[str, Meant]
    choices: Mapping[str, Choice]
    fillers: frozenset[str]
    institutions: Mapping[int, str]
    spoken: Mapping[str, tuple[str, ...]]
    initials: Mapping[str, tuple[str, ...]]
    occupations: Mapping[str, tuple[str, ...]]
    lengths: Mapping[str, tuple[int, ...]]
    _long: tuple[str, ...] = field(repr=False)
    _latin: tuple[str, ...] = field(repr=False)
    _suggested: tuple[tuple[str, int, str, str], ...] = field(repr=False)

    def meant(self, word: str) -> Meant | None:
        """The trades a word names, in Chinese or English."""
        return self.trades.get(word) or self.english.get(word)

    def labels(self, meant: Meant, *, in_order: bool) -> tuple[tuple[str, ...], ...]:
        """The labels of courses that are meant, in groups: what is meant first; else; courses for the occupation.

        An occupation is meant with its variants, or alone beside one of them. Empty where the codes say as much.
        """
        first, *others = (self._family(normalise(name), meant.names) for name in meant.names)
        groups = [first, tuple(chain(*others))] if in_order else [tuple(chain(first, *others))]
        groups.append(tuple(self.occupations[code][0] for code in meant.codes))
        known: dict[str, None] = {}
        new = []
        for group in groups:
            new.append(tuple(dict.fromkeys(label for label in group if label not in known)))
            known.update(dict.fromkeys(group))
        is_all = self.every_label(meant.codes) <= frozenset(new[0])
        return () if is_all else tuple(group for group in new if group)

    def every_label(self, codes: Iterable[str]) -> frozenset[str]:
        """The labels of all courses of these occupations."""
        return frozenset(chain(*(self.occupations[code] for code in codes)))

    def _family(self, label: str, names: Iterable[str]) -> tuple[str, ...]:
        others = {normalise(name) for name in names} - {label}
        families = (self.occupations[code] for code in self.trades[label].codes)
        whole = [family for family in families if family[0] == label and others.isdisjoint(family)]
        return tuple(chain(*whole)) or (label,)

    def is_known(self, word: str) -> bool:
        """Whether a word has a meaning here."""
        known = (self.trades, self.english, self.choices, self.fillers, _WHENS)
        return any(word in words for words in known)

    def heard(self, sound: str) -> str | None:
        """The one known word of these sounds (pinyin without tones), if they do not leave it open."""
        return self._one(self.spoken.get(sound, ()))

    def correct(self, word: str, *, is_loose: bool = True) -> str | None:
        """The known word probably meant: one that sounds the same, else (if loose) one nearly the same."""
        if self.is_known(word):
            return word
        if is_han(word):
            heard = sounds(word)
            found = self.heard(heard[0]) if heard and len(word) > 1 else None
            return found or (self._nearest(word, self._long, _allowed(len(word), 3, 5)) if is_loose else None)
        found = self.heard(word)
        if found or not is_loose or not word.isalpha():
            return found
        near = self._nearest(word, self._latin, _allowed(len(word), 4, 8))
        return near if near is None or self.is_known(near) else self.heard(near)

    def suggest(self, typed: str, *, most: int) -> list[Suggestion]:
        """Trades by their names, what is said for them, pinyin and initials: what begins so first."""
        wanted = normalise(typed, longest=LONGEST_NAME)
        joined = wanted.replace(" ", "")
        if not joined:
            return []
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for key, rank, text, code in self._suggested:
            if key.startswith((wanted, joined)):
                place = rank if len(key) > len(joined) else rank - 4
            elif joined in key and (len(joined) > 2 or is_han(joined)):
                place = rank + 10
            else:
                continue
            best = (place, len(key))
            if best < found.get((text, code), (99, 0)):
                found[text, code] = best
        in_order = sorted(found, key=lambda each: (found[each], each))
        return [Suggestion("trade", text, code) for text, code in in_order[:most]]

    def _one(self, words: tuple[str, ...]) -> str | None:
        meanings = {self._meaning(word) for word in words}
        return words[0] if len(meanings) == 1 else None

    def _meaning(self, word: str) -> object:
        meant = self.meant(word)
        return frozenset(meant.codes) if meant else self.choices.get(word, "")

    def _nearest(self, word: str, among: tuple[str, ...], allowed: int) -> str | None:
        if not allowed:
            return None
        near = process.extract(word, among, scorer=OSA.distance, score_cutoff=allowed, limit=None)
        if not near:
            return None
        least = near[0][1]
        words = [key for key, distance, _at in near if distance == least]
        known = {self._meaning(key if self.is_known(key) else self.heard(key) or "") for key in words}
        return max(words, key=lambda key: (Prefix.similarity(key, word), -len(key))) if len(known) == 1 else None


def _allowed(length: int, one: int, two: int) -> int:
    return 0 if length < one else 1 if length < two else 2


def make_lexicon(
    trades: Iterable[tuple[str, str, str, str]],
    synonyms: Iterable[tuple[str, str]],
    regions: Iterable[tuple[str, str, str]],
    institutions: Iterable[tuple[int, str]] = (),
) -> Lexicon:
    """From trades as (code, name, variant, English name), what is said for which name, places and institutions.

    Places as (code, name, English name), institutions as (id, name).
    """
    rows = list(trades)
    official = _official(rows)
    said = _said(official, synonyms)
    stems = {stem: meant for stem, meant in _stems(official).items() if stem not in said}
    english = _english(rows)
    names = dict(institutions)
    places = dict(_places(regions))
    wishes = {**_choices(), **places}
    fillers = frozenset({*said_for.FILLERS, *said_for.FILLERS_EN, *_city()} - wishes.keys())
    meant = {**stems, **said, **official}
    taken = meant.keys() | english.keys() | wishes.keys() | fillers
    wishes.update(_institutions(names, taken))
    spoken = _by_sound([official, {**said, **stems}, wishes, dict.fromkeys((*_WHENS, *fillers))], at=0, least=2)
    keys = [key for key in (*said, *official, *places) if is_han(key)]
    latin = [key for key in (*meant, *english) if not is_han(key)]
    return Lexicon(
        trades=meant,
        english=english,
        choices=wishes,
        fillers=fillers,
        institutions=names,
        spoken=spoken,
        initials=_by_sound([official, said], at=1, least=2),
        occupations=_occupations(rows),
        lengths=_lengths((*meant, *english, *wishes, *fillers, *_WHENS)),
        _long=tuple(key for key in keys if len(key) > 2),
        _latin=tuple(dict.fromkeys((*latin, *_sounds_of(keys)))),
        _suggested=tuple(dict.fromkeys(_suggested(rows, said))),
    )


def _occupations(rows: Sequence[tuple[str, str, str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for code, name, _variant, _name_en in rows:
        found[code][normalise(name)] = None
    for code, _name, variant, _name_en in rows:
        if variant:
            found[code][normalise(variant)] = None
    return {code: tuple(labels) for code, labels in found.items()}


def _official(rows: Iterable[tuple[str, str, str, str]]) -> dict[str, Meant]:
    codes: dict[str, dict[str, None]] = defaultdict(dict)
    labels: dict[str, str] = {}
    for code, name, variant, _name_en in rows:
        for label in (name, variant):
            if key := normalise(label):
                codes[key][code] = None
                labels.setdefault(key, label)
    return {key: Meant((labels[key],), tuple(codes[key])) for key in codes}


def _said(official: Mapping[str, Meant], synonyms: Iterable[tuple[str, str]]) -> dict[str, Meant]:
    found: dict[str, Meant] = {}
    for said, name in synonyms:
        meant, key = official.get(normalise(name)), normalise(said)
        if meant is None or not key or key in official:
            continue
        before = found.get(key, Meant((), ()))
        found[key] = Meant(
            tuple(dict.fromkeys((*before.names, *meant.names))),
            tuple(dict.fromkeys((*before.codes, *meant.codes))),
        )
    return found


def _stems(official: Mapping[str, Meant]) -> dict[str, Meant]:
    """Names without the word for the person (汽车维修), where enough is left and only one name has it."""
    found: dict[str, list[Meant]] = defaultdict(list)
    for name, meant in official.items():
        if name[-1] in _PERSONS and len(name) >= _SHORTEST_STEM + 1:
            found[name[:-1]].append(meant)
    return {stem: meanings[0] for stem, meanings in found.items() if len(meanings) == 1 and stem not in official}


def _english(rows: Iterable[tuple[str, str, str, str]]) -> dict[str, Meant]:
    """Whole English names and, for what they do not say, the single words of them."""
    whole: dict[str, dict[str, str]] = defaultdict(dict)
    single: dict[str, dict[str, str]] = defaultdict(dict)
    for code, name, variant, name_en in rows:
        folded = normalise(name_en)
        head, _blank, last = folded.rpartition(" ")
        for form in (folded, f"{folded}s", head if last in said_for.GENERIC_EN else ""):
            whole[form][variant or name] = code
        for word in _JOINTS.split(f"{folded} {folded.replace('-', ' ')}"):
            if len(word) > 2 and word not in said_for.FILLERS_EN:
                for form in {word, f"{word}s", word.removesuffix("s") if not word.endswith("ss") else word}:
                    single[form][variant or name] = code
    names = {**single, **whole}
    return {key: Meant(tuple(meant), tuple(dict.fromkeys(meant.values()))) for key, meant in names.items() if key}


def _choices() -> dict[str, Choice]:
    known: dict[str, Choice] = {}
    for mode, words in said_for.MODES.items():
        known.update(dict.fromkeys(words, ("mode", mode)))
    for level, words in said_for.LEVELS.items():
        known.update(dict.fromkeys(words, ("level", str(level))))
    known.update(dict.fromkeys(said_for.SHORTAGE, ("shortage", "1")))
    known.update(dict.fromkeys(said_for.FREE, ("free", "1")))
    return known


def _lengths(keys: Iterable[str]) -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = defaultdict(set)
    for key in keys:
        lengths[key[0]].add(len(key))
    return {first: tuple(sorted(those, reverse=True)) for first, those in lengths.items()}


def _places(regions: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, Choice]]:
    """Every name of a place; where two places share a short one, the first keeps it."""
    found: dict[str, str] = {}
    rows = list(regions)
    for code, name, name_en in rows:
        found[normalise(name)] = code
        found.update(dict.fromkeys(map(normalise, said_for.PLACES.get(code, ())), code))
        found.setdefault(normalise(name_en), code)
    for code, name, name_en in rows:
        if len(name) > 2 and name[-1] in "区县市":
            found.setdefault(normalise(name[:-1]), code)
        short = normalise(name_en).rpartition(" ")[0]
        for each in (short, short.replace("'", ""), short.replace(" ", "")):
            if each:
                found.setdefault(each, code)
    return ((name, ("region", code)) for name, code in found.items())


def _city() -> Iterator[str]:
    yield from said_for.CITY
    city = next(region for region in load_regions() if region.parent_code is None)
    yield from (
        city.name,
        city.name.removesuffix("市"),
        normalise(city.name_en),
        normalise(city.name_en).split()[0],
    )


def _institutions(names: Mapping[int, str], taken: Iterable[str]) -> dict[str, Choice]:
    """Whole names, and what is left of one without its place and its kind, where that is telling."""
    known = set(taken)
    places = sorted({*_city(), *(region.name for region in load_regions())}, key=len, reverse=True)
    shared: dict[str, list[int]] = defaultdict(list)
    for tenant_id, name in names.items():
        whole = normalise(name)
        plain = whole.partition("(")[0].strip() or whole
        for key in {whole, plain, _distinctive(plain, places)}:
            if len(key) > 1 and key not in known and not is_word(key):
                shared[key].append(tenant_id)
    return {key: ("institution", str(ids[0])) for key, ids in shared.items() if len(ids) == 1}


def _distinctive(name: str, places: Iterable[str]) -> str:
    kind = next((kind for kind in said_for.KINDS if name.endswith(kind)), "")
    rest = name.removesuffix(kind)
    for place in places:
        for prefix in (place, place[:-1] if len(place) > 2 else place):
            rest = rest.removeprefix(prefix)
    return rest


def _by_sound(groups: Iterable[Mapping[str, object]], *, at: int, least: int) -> dict[str, tuple[str, ...]]:
    """Chinese words by their pinyin (0) or initials (1); a word of an earlier group goes before those of later."""
    found: dict[str, tuple[str, ...]] = {}
    for group in groups:
        mine: dict[str, list[str]] = defaultdict(list)
        for word in group:
            if len(word) >= least and (heard := sounds(word)) and heard[at] != word:
                mine[heard[at]].append(word)
        for sound, words in mine.items():
            found.setdefault(sound, tuple(words))
    return found


def _sounds_of(keys: Iterable[str]) -> Iterator[str]:
    return (heard[0] for key in keys if len(key) > 1 and (heard := sounds(key)))


def _suggested(
    rows: Iterable[tuple[str, str, str, str]], said: Mapping[str, Meant]
) -> Iterator[tuple[str, int, str, str]]:
    """(what is typed, its rank, the trade's label, its code)."""
    codes: dict[str, str] = {}
    for code, name, variant, name_en in rows:
        label = variant or name
        codes.setdefault(label, code)
        key = normalise(label)
        yield key, 4, label, code
        yield from ((sound, 5, label, code) for sound in sounds(key))
        english = normalise(name_en)
        yield english, 6, label, code
        yield from ((english[at + 1 :], 7, label, code) for at, c in enumerate(english) if c in " -(")
    for word, meant in said.items():
        for at, name in enumerate(meant.names):
            later = min(at, 1)  # what is meant first goes first
            yield word, 6 + later, name, codes.get(name, meant.codes[0])
            yield from ((sound, 7 + later, name, codes.get(name, meant.codes[0])) for sound in sounds(word))
