"""People whose facts fit together, for property tests: what is said of the past follows from what is on record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from app.policy.ages import age_on
from app.policy.verdict import Offer
from tests.policy.book import TODAY, WELDING, book

Facts = dict[str, Any]

TRADES = (WELDING.trade_code, "6-05-01-03")
TRAINING = ("R1_EMP_STD", "R2_EMP_SHORT", "R5_UP_L5", "R6_UP_L4", "R7_UP_L3")
INSTALMENTS = ("R3_APPR_MID", "R4_APPR_HIGH")
COUNTING = ("filed", "approved", "paid")
BANDS = book().facts_by_code["age_band"].ranges

near = st.integers(-800, 800).map(lambda days: TODAY + timedelta(days=days))
levels = st.sampled_from([5, 4, 3, 5, 4, 3, 2, 1])
offers = st.builds(
    Offer,
    trade_code=st.sampled_from(TRADES),
    trade_name=st.just("示例"),
    listed=st.sampled_from([True, False, None]),
    level=levels,
    fee_fen=st.integers(0, 1_000_000),
    form=st.sampled_from(["employment", "upgrade", "upgrade", "founder"]),
    designated=st.sampled_from([True, True, False]),
    standard_fen=st.none() | st.integers(0, 400_000),
    listed_at_certificate=st.sampled_from([True, False, None]),
)
# Half of the people are of a kind the course is for, so that many judgements come out as a yes.
FITTING = {
    "employment": (["REG_UNEMPLOYED"], ["NEW_FARMER"], ["VETERAN", "DISABLED"]),
    "upgrade": (["EMPLOYEE"], ["INSURED_EMPLOYEE"], ["APPRENTICE"], ["EMPLOYEE", "APPRENTICE"]),
    "founder": (["WOULD_BE_FOUNDER"],),
}
groups = st.lists(st.sampled_from(sorted(book().group_codes)), max_size=3, unique=True)
ages = st.integers(20 * 365, 45 * 365) | st.integers(14 * 365, 66 * 365)


def claims(*rules: str) -> st.SearchStrategy[list[Facts]]:
    one = st.fixed_dictionaries(
        {
            "trade": st.sampled_from(TRADES),
            "level": levels,
            "on": near,
            "state": st.sampled_from([*COUNTING, "rejected", "withdrawn"]),
            "rule": st.sampled_from(rules),
        }
    )
    return st.just([]) | st.lists(one, max_size=4)


def has_had(claim: Facts, offer: Offer) -> bool:
    """Whether the claim is for the offer's trade at its level or a higher one (5 is the lowest)."""
    is_level = offer.level is not None and claim["level"] <= offer.level
    return claim["trade"] == offer.trade_code and is_level and claim["state"] in COUNTING


def say(facts: Facts, offer: Offer, on: date) -> Facts:
    """What an honest person says of the record; nothing of an apprenticeship's own instalments."""
    said: Facts = {
        "used_this_year": sum(c["on"].year == on.year and c["state"] in COUNTING for c in facts["claims"])
    }
    if not any(c["rule"] in INSTALMENTS for c in facts["claims"]):
        said["same_trade_level_before"] = any(has_had(claim, offer) for claim in facts["claims"])
    return said


@st.composite
def worlds(draw: st.DrawFn, *rules: str) -> tuple[Facts, Offer, date]:
    """Everything there is to know about somebody, a course, and a day."""
    offer, on = draw(offers), draw(near)
    facts: Facts = {
        "situations": draw(st.sampled_from(FITTING[offer.form]) | groups),
        "birth_on": on - timedelta(days=draw(ages)),
        "sex": draw(st.sampled_from(["male", "female"])),
        "residence": draw(st.sampled_from(["hukou", *book().facts_by_code["residence"].choices])),
        "recognised": draw(st.booleans()),
        "graduates_on": draw(near),
        "claims": draw(claims(*(rules or (*TRAINING, *INSTALMENTS)))),
        "insured_months": draw(st.sampled_from([11, 12, 13, 60])),
        "insured_at_certificate": draw(st.booleans()),
        "certificate_on": on - timedelta(days=draw(st.integers(0, 300) | st.integers(-30, 800))),
        "plan_years_completed": draw(st.integers(0, 4)),
        "plan_exception": draw(st.booleans()),
    }
    age = age_on(facts["birth_on"], on)
    facts["age_band"] = next(band for band, (first, last) in BANDS.items() if first <= age <= last)
    return {**facts, **say(facts, offer, on)}, offer, on


def part(draw: st.DataObject, facts: Facts) -> Facts:
    """Some of what there is to know."""
    return {code: facts[code] for code in draw.draw(st.sets(st.sampled_from(sorted(facts))))}
