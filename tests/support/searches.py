"""Documents and queries by chance, the same for the same seed, to compare engines with the reference."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.catalog.search.analysis import question_tokens
from app.catalog.search.contract import SOON, Document, FacetName, Page, Query, Shape, Sort, Term
from tests.support.documents import TODAY, document

TITLES = (
    "焊工入门",
    "高级电工培训",
    "母婴护理员（五级）",
    "中式烹调师",
    "叉车司机上岗班",
    "数控车工 CNC",
    "保育师",
)
BODIES = ("周末开班", "裕华区", "长安区 实训基地", "welding", "包教包会", "")
INSTITUTIONS = ("示例机构", "示例技校", "焊工之家")
TRADES = ("6-18-02-04", "6-31-01-03", "4-10-01-02", "4-03-02-01", "6-30-05-01")
LABELS = ("焊工", "电焊工", "电工", "维修电工", "保育师")
CATEGORIES = ("装备制造", "生活服务", "建筑施工")
MODES = ("day", "evening", "weekend", "online", "blended")
REGIONS = range(1, 9)
FIRST_NEWS = datetime(2026, 11, 1, tzinfo=UTC)


def terms(text: str) -> tuple[Term, ...]:
    """The words of a question as they stand, without any understanding; a document may have none of them."""
    return tuple(Term(word, question_tokens(word) or (word,)) for word in text.split())


def ask(text: str = "", **values: Any) -> Query:
    """A query of words as they stand."""
    return Query(on=TODAY, terms=terms(text), **values)


def ids(page: Page) -> list[int]:
    """The courses of a page's cards, in order."""
    return [card.course_id for card in page.cards]


def counts(page: Page, name: FacetName) -> dict[str, int]:
    """A facet's choices with their counts."""
    return {option.value: option.count for option in page.facet(name).options}


def some_documents(count: int, *, seed: int, tenants: int = 12) -> list[Document]:
    """Documents whose values coincide often; one institution has most of them."""
    chance = random.Random(seed)
    return [_document(number, chance, tenants) for number in range(1, count + 1)]


def _document(number: int, chance: random.Random, tenants: int) -> Document:
    trade, level = chance.choice(TRADES), chance.randrange(6)
    made = document(
        number,
        chance.choice(TITLES),
        body=chance.choice(BODIES),
        institution=chance.choice(INSTITUTIONS),
        # Ids do not follow the numbers, so that nothing is in order by itself.
        tenant_id=1 + int(tenants * chance.random() ** 3),
        trade_code=trade,
        label=chance.choice(LABELS),
        level=level,
        category=chance.choice(CATEGORIES),
        mode=chance.choice(MODES),
        is_shortage=chance.random() < 0.4,
        fee_fen=chance.choice((0, 80000, 150000)),
        region_ids=tuple(sorted(chance.sample(REGIONS, chance.randint(1, 3)))),
        starts_in=tuple(sorted(int(400 * chance.random() ** 2) - 3 for _n in range(chance.randrange(4)))),
        seats_left=chance.choice((0, 0, 3, 12)),
        news_at=FIRST_NEWS + timedelta(seconds=chance.randrange(20)),
        course_id=(number * 7919) % 100_003,
    )
    shape = Shape(trade, level, chance.choice(("employment", "upgrade")), chance.random() < 0.5, made.fee_fen > 0)
    return replace(made, shape=shape.key, card={**made.card, "shape": shape.key})


def some_queries(documents: Sequence[Document], count: int, *, seed: int) -> Iterator[Query]:
    """Queries of every kind; their words, trades and shapes are those of the documents, or nobody's."""
    chance = random.Random(seed)
    tokens = sorted({token for document in documents for token in document.tokens})
    shapes = sorted({document.shape for document in documents})
    for _n in range(count):
        yield Query(
            on=TODAY,
            terms=tuple(_term(chance, documents, tokens) for _n in range(chance.choice((0, 0, 1, 1, 2)))),
            categories=_some(chance, CATEGORIES),
            regions=_some(chance, REGIONS),
            levels=_some(chance, range(6)),
            modes=_some(chance, MODES),
            starts=_some(chance, (SOON, "2026-11", "2026-12", "2027-01", "2027-04", "2025-01")),
            institutions=_some(chance, range(1, 5), often=0.1),
            only_shortage=chance.random() < 0.2,
            free=chance.choice((None, frozenset(), frozenset(chance.sample(shapes, len(shapes) // 3)))),
            only_free=chance.random() < 0.1,
            near=chance.choice(((), (tuple(REGIONS)[:5], (1, 2), (1,)))),
            news_since=chance.choice((None, None, None, FIRST_NEWS + timedelta(seconds=7))),
            sort=chance.choice(list(Sort)),
        )


def _term(chance: random.Random, documents: Sequence[Document], tokens: Sequence[str]) -> Term:
    together = chance.choice(documents).tokens
    words = tuple(chance.sample(together, chance.randint(1, 3)))
    if chance.random() < 0.1:
        words = (chance.choice(tokens), "nobody's")
    labels = (_some(chance, LABELS), _some(chance, LABELS))
    return Term("?", words, _some(chance, TRADES), labels=labels)


def _some(chance: random.Random, choices: Sequence[Any], *, often: float = 0.25) -> tuple[Any, ...]:
    return tuple(chance.sample(choices, chance.randint(1, 2))) if chance.random() < often else ()
