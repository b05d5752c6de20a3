"""The demo accounts: one per role, one password, documented and refused in production."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "jiangtu-demo-2026"  # noqa: S105 - published on purpose; production refuses to start beside it


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account: who it is and what to try with it."""

    login: str
    name: str
    role: str
    try_this: str


ACCOUNTS = (
    Account("learner", "示例学员", "学员", "「我的培训」：已录取、候补、待确认的递补名额"),
    Account("newcomer", "示例新用户", "学员，还没填资料", "找焊工 → 查资格 → 报名，第一次填写证件号码"),
    Account("school", "示例校长", "培训机构 · 负责人", "录取学员、开新班、送审课程、看被退回的原因"),
    Account("teacher", "示例教师", "培训机构 · 教师", "看课程和花名册，打印重置码"),
    Account("company", "示例人事", "企业 · 负责人", "企业工作台和成员"),
    Account("county", "示例区县经办", "裕华区人社局 · 管理员", "核验机构、审核课程、核验学员材料"),
    Account("city", "示例市局", "市人社局 · 负责人", "拟新版目录、标准和限额，管理定点资格，看全市"),
    Account("approver", "示例复核", "市人社局 · 管理员", "复核并发布同事拟的政策草稿，先看会改变什么"),
    Account("auditor", "示例审计", "市人社局 · 审计", "查看审计记录"),
    Account("assessor", "示例考评", "评价机构 · 负责人", "评价机构工作台"),
    Account("several", "示例兼职", "多个单位的成员", "登录后选择或切换工作台"),
)


def table() -> str:
    """The accounts as a table for a terminal; wide characters take two columns."""
    rows = [("角色", "登录名", "密码", "试试看")]
    rows += [(account.role, account.login, PASSWORD, account.try_this) for account in ACCOUNTS]
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    lines = []
    for number, row in enumerate(rows):
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row[:3], widths, strict=True)]
        lines.append("  ".join([*cells, row[3]]).rstrip())
        if number == 0:
            lines.append("  ".join("─" * width for width in [*widths, max(_width(line[3]) for line in rows)]))
    return "\n".join(lines)


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
