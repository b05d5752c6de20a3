"""The state's registers at a bureau: confirmed, matched with learners, replaced, run out."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from app import audit, clock, jobs, scope
from app.db import db
from app.enroll import rules
from app.enroll.models import (
    ACTIVE,
    Enrollment,
    ImportState,
    LearnerProfile,
    RegisterImport,
    RegisterKind,
    RegisterRow,
)
from app.enroll.registers import REGISTERS, is_same_name
from app.enroll.services import profiles
from app.errors import DomainError
from app.policy import services as policy
from app.scope import Scope
from app.tenants.regions import regions_above

DRAFT_LASTS = timedelta(days=1)


def suggested_until(*, register: RegisterKind, as_of: date) -> date | None:
    """Until when the register's data serves: as long as the paper it stands in for; None: until replaced."""
    months = policy.rulebook().paper(REGISTERS[register].paper).months
    return rules.add_months(as_of, months) if months else None


# --- Putting a register in use ----------------------------------------------------------------------------------


def candidates(*, found: RegisterImport) -> tuple[list[int], list[int]]:
    """The ids of the lines that are a learner's by number and name, and of those by number alone."""
    rows = db.session.execute(
        sa.select(RegisterRow.id, RegisterRow.record, LearnerProfile.name)
        .join(LearnerProfile, LearnerProfile.id_number_index == RegisterRow.id_number_index)
        .where(RegisterRow.import_id == found.id)
    ).all()
    same: list[int] = []
    differing: list[int] = []
    for row_id, record, name in rows:
        (same if is_same_name(json.loads(record)["name"], name) else differing).append(row_id)
    return same, differing


def confirm_import(*, import_id: int) -> RegisterImport:
    """Put a draft in force in place of the region's former import; whoever it concerns is judged again.

    Raises DomainError import_decided, or import_older if the former one is of a later day.
    """
    draft = locked(import_id=import_id)
    if draft.state is not ImportState.DRAFT:
        raise DomainError("import_decided")
    former = db.session.scalar(
        sa.select(RegisterImport)
        .where(
            RegisterImport.region_id == draft.region_id,
            RegisterImport.register == draft.register,
            RegisterImport.state == ImportState.IN_FORCE,
        )
        .with_for_update()
    )
    if former is not None and former.as_of > draft.as_of:
        raise DomainError("import_older", on=former.as_of.isoformat())
    concerned = end(found=former) if former else set()
    same, differing = candidates(found=draft)
    owner = sa.select(LearnerProfile.user_id).where(LearnerProfile.id_number_index == RegisterRow.id_number_index)
    db.session.execute(
        sa.update(RegisterRow)
        .where(RegisterRow.import_id == draft.id, RegisterRow.id.in_(same))
        .values(learner_id=owner.scalar_subquery()),
        execution_options={"synchronize_session": False},
    )
    draft.state, draft.confirmed_at = ImportState.IN_FORCE, clock.now()
    draft.matched, draft.differing = len(same), len(differing)
    record(verb="confirmed", found=draft, matched=draft.matched, differing=draft.differing)
    db.session.flush()
    _judge_again(concerned | _learners_of(draft))
    return draft


def end_import(*, import_id: int) -> RegisterImport:
    """Throw a draft away, or end what is in force: its lines are deleted; raises DomainError import_decided."""
    found = locked(import_id=import_id)
    if found.state is ImportState.ENDED:
        raise DomainError("import_decided")
    _judge_again(end(found=found))
    return found


def locked(*, import_id: int) -> RegisterImport:
    """The import as it is now; nobody else changes it until this transaction ends, though lines may be added."""
    query = sa.select(RegisterImport).where(RegisterImport.id == import_id).with_for_update(key_share=True)
    found = db.session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise DomainError("import_decided")
    return found


def end(*, found: RegisterImport) -> set[int]:
    """Delete the lines and keep the numbers; the learners they certified something for."""
    concerned = _learners_of(found)
    forget_file(found=found)
    db.session.execute(sa.delete(RegisterRow).where(RegisterRow.import_id == found.id))
    found.state, found.ended_at = ImportState.ENDED, clock.now()
    if scope.require().actor_id is not None:  # what ends by itself at night is nobody's act
        record(verb="ended", found=found)
    db.session.flush()
    return concerned


def forget_file(*, found: RegisterImport) -> None:
    """Remove the file an import was to be read from, if it is still there."""
    if found.file is not None:
        jobs.enqueue("enroll.forget_files", names=[found.file])
        found.file = None


def _learners_of(found: RegisterImport) -> set[int]:
    query = sa.select(RegisterRow.learner_id).where(RegisterRow.import_id == found.id)
    return {learner for learner in db.session.scalars(query) if learner is not None}


def record(*, verb: str, found: RegisterImport, **numbers: int) -> None:
    """Write an import into the audit log, as numbers."""
    audit.record(
        f"register.{verb}",
        subject=("register_import", found.id),
        region_id=found.region_id,
        data={"register": found.register.value, "as_of": found.as_of.isoformat(), **numbers},
    )


def _judge_again(learners: Collection[int]) -> None:
    """Have the running applications of these learners judged again, each in the learner's own scope."""
    running = sa.select(Enrollment.learner_id).where(
        Enrollment.learner_id.in_(learners), Enrollment.state.in_(ACTIVE)
    )
    for learner_id in db.session.scalars(running.distinct()).all():
        own = Scope(actor_id=learner_id)
        jobs.enqueue("enroll.proofs_changed", scope=own, learner_id=learner_id, why=rules.Why.REGISTER.value)


# --- By itself ----------------------------------------------------------------------------------------------


def match_learner(*, learner_id: int) -> None:
    """Find a learner's lines in the registers of their county and city; in a scope that reads all of these."""
    profile = profiles.get_profile(user_id=learner_id)
    if profile is None:
        return
    lines = sa.select(RegisterRow, RegisterImport.state).join(
        RegisterImport, RegisterImport.id == RegisterRow.import_id
    )
    wanted = sa.or_(RegisterRow.learner_id == learner_id, RegisterRow.id_number_index == profile.id_number_index)
    regions = set(regions_above(profile.region_id))
    changed = False
    for row, state in db.session.execute(lines.where(wanted)).all():
        is_theirs = (
            state is ImportState.IN_FORCE
            and row.region_id in regions
            and row.id_number_index == profile.id_number_index
            and is_same_name(json.loads(row.record)["name"], profile.name)
        )
        owner = learner_id if is_theirs else None
        changed, row.learner_id = changed or row.learner_id != owner, owner
    if changed:
        db.session.flush()
        _judge_again({learner_id})


def run_out(*, on: date) -> None:
    """Delete lines that are no longer valid, and drafts nobody confirmed; in the scope of every region.

    Whom a line concerns that ends or soon will is judged again, and asked for papers if they need any.
    """
    lines = sa.select(RegisterRow.learner_id).where(RegisterRow.valid_until < on + rules.TOLD_BEFORE).distinct()
    concerned = {learner for learner in db.session.scalars(lines) if learner is not None}
    db.session.execute(sa.delete(RegisterRow).where(RegisterRow.valid_until < on))
    forgotten = sa.and_(
        RegisterImport.state.in_((ImportState.READING, ImportState.DRAFT)),
        RegisterImport.created_at < clock.now() - DRAFT_LASTS,
    )
    over = sa.and_(RegisterImport.state == ImportState.IN_FORCE, RegisterImport.valid_until < on)
    for found in db.session.scalars(sa.select(RegisterImport).where(sa.or_(forgotten, over))).all():
        concerned |= end(found=found)
    _judge_again(concerned)


# --- The desk -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overview:
    """One register at a bureau: the import in force, its valid lines, and how many of them are learners'."""

    register: RegisterKind
    current: RegisterImport | None
    valid: int
    matched: int


def overview(*, region_id: int, on: date) -> list[Overview]:
    """Every register of a region with its import in force."""
    in_force = sa.select(RegisterImport).where(
        RegisterImport.region_id == region_id, RegisterImport.state == ImportState.IN_FORCE
    )
    current = {found.register: found for found in db.session.scalars(in_force)}
    counted = counts_of(import_ids=[found.id for found in current.values()], on=on)
    return [
        Overview(kind, found, *counted[found.id]) if found else Overview(kind, None, 0, 0)
        for kind in RegisterKind
        for found in (current.get(kind),)
    ]


def counts_of(*, import_ids: Collection[int], on: date) -> dict[int, tuple[int, int]]:
    """For each import, how many of its lines are valid on the day, and how many learners they are about."""
    counted = (
        sa.select(RegisterRow.import_id, sa.func.count(), sa.func.count(RegisterRow.learner_id))
        .where(
            RegisterRow.import_id.in_(import_ids),
            sa.or_(RegisterRow.valid_until.is_(None), RegisterRow.valid_until >= on),
        )
        .group_by(RegisterRow.import_id)
    )
    found = {import_id: (valid, matched) for import_id, valid, matched in db.session.execute(counted)}
    return {import_id: found.get(import_id, (0, 0)) for import_id in import_ids}


def history(*, region_id: int, limit: int = 50) -> list[RegisterImport]:
    """A region's imports, newest first."""
    query = sa.select(RegisterImport).where(RegisterImport.region_id == region_id)
    return list(db.session.scalars(query.order_by(RegisterImport.id.desc()).limit(limit)))
