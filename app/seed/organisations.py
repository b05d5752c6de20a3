"""Bureaus, institutions, enterprises and an assessor, with their people and their designations."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from app.policy.models import Designation, DesignationState
from app.seed.accounts import ACCOUNTS
from app.seed.block import Block, Organisation
from app.seed.reference import Place
from app.tenants.identifiers import make_uscc
from app.tenants.models import (
    Invitation,
    Login,
    LoginKind,
    Membership,
    Role,
    Tenant,
    TenantContact,
    TenantKind,
    TenantState,
    User,
)

DEMO_COUNTY = "130108"
DEMO_TRADES = ("6-18-02-04", "6-18-03-03", "6-31-01-03", "6-18-01-01", "4-10-01-05", "4-03-02-01", "6-30-05-01")
_BODIES = {
    TenantKind.INSTITUTION: "52",
    TenantKind.ENTERPRISE: "91",
    TenantKind.BUREAU: "11",
    TenantKind.ASSESSOR: "91",
}
_LOGIN_WORDS = {
    TenantKind.INSTITUTION: "school",
    TenantKind.ENTERPRISE: "company",
    TenantKind.BUREAU: "bureau",
    TenantKind.ASSESSOR: "assessor",
}
# Of a block's 48 institutions, which are not verified; each is the second one of its county.
_SCHOOL_STATES = {
    9: TenantState.UNVERIFIED,
    19: TenantState.UNVERIFIED,
    33: TenantState.UNVERIFIED,
    13: TenantState.RETURNED,
    41: TenantState.RETURNED,
    27: TenantState.SUSPENDED,
}
_COMPANY_STATES = {4: TenantState.UNVERIFIED, 11: TenantState.UNVERIFIED, 16: TenantState.RETURNED}
COMPANIES = 20


def add_user(block: Block, login: str, name: str, *, days_ago: int, kind: LoginKind = LoginKind.NAME) -> int:
    """A demo person who signs in with `login` and the demo password."""
    user_id = block.rows.add(
        User,
        display_name=name,
        password_hash=block.password_hash,
        session_epoch=1,
        is_demo=True,
        created_at=block.reference.at(-days_ago, 10),
    )
    block.rows.add(Login, user_id=user_id, kind=kind, value=login)
    return user_id


def add_bureaus(block: Block) -> None:
    """The city bureau and one per county, with an owner, a manager and an auditor each."""
    reference = block.reference
    for place in (reference.city, *reference.counties):
        name = f"{place.short}人力资源和社会保障局（示例）"
        is_city, is_demo = place is reference.city, place.code == DEMO_COUNTY
        bureau = _add_tenant(
            block,
            TenantKind.BUREAU,
            name,
            place,
            TenantState.VERIFIED,
            owner="city" if is_city else None,
            manager="approver" if is_city else "county" if is_demo else None,
        )
        _add_member(block, bureau, TenantKind.BUREAU, Role.AUDITOR, "审计", login="auditor" if is_city else None)
        block.bureaus[place.id] = bureau


def add_accounts(block: Block) -> None:
    """The documented demo accounts, before anything refers to them."""
    for account in ACCOUNTS:
        block.accounts[account.login] = add_user(block, account.login, account.name, days_ago=200)
    learner = block.accounts["learner"]
    block.rows.add(Login, user_id=learner, kind=LoginKind.EMAIL, value="learner@example.com")
    block.rows.add(Login, user_id=learner, kind=LoginKind.PHONE, value="13800000000")


def add_schools(block: Block) -> None:
    """Two institutions in each county, with trades they are designated for."""
    words = block.reference.words["institution_kinds"]
    categories = list(block.reference.codes_by_category)
    for number in range(2 * len(block.reference.counties)):
        place = block.reference.counties[number // 2]
        is_demo = block.number == 0 and place.code == DEMO_COUNTY and number % 2 == 0
        name = f"{place.short}示例{block.tag}{words[(number + number // 2) % len(words)]}"
        school = _add_tenant(
            block,
            TenantKind.INSTITUTION,
            f"石家庄示例{block.tag}技工学校" if is_demo else name,
            place,
            _SCHOOL_STATES.get(number, TenantState.VERIFIED),
            owner="school" if is_demo else None,
        )
        _add_member(
            block, school, TenantKind.INSTITUTION, Role.TEACHER, "教师", login="teacher" if is_demo else None
        )
        if number % 3 == 0:
            _add_member(block, school, TenantKind.INSTITUTION, Role.FINANCE, "财务")
        if number % 8 == 0:
            _add_invitation(block, school, number)
        if school.state in (TenantState.VERIFIED, TenantState.SUSPENDED):
            _add_designations(block, school, number, categories, is_demo=is_demo)
        block.schools.append(school)


def add_companies(block: Block) -> None:
    """Twenty enterprises and, in the first block, one assessor; then the person with several desks."""
    counties, words = block.reference.counties, block.reference.words["enterprise_kinds"]
    for number in range(COMPANIES):
        place = counties[(number * 5 + 4) % len(counties)]
        name = f"{place.short}示例{block.tag}{words[number % len(words)]}"
        is_demo = block.number == 0 and number == 0
        company = _add_tenant(
            block,
            TenantKind.ENTERPRISE,
            name,
            place,
            _COMPANY_STATES.get(number, TenantState.VERIFIED),
            owner="company" if is_demo else None,
        )
        _add_member(block, company, TenantKind.ENTERPRISE, Role.FINANCE, "财务")
        block.companies.append(company)
    if block.number == 0:
        _add_tenant(
            block,
            TenantKind.ASSESSOR,
            "石家庄示例职业技能评价中心",
            counties[0],
            TenantState.VERIFIED,
            owner="assessor",
        )
        user_id = block.accounts["several"]
        demo_school = next(s for s in block.schools if s.place.code == DEMO_COUNTY)
        for organisation, kind, role in (
            (block.schools[0], TenantKind.INSTITUTION, Role.OWNER),
            (demo_school, TenantKind.INSTITUTION, Role.TEACHER),
            (block.companies[1], TenantKind.ENTERPRISE, Role.MANAGER),
            (block.bureaus[block.reference.counties[0].id], TenantKind.BUREAU, Role.AUDITOR),
        ):
            _join(block, organisation, kind, role, user_id, "示例兼职")


def _add_tenant(
    block: Block,
    kind: TenantKind,
    name: str,
    place: Place,
    state: TenantState,
    *,
    owner: str | None = None,
    manager: str | None = None,
) -> Organisation:
    reference, rng = block.reference, block.rng
    created_at = reference.some_time(rng, -900, -400)
    is_decided = state is not TenantState.UNVERIFIED and kind is not TenantKind.BUREAU
    if state in (TenantState.UNVERIFIED, TenantState.RETURNED):
        created_at = reference.some_time(rng, -9, -3)
    decided_at = created_at + timedelta(days=2)
    bureau = block.bureaus.get(place.id)
    decided_by = bureau.manager_id if is_decided and bureau is not None else None
    is_returned = state is TenantState.RETURNED
    tenant_id = block.rows.add(
        Tenant,
        kind=kind,
        name=name,
        uscc="",
        region_id=place.id,
        state=state,
        is_verified=state is TenantState.VERIFIED,
        reason_codes=["uscc_mismatch", "contact_unreachable"] if is_returned else [],
        review_note="请核对执照上的代码，并留一个能接通的电话。" if is_returned else None,
        created_at=created_at,
        decided_at=decided_at if is_decided else None,
        decided_by=decided_by,
    )
    block.rows.last(Tenant)["uscc"] = make_uscc(place.code, tenant_id, _BODIES[kind])
    block.rows.add(
        TenantContact,
        tenant_id=tenant_id,
        region_id=place.id,
        contact_name=f"示例联系人{tenant_id:04d}",
        contact_phone=f"1380000{tenant_id % 10000:04d}",
    )
    organisation = Organisation(tenant_id, name, place, state, 0, 0)
    organisation.owner_id = _add_member(block, organisation, kind, Role.OWNER, "负责人", login=owner)
    organisation.manager_id = _add_member(block, organisation, kind, Role.MANAGER, "管理员", login=manager)
    block.log(
        "tenant.registered",
        created_at,
        subject=("tenant", tenant_id),
        actor_id=organisation.owner_id,
        tenant_id=tenant_id,
        region_id=place.id,
        kind=kind.value,
    )
    if is_decided and bureau is not None:
        block.log(
            "tenant.returned" if is_returned else "tenant.accepted",
            decided_at,
            subject=("tenant", tenant_id),
            actor_id=decided_by,
            tenant_id=bureau.id,
            region_id=place.id,
        )
    return organisation


def _add_member(
    block: Block, organisation: Organisation, kind: TenantKind, role: Role, title: str, *, login: str | None = None
) -> int:
    name = f"示例{title}{organisation.id:04d}"
    if login is not None:
        user_id = block.accounts[login]
        name = next(account.name for account in ACCOUNTS if account.login == login)
    else:
        user_id = add_user(block, f"{_LOGIN_WORDS[kind]}-{organisation.id:04d}-{role.value}", name, days_ago=380)
    _join(block, organisation, kind, role, user_id, name)
    return user_id


def _join(block: Block, organisation: Organisation, kind: TenantKind, role: Role, user_id: int, name: str) -> None:
    block.rows.add(
        Membership,
        tenant_id=organisation.id,
        user_id=user_id,
        role=role,
        is_active=True,
        display_name=name,
        tenant_name=organisation.name,
        tenant_kind=kind,
        tenant_region_id=organisation.place.id,
        created_at=block.reference.at(-200, 9),
    )


def _add_invitation(block: Block, school: Organisation, number: int) -> None:
    # Nobody has this token: the invitation is there to be seen, and made again.
    secret = f"{block.number}:{number}:{block.rng.random()}"
    block.rows.add(
        Invitation,
        tenant_id=school.id,
        tenant_name=school.name,
        role=Role.TEACHER,
        email=f"teacher{school.id}@example.com",
        token_hash=hashlib.sha256(secret.encode()).hexdigest(),
        invited_by=school.owner_id,
        created_at=block.reference.at(-1, 15),
        expires_at=block.reference.at(6, 15),
        used_at=None,
    )


def _add_designations(
    block: Block, school: Organisation, number: int, categories: list[str], *, is_demo: bool
) -> None:
    rng, reference = block.rng, block.reference
    own = [categories[number % len(categories)], *rng.sample(categories, 2)]
    pool = [code for category in dict.fromkeys(own) for code in reference.codes_by_category[category]]
    codes = rng.sample(pool, min(7, len(pool)))
    if is_demo:
        codes = [*DEMO_TRADES, *(code for code in codes if code not in DEMO_TRADES)][:9]
    suspended, expired = codes[-1], codes[-2]
    for place, code in enumerate(codes):
        levels = [5, 4, 3] if place % 3 else [5, 4]
        if place % 5 == 4:
            levels = [5, 4, 3, 2, 1]
        state, first, last = DesignationState.ACTIVE, -rng.randint(200, 700), rng.randint(200, 800)
        if code == suspended and number % 4 == 0:
            state = DesignationState.SUSPENDED
        elif code == expired and number % 4 == 2:
            first, last = -900, -rng.randint(10, 100)
        elif code == expired and number % 8 == 5:
            state = DesignationState.REMOVED
        is_good = state is DesignationState.ACTIVE and last > 0
        (school.trades if is_good else school.lapsed).append((code, levels))
        designation_id = block.rows.add(
            Designation,
            tenant_id=school.id,
            tenant_name=school.name,
            region_id=school.place.id,
            trade_code=code,
            levels=levels,
            document_no=f"示例〔{reference.at(first).year}〕{school.id * 10 + place}号",
            valid_from=reference.today + timedelta(days=first),
            valid_to=reference.today + timedelta(days=last),
            state=state,
            is_public=True,
            reason_codes=["conditions_lost"] if state is not DesignationState.ACTIVE else [],
            decided_by=block.bureaus[school.place.id].manager_id,
            created_at=reference.at(first),
        )
        block.log(
            "designation.granted",
            reference.at(first),
            subject=("designation", designation_id),
            actor_id=block.bureaus[school.place.id].manager_id,
            tenant_id=block.bureaus[school.place.id].id,
            region_id=school.place.id,
        )
