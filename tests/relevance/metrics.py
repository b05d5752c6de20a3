"""How good an order is: nDCG at ten, with graded gain."""

from __future__ import annotations

import math
from collections.abc import Sequence

DEPTH = 10


def ndcg(found: Sequence[int], all_grades: Sequence[int]) -> float:
    """The discounted gain of the grades found, as a part of what the best order of all cards gains.

    Where no card at all is relevant, finding nothing is right and finding anything is wrong.
    """
    best = _gain(sorted(all_grades, reverse=True))
    if not best:
        return 0.0 if found else 1.0
    return _gain(found) / best


def _gain(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(at + 2) for at, grade in enumerate(grades[:DEPTH]))
