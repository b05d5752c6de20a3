"""State registers: one of each kind in force at the city and at a county, and a draft with errors that waits."""

from __future__ import annotations

import json
from datetime import date, timedelta

from app.enroll import rules
from app.enroll.models import ImportState, ProofState, RegisterImport, RegisterKind, RegisterRow
from app.enroll.registers import REGISTERS, Fields
from app.pii import vault
from app.seed.block import Block, Learner, Organisation
from app.seed.organisations import DEMO_COUNTY
from app.seed.reference import Place
from app.tenants.identifiers import make_id_number

OTHERS = 60  # lines about people who have no account here
MOST_LEARNERS = 40
AGE_DAYS = 12
# Whom a register names: only learners whose papers say the same, so that nobody's verdict changes by it.
_GROUPS = {
    RegisterKind.UNEMPLOYMENT: "REG_UNEMPLOYED",
    RegisterKind.INSURANCE: "EMPLOYEE",
    RegisterKind.VETERANS: "VETERAN",
    RegisterKind.DISABILITY: "DISABLED",
    RegisterKind.ENROLMENT: "GRAD_YEAR_STUDENT",
}
_ERRORS: tuple[tuple[str, dict[str, int]], ...] = (
    ("row_number_wrong", {}),
    ("row_duplicate", {"first": 4}),
    ("row_name_missing", {}),
    ("row_number_wrong", {}),
    ("row_run_out", {}),
)


def add_registers(block: Block) -> None:
    """Every kind in force for the city and for the demo county, and there a list of veterans not in use yet."""
    reference = block.reference
    county = next(place for place in reference.counties if place.code == DEMO_COUNTY)
    for place in (reference.city, county):
        for number, kind in enumerate(RegisterKind):
            named = [each for each in block.learners if _is_named(each, kind)]
            known = [each for each in named if place is reference.city or each.place is place][:MOST_LEARNERS]
            _add(block, kind, place, known, ImportState.IN_FORCE, serial=number)
    _add(block, RegisterKind.VETERANS, county, [], ImportState.DRAFT, serial=len(RegisterKind))


def _is_named(learner: Learner, kind: RegisterKind) -> bool:
    if learner.proof_state != ProofState.VERIFIED or _GROUPS[kind] not in learner.situations:
        return False
    return kind is not RegisterKind.INSURANCE or learner.facts.get("insured_months") == 12


def _add(
    block: Block, kind: RegisterKind, place: Place, known: list[Learner], state: ImportState, *, serial: int
) -> None:
    reference, bureau = block.reference, block.bureaus[place.id]
    is_draft = state is ImportState.DRAFT
    as_of = reference.today - timedelta(days=2 if is_draft else AGE_DAYS)
    months = reference.book.paper(REGISTERS[kind].paper).months
    until = rules.add_months(as_of, months) if months else None
    errors = [
        {"line": 5 + 9 * number, "code": code, "params": params} for number, (code, params) in enumerate(_ERRORS)
    ]
    people: list[tuple[str, str, int | None]] = [(each.id_number, each.name, each.id) for each in known]
    people += [(number, f"示例名单{serial}{at:03d}", None) for at, number in enumerate(_strangers(place, serial))]
    lines = len(people) + (len(errors) if is_draft else 0)
    imported_at = reference.at(-1, 16, 30) if is_draft else reference.at(2 - AGE_DAYS, 10)
    import_id = block.rows.add(
        RegisterImport,
        region_id=place.id,
        register=kind,
        state=state,
        as_of=as_of,
        valid_until=until,
        lines=lines,
        lines_read=lines,
        rows=len(people),
        errors=errors if is_draft else [],
        matched=len(known),
        differing=0,
        imported_by=bureau.manager_id,
        created_at=imported_at,
        confirmed_at=None if is_draft else imported_at + timedelta(minutes=20),
    )
    for number, name, learner_id in people:
        block.rows.add(
            RegisterRow,
            import_id=import_id,
            region_id=place.id,
            register=kind,
            id_number_index=vault().blind_index(number, "learner.id_number"),
            record=json.dumps({"name": name, **_fields(kind, reference.today)}, ensure_ascii=False),
            valid_until=until,
            learner_id=learner_id,
        )
    _log(block, bureau, import_id, kind, as_of, state)


def _log(
    block: Block, bureau: Organisation, import_id: int, kind: RegisterKind, as_of: date, state: ImportState
) -> None:
    found = block.rows.last(RegisterImport)
    numbers = {"lines": found["rows"], "refused": len(found["errors"])}
    steps = [("register.imported", found["created_at"], numbers)]
    if state is ImportState.IN_FORCE:
        counts = {"matched": found["matched"], "differing": found["differing"]}
        steps.append(("register.confirmed", found["confirmed_at"], counts))
    for tag, at, data in steps:
        block.log(
            tag,
            at,
            subject=("register_import", import_id),
            actor_id=bureau.manager_id,
            tenant_id=bureau.id,
            region_id=bureau.place.id,
            register=kind.value,
            as_of=as_of.isoformat(),
            **data,
        )


def _strangers(place: Place, serial: int) -> list[str]:
    """Numbers of nobody: learners here are given lower serials of their days of birth."""
    return [
        make_id_number(place.code, date(1970, 1, 1) + timedelta(days=97 * at), 900 + serial)
        for at in range(OTHERS)
    ]


def _fields(kind: RegisterKind, today: date) -> Fields:
    if kind is RegisterKind.INSURANCE:
        return {"months": 12}
    if kind is RegisterKind.ENROLMENT:
        return {"graduates_on": date(today.year + (today.month > 6), 6, 30).isoformat()}
    return {}
