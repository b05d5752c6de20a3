"""A limit of the rules made ready: the condition, and the words for each way it may come out, made once."""

from __future__ import annotations

from dataclasses import dataclass

from .conditions import Condition
from .rulebook import Limit
from .verdict import Condition as Proviso
from .verdict import Outcome, Param, Reason


@dataclass(frozen=True, slots=True)
class Check:
    """One check. Unknown and `blocking`: there is no answer yet; unknown and not: a condition of the yes."""

    code: str
    condition: Condition
    facts: tuple[str, ...]
    blocking: bool
    after: str
    quiet: bool
    readings: tuple[str, ...]
    held: Reason
    failed: Reason
    unknown: Reason
    proviso: Proviso

    @property
    def is_of_course(self) -> bool:
        """Whether the course alone settles it."""
        return all(fact.startswith("offer.") for fact in self.facts)

    def reason(self, held: bool | None) -> Reason:
        """What to say of how it came out."""
        return self.unknown if held is None else self.held if held else self.failed


def make_check(limit: Limit) -> Check | None:
    """The check of a limit; None for one that is only a number, or is off."""
    if limit.when is None or limit.off:
        return None
    says = limit.says or limit.code
    params: dict[str, Param] = {} if limit.number is None else {limit.param: limit.number}
    held, failed, unknown = (
        Reason(says, outcome, limit.clause, params) for outcome in (Outcome.HELD, Outcome.FAILED, Outcome.UNKNOWN)
    )
    return Check(
        code=limit.code,
        condition=limit.when,
        facts=limit.when.facts,
        blocking=limit.if_unknown == "ask",
        after=limit.after,
        quiet=limit.quiet,
        readings=limit.readings,
        held=held,
        failed=failed,
        unknown=unknown,
        proviso=Proviso(says, limit.when.facts[0], limit.clause, params),
    )
