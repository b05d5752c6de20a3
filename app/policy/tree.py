"""The reasons as a tree: every rule of the form, what it asks, and what each part came out as."""

from __future__ import annotations

from collections.abc import Sequence

from .checks import Check
from .conditions import Compare, Condition, Count, View, WithinMonths
from .law import Plan, Standing
from .rulebook import SubsidyRule
from .verdict import Answer, Node, Outcome, Param, Verdict

_OUTCOMES = {True: Outcome.HELD, False: Outcome.FAILED, None: Outcome.UNKNOWN}


def grow(plan: Plan, view: View, verdict: Verdict) -> Node:
    """The tree of a verdict, the rule it used first: any rule pays, and each wants all of its parts."""
    standing = plan.standing(view.facts.get("situations"))
    rules = sorted(plan.paying, key=lambda rule: rule.code != verdict.rule_code)
    parts = tuple(_rule(plan, rule, standing, view) for rule in rules)
    if standing.opens_nothing:
        parts = (*_groups(standing, view), *parts)
    outcomes = [part.outcome for part in parts]
    outcome = next((o for o in (Outcome.HELD, Outcome.UNKNOWN) if o in outcomes), Outcome.FAILED)
    if verdict.answer is Answer.NO:
        outcome = Outcome.FAILED
    return Node("verdict", outcome, code=verdict.answer.value, parts=parts)


def _rule(plan: Plan, rule: SubsidyRule, standing: Standing, view: View) -> Node:
    parts = [_group(plan, rule, standing, view), *_course(plan, rule, view)]
    parts += [_check(check, view) for check in plan.checks_of((rule,))]
    return Node(
        "rule", _all(parts), code=rule.code, clause=rule.clause, readings=rule.readings, parts=tuple(parts)
    )


def _group(plan: Plan, rule: SubsidyRule, standing: Standing, view: View) -> Node:
    """One of the person's groups opens the rule, and what is asked of that group alone holds."""
    reason = standing.reason
    if standing.entitlement != rule.opens:
        outcome = Outcome.UNKNOWN if reason.outcome is Outcome.UNKNOWN else Outcome.FAILED
        return Node("group", outcome, code=rule.opens, fact="situations", clause=rule.clause)
    if not standing.groups:
        return Node("group", reason.outcome, code=rule.opens, fact="situations", clause=reason.clause)
    groups = _groups(standing, view)
    outcomes = [node.outcome for node in groups]
    best = next((o for o in (Outcome.HELD, Outcome.UNKNOWN) if o in outcomes), Outcome.FAILED)
    return Node("any", best, code=rule.opens, fact="situations", clause=reason.clause, parts=tuple(groups))


def _groups(standing: Standing, view: View) -> list[Node]:
    groups = []
    for each in standing.groups:
        checks = [_check(check, view) for check in each.checks]
        clause, readings = each.group.clause, each.group.readings
        groups.append(
            Node("group", _all(checks), each.group.code, "situations", clause, readings, parts=tuple(checks))
        )
    return groups


def _course(plan: Plan, rule: SubsidyRule, view: View) -> list[Node]:
    offer = view.offer
    wanted: list[tuple[str, int | bool | None, int | bool | None]] = [("level", rule.level, offer.level)]
    wanted.append(("listed", rule.listed, offer.listed))
    nodes = []
    for field, value, found in wanted:
        if value is not None:
            outcome = _OUTCOMES[None if found is None else found == value]
            params: dict[str, Param] = {"is": int(value)}
            nodes.append(Node("is", outcome, field, f"offer.{field}", rule.clause, params=params))
    if not rule.is_set:
        nodes.append(Node("check", Outcome.UNKNOWN, "amount_set", clause=rule.clause))
    for uplift in plan.multipliers:
        if rule.code in uplift.applies_to:
            # It raises the amount and decides nothing: off the list the rule pays all the same.
            outcome = Outcome.UNKNOWN if offer.listed is None else Outcome.HELD
            nodes.append(Node("amount", outcome, uplift.code, "offer.listed", uplift.clause, uplift.readings))
    return nodes


def _check(check: Check, view: View) -> Node:
    reason = check.reason(check.condition.holds(view))
    return Node(
        "check",
        reason.outcome,
        code=check.code,
        fact=check.facts[0],
        clause=reason.clause,
        readings=check.readings,
        params=reason.params,
        parts=(_condition(check.condition, view),),
    )


def _condition(condition: Condition, view: View) -> Node:
    return Node(
        condition.word,
        _OUTCOMES[condition.holds(view)],
        fact="" if condition.parts else condition.facts[0],
        params=_params(condition),
        parts=tuple(_condition(part, view) for part in condition.parts),
    )


def _params(condition: Condition) -> dict[str, Param]:
    if isinstance(condition, WithinMonths):
        return {"months": condition.months}
    if isinstance(condition, Count):
        return {"below": condition.below}
    if isinstance(condition, Compare):
        return {condition.word: condition.value if isinstance(condition.value, int | str) else _listed(condition)}
    return {}


def _listed(condition: Compare) -> str:
    return ", ".join(sorted(str(value) for value in condition.value))


def _all(parts: Sequence[Node]) -> Outcome:
    outcomes = [part.outcome for part in parts]
    return next((o for o in (Outcome.FAILED, Outcome.UNKNOWN) if o in outcomes), Outcome.HELD)
