"""What a version of the law says and what it changed, in words: for the bureau's desk and the public record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from app import money
from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.i18n import pick
from app.policy import amendments, shortage
from app.policy.models import PolicyParameter, RuleKind, ShortageList, SubsidyRule, Version
from app.policy.shortage import Difference


@dataclass(frozen=True)
class Change:
    """One thing a version says otherwise than the one it follows; `before` is None where there was none."""

    label: str
    before: str | None
    after: str


def state_of(version: Version, on: date) -> str:
    """Where a version stands on a day: draft, coming, in_force or ended."""
    if not version.is_published:
        return "draft"
    if version.valid_from > on:
        return "coming"
    return "ended" if version.valid_to is not None and version.valid_to <= on else "in_force"


def title_of(version: Version) -> str:
    """What it is a version of."""
    if isinstance(version, SubsidyRule):
        return pick(version.name, version.name_en)
    if isinstance(version, PolicyParameter):
        name = amendments.limit_of(version).name
        return name.in_(locale_code()) if name else version.code
    return _("急需紧缺职业（工种）目录")


def says(version: Version) -> str:
    """What it says in a few words: the amount, the number, or how many trades."""
    if isinstance(version, SubsidyRule):
        return amount_text(version)
    if isinstance(version, PolicyParameter):
        return limit_text(version)
    return _("%(n)s 个职业", n=len(shortage.entries_of(version.id)))


def amount_text(rule: SubsidyRule) -> str:
    """The amount of a rule."""
    if rule.is_repeal:
        return _("停止执行")
    if rule.kind is RuleKind.MULTIPLIER:
        return _("提高 %(n)s%%", n=rule.data["percent"])
    if rule.amount_fen is None:
        return _("还没有公布")
    yuan = money.yuan(rule.amount_fen)
    if rule.kind is RuleKind.CAP:
        return _("最高 %(n)s 元", n=yuan)
    return _("每人每年 %(n)s 元", n=yuan) if rule.kind is RuleKind.FIXED_PER_YEAR else _("%(n)s 元", n=yuan)


def limit_text(version: PolicyParameter) -> str:
    """The number of a limit and whether it applies."""
    limit = amendments.limit_of(version)
    if limit.off:
        return _("%(n)s（不执行）", n=limit.number) if limit.number is not None else _("不执行")
    return str(limit.number) if limit.number is not None else _("执行")


def document_of(version: Version) -> str:
    """The document it rests on and its clause, as people cite them."""
    if isinstance(version, ShortageList):
        return version.document_no
    clause = version.clause if isinstance(version, SubsidyRule) else str(_data(version).get("clause", ""))
    if version.authored_by is not None:
        return f"{version.document_no} {clause}"
    if _data(version).get("basis") == "assumption":
        return _("原文没有写，本平台暂按此执行")
    return _("《实施意见》%(clause)s", clause=clause)


def changes_of(version: Version, previous: Version | None) -> list[Change]:
    """What an amount or a limit says, and what the version before it said where that was something else."""
    if isinstance(version, ShortageList):
        return []
    told: list[tuple[str, Callable[[Any], str]]] = [
        (_("标准") if isinstance(version, SubsidyRule) else _("限额"), says),
        (_("依据"), document_of),
    ]
    if isinstance(version, SubsidyRule):
        told.append((_("原文"), lambda rule: rule.quote))
    found = []
    for label, tell in told:
        after, before = tell(version), tell(previous) if previous is not None else None
        if before != after or tell is says:
            found.append(Change(label, before if before != after else None, after))
    return found


def difference_of(version: Version, previous: Version | None) -> Difference | None:
    """What a list changes in its trades; None for amounts and limits."""
    if not isinstance(version, ShortageList):
        return None
    return shortage.difference(version=version, previous=previous if isinstance(previous, ShortageList) else None)


def _data(version: Version) -> dict[str, Any]:
    return version.data if isinstance(version, SubsidyRule | PolicyParameter) else {}
