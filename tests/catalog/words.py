"""What the tests of the text share: a lexicon of the bundled files, and a clock."""

from __future__ import annotations

import functools
from datetime import date

from hypothesis import settings

from app.catalog.search.lexicon import Lexicon, make_lexicon
from app.catalog.search.words import bundled_synonyms
from app.policy.loader import load_regions, load_trades, load_variants

unhurried = settings(deadline=None)  # the first text a process reads loads the dictionaries
ON = date(2026, 11, 23)
INSTITUTIONS = (
    (1, "石家庄示例技工学校"),
    (2, "裕华示例职业培训学校"),
    (3, "石家庄市冀匠职业培训学校（示例）"),
    (4, "正定县启明星家政培训中心"),
    (5, "河北机电工程技师学院"),
    (6, "无极冀匠达职教中心"),
)

_NAMES = {trade.code: trade.name for trade in load_trades()}
TRADES = [(trade.code, trade.name, "", trade.name_en) for trade in load_trades()] + [
    (variant.code, _NAMES[variant.code], variant.variant, variant.variant_en) for variant in load_variants()
]
REGIONS = [(region.code, region.name, region.name_en) for region in load_regions() if region.parent_code]


@functools.cache
def lexicon() -> Lexicon:
    """The lexicon of the bundled files and a few institutions."""
    return make_lexicon(TRADES, bundled_synonyms(), REGIONS, INSTITUTIONS)
