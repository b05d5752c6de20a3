"""No institution fills more than a third of a page while others have something to show. Pure.

The first pages, the head, are exact: as if the whole result were known; whoever looks at the first only, as most
do, is answered without the others. After the head the plain order goes on without the head's cards, arranged in
the same way within each block of as many pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from app.catalog.search.contract import Hit

HEAD_PAGES = 5
Pages = tuple[tuple[Hit, ...], ...]


def share_of(per_page: int) -> int:
    """How many cards of a page one institution may fill."""
    return max(per_page // 3, 1)


def arrange(hits: Iterable[Hit], *, per_page: int, most: int = HEAD_PAGES) -> tuple[Pages, frozenset[int] | None]:
    """Hits, in order, as at most so many pages; None if each was filled without anyone going over a share.

    Else the institutions that had their whole share of every page that was not. A hit over its institution's share
    waits for the next page. When nothing else is left it fills the page anyway; a page's cards keep their order.
    """
    waiting = list(enumerate(hits))
    pages: list[tuple[Hit, ...]] = []
    with_all: frozenset[int] | None = None
    for _page in range(most):
        taken, rest = _take(waiting, per_page)
        lacking = per_page - len(taken)
        if lacking:
            counted = Counter(hit.tenant_id for _at, hit in taken)
            here = frozenset(tenant for tenant, count in counted.items() if count == share_of(per_page))
            with_all = here if with_all is None else with_all & here
        page = sorted([*taken, *rest[:lacking]], key=lambda item: item[0])
        waiting = rest[lacking:]
        if page:
            pages.append(tuple(hit for _at, hit in page))
    return tuple(pages), with_all


_Ranked = list[tuple[int, Hit]]


def _take(waiting: _Ranked, per_page: int) -> tuple[_Ranked, _Ranked]:
    """The hits of one page within the shares, and those left."""
    share = share_of(per_page)
    taken: _Ranked = []
    rest: _Ranked = []
    shown: Counter[int] = Counter()
    for item in waiting:
        tenant_id = item[1].tenant_id
        if len(taken) < per_page and shown[tenant_id] < share:
            taken.append(item)
            shown[tenant_id] += 1
        else:
            rest.append(item)
    return taken, rest


def head_size(per_page: int, *, most: int = HEAD_PAGES) -> int:
    """How many hits to ask for at once.

    A page lacks something only if too few institutions (at most three, for a page of twenty) have their share of
    all these pages. Of so many times their cards one of those has enough for all of them, so that every question
    leaves one institution fewer to ask for.
    """
    too_few = max(-(-per_page // share_of(per_page)) - 1, 1)
    return too_few * most * per_page


def head(find: Callable[[frozenset[int], int], Sequence[Hit]], *, per_page: int, most: int = HEAD_PAGES) -> Pages:
    """The first pages, at most so many; a page is the same however many after it are wanted.

    `find(left_out, size)` gives the first hits that are not of some institutions.
    """
    size = head_size(per_page, most=most)
    known: dict[UUID, Hit] = {}
    share, whole = most * share_of(per_page), most * per_page
    enough = share
    exhausted: frozenset[int] = frozenset()
    asked: set[tuple[frozenset[int], int]] = set()
    pages: Pages = ()
    while True:
        counted = Counter(hit.tenant_id for hit in known.values())
        left_out = exhausted | {tenant for tenant, count in counted.items() if count >= enough}
        if (left_out, enough) in asked:
            return pages
        asked.add((left_out, enough))
        found = find(left_out, size)
        known.update((hit.card_id, hit) for hit in found)
        ranked = sorted(known.values(), key=lambda hit: hit.sort)
        pages, with_all = arrange(ranked, per_page=per_page, most=most)
        is_all = len(found) < size
        # What fills a page beyond the shares comes from the very first hits, which are more than all pages take:
        # of those left out no more need be known than what they have a share for.
        if with_all is None or (is_all and left_out - exhausted <= with_all):
            return pages
        if is_all:
            # Of the others there is no more: only those left out can fill what lacks.
            exhausted = frozenset(hit.tenant_id for hit in known.values()) - left_out
            enough = whole
