"""The room's words: tenant kinds, states, roles, and the reasons a bureau returns an organisation for."""

from __future__ import annotations

from flask_babel import LazyString

from app.i18n import lazy_gettext as _l
from app.tenants.models import LoginKind, Role, TenantKind, TenantState

KINDS: dict[TenantKind, LazyString] = {
    TenantKind.INSTITUTION: _l("培训机构"),
    TenantKind.ENTERPRISE: _l("企业"),
    TenantKind.BUREAU: _l("人社部门"),
    TenantKind.ASSESSOR: _l("评价机构"),
}

STATES: dict[TenantState, LazyString] = {
    TenantState.UNVERIFIED: _l("待核验"),
    TenantState.VERIFIED: _l("已核验"),
    TenantState.RETURNED: _l("已退回"),
    TenantState.SUSPENDED: _l("已暂停"),
}

STATE_TONES: dict[TenantState, str] = {
    TenantState.UNVERIFIED: "wait",
    TenantState.VERIFIED: "done",
    TenantState.RETURNED: "stop",
    TenantState.SUSPENDED: "stop",
}

ROLES: dict[Role, LazyString] = {
    Role.OWNER: _l("负责人"),
    Role.MANAGER: _l("管理员"),
    Role.TEACHER: _l("教师"),
    Role.FINANCE: _l("财务"),
    Role.AUDITOR: _l("审计"),
}

LOGINS: dict[LoginKind, LazyString] = {
    LoginKind.NAME: _l("用户名"),
    LoginKind.PHONE: _l("手机号"),
    LoginKind.EMAIL: _l("邮箱"),
}

LANGUAGES: dict[str, str] = {"zh": "中文", "en": "English"}
"""Each language in its own words."""

RETURN_REASONS: dict[str, LazyString] = {
    "name_mismatch": _l("单位名称与登记证照不一致"),
    "uscc_mismatch": _l("统一社会信用代码与登记证照不一致"),
    "region_wrong": _l("所在区县选错了"),
    "contact_unreachable": _l("按所留电话联系不上联系人"),
    "kind_wrong": _l("单位类型选错了"),
    "registered_twice": _l("同一单位已经注册过"),
    "other": _l("其他原因（见说明）"),
}

EVENTS: dict[str, LazyString] = {
    "tenant.registered": _l("提交注册"),
    "tenant.resubmitted": _l("修改后重新提交"),
    "tenant.accepted": _l("通过核验"),
    "tenant.returned": _l("退回"),
}
