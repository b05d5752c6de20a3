"""No institution fills a page while others have something to show, and no card is lost or shown twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.search.contract import Hit
from app.catalog.search.fairness import HEAD_PAGES, arrange, head, share_of
from tests.support.reference_search import fair_pages

PER_PAGE = 20


def hits_of(tenants: Sequence[int]) -> list[Hit]:
    """Hits in order, of these institutions."""
    return [Hit(UUID(int=at), tenant_id, 0, (at,)) for at, tenant_id in enumerate(tenants)]


class Asked:
    """A result that can be asked for hits without some institutions, and counts how often it was."""

    def __init__(self, tenants: Sequence[int]) -> None:
        self.hits = hits_of(tenants)
        self.times = 0

    def __call__(self, left_out: frozenset[int], size: int) -> list[Hit]:
        self.times += 1
        return [hit for hit in self.hits if hit.tenant_id not in left_out][:size]


def tenants_of(page: Sequence[Hit]) -> Counter[int]:
    return Counter(hit.tenant_id for hit in page)


def test_one_institution_gets_a_third_of_a_page_while_others_have_something() -> None:
    pages, with_all = arrange(hits_of([1] * 60 + [2, 3, 4, 5] * 30), per_page=PER_PAGE)
    assert with_all is None
    assert [tenants_of(page)[1] for page in pages] == [6] * HEAD_PAGES


def test_a_hit_over_its_share_comes_on_the_next_page_and_the_order_is_kept() -> None:
    (first, second), _with_all = arrange(hits_of([1] * 8 + [2] * 6 + [3] * 6 + [4] * 6), per_page=PER_PAGE)
    assert [hit.sort[0] for hit in first] == [*range(6), *range(8, 22)]
    assert [hit.sort[0] for hit in second] == [6, 7, 22, 23, 24, 25]


def test_when_nothing_else_is_left_an_institution_fills_the_page() -> None:
    pages, with_all = arrange(hits_of([1] * 45), per_page=PER_PAGE)
    assert with_all == frozenset()  # the last page has too few even for its share
    assert [[hit.sort[0] for hit in page] for page in pages] == [[*range(20)], [*range(20, 40)], [*range(40, 45)]]


def test_institutions_far_down_the_order_are_asked_for_until_the_head_is_fair() -> None:
    asked = Asked([1] * 5000 + [2] * 5000 + [3] * 5000 + [4] * 50)
    pages = head(asked, per_page=PER_PAGE)
    assert [sorted(tenants_of(page).values()) for page in pages] == [[2, 6, 6, 6]] * HEAD_PAGES
    assert asked.times == 4


def test_with_too_few_institutions_the_others_are_known_far_enough_to_fill_what_lacks() -> None:
    # The second institution's hits begin far behind the first's, and there is nobody else.
    asked = Asked([1] * 5000 + [2] * 5000)
    pages = head(asked, per_page=PER_PAGE)
    assert [tenants_of(page) for page in pages] == [{1: 14, 2: 6}] * HEAD_PAGES
    assert asked.times == 3


def test_a_first_page_with_too_few_institutions_asks_once_more_for_others_and_is_done() -> None:
    asked = Asked([1] * 400 + [2] * 3)
    (page,) = head(asked, per_page=PER_PAGE, most=1)
    assert tenants_of(page) == {1: 17, 2: 3}
    assert asked.times == 2


@pytest.mark.parametrize("tenants", [[], [7], [7] * 19, list(range(300))])
def test_small_and_wide_results_are_answered_by_one_question(tenants: list[int]) -> None:
    asked = Asked(tenants)
    pages = head(asked, per_page=PER_PAGE)
    assert asked.times == 1
    assert [hit.sort[0] for page in pages for hit in page] == list(range(min(len(tenants), 100)))


# Long stretches of one institution, as real orders have them.
STRETCHES = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 400)), max_size=12)


@settings(max_examples=300, deadline=None)
@given(STRETCHES, st.sampled_from([3, 5, 20]), st.sampled_from([1, 2, HEAD_PAGES]))
def test_the_first_pages_are_those_of_the_whole_result_however_many_are_wanted(
    stretches: list[tuple[int, int]], per_page: int, most: int
) -> None:
    tenants = [tenant for tenant, length in stretches for _n in range(length)]
    asked = Asked(tenants)
    whole = fair_pages(asked.hits, per_page=per_page, head_pages=HEAD_PAGES)[:most]
    assert [list(page) for page in head(asked, per_page=per_page, most=most)] == whole
    assert asked.times <= 12


@given(st.lists(st.integers(1, 5), max_size=150))
def test_every_hit_of_a_block_is_on_one_page_and_no_page_is_short_before_the_last(tenants: list[int]) -> None:
    hits = hits_of(tenants)[: HEAD_PAGES * PER_PAGE]
    pages, with_all = arrange(hits, per_page=PER_PAGE)
    assert sorted(hit.sort for page in pages for hit in page) == [hit.sort for hit in hits]
    assert all(len(page) == PER_PAGE for page in pages[:-1])
    if with_all is None:
        assert all(max(tenants_of(page).values()) <= share_of(PER_PAGE) for page in pages)
