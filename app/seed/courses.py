"""Courses in every stage, with the versions and reviews that brought them there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle

from app.catalog.models import Course, CourseReview, CourseRevision, RevisionState
from app.seed import writing
from app.seed.block import Block, LiveCourse, Organisation
from app.seed.organisations import DEMO_COUNTY
from app.seed.reference import TradeRow, weighted
from app.seed.rows import Row

# How many of fifty courses stand where: what is live is most of a catalog, and everything else occurs.
_STAGES = (
    ["live"] * 34
    + ["revised"] * 3
    + ["live_and_draft", "live_and_submitted", "live_and_returned"] * 2
    + ["draft"] * 2
    + ["submitted"] * 2
    + ["returned"] * 2
    + ["off"]
)
_DEMO_STAGES = ("live",) * 7 + ("live_and_draft", "submitted", "returned", "draft", "revised", "off", "archived")
COURSES_PER_SCHOOL = 8

_RETURNS = (
    (["hours_too_few"], "实操课时请不少于总课时的一半。"),
    (["content_thin", "teacher_unfit"], "请写明每个单元教什么，并补充教师的职业等级。"),
    (["place_unfit"], "请写清楚实训场地的门牌号。"),
    (["fee_unclear"], "请说明学费包含哪些材料。"),
)


@dataclass(slots=True)
class Draft:
    """A course being written: the row of its content, before it is given a place in a history."""

    trade: TradeRow
    values: Row


def add_courses(block: Block) -> None:
    """Write every institution's courses; the live ones are kept on the block for their runs."""
    stages = list(_STAGES)
    block.rng.shuffle(stages)
    turns = cycle(stages)
    for school in block.schools:
        if school.place.code == DEMO_COUNTY and school.is_verified and block.number == 0:
            for number, stage in enumerate(_DEMO_STAGES):
                _add_course(block, school, stage, number)
        elif school.is_verified:
            for number in range(COURSES_PER_SCHOOL):
                _add_course(block, school, next(turns), number)
            if school.id % 5 == 0:
                _add_course(block, school, "archived", COURSES_PER_SCHOOL)
            if school.id % 6 == 0:
                _add_course(block, school, "unsubsidised", COURSES_PER_SCHOOL + 1)
        elif school.trades:
            for number in range(3):
                _add_course(block, school, "off", number)
        else:
            _add_course(block, school, "draft", 0)
        for code, levels in school.lapsed:
            _add_course(block, school, "off", 0, trade=(code, levels))


def draft(
    block: Block, school: Organisation, number: int, trade: tuple[str, list[int]], *, is_subsidised: bool
) -> Draft:
    """The content of one course of a trade the institution is designated for."""
    reference, rng = block.reference, block.rng
    code, levels = trade
    variants = reference.by_code[code]
    row = variants[0] if number < 7 and rng.random() < 0.6 else rng.choice(variants)
    form = weighted(rng, (("employment", 72), ("upgrade", 23), ("founder", 5)))
    if school.place.code == DEMO_COUNTY and number < 2:
        form, row = "employment", variants[0]
    level: int | None = None
    if form == "employment":
        level = weighted(rng, ((5, 70), (4, 24), (3, 6)))
    elif form == "upgrade":
        level = rng.choice([level for level in levels if level < 5] or levels)
    if level is not None and level not in levels:
        level = levels[0]
    if school.place.code == DEMO_COUNTY and number < 2:
        level = 5
    if not is_subsidised:
        form, level = "employment", None
    mode = weighted(rng, (("day", 45), ("evening", 20), ("weekend", 22), ("blended", 9), ("online", 4)))
    if form == "founder":
        mode = rng.choice(("online", "evening", "weekend"))
    elif mode == "online":
        mode = "blended"  # nobody learns a trade's practice on a screen
    hours = rng.choice((40, 48, 56) if form == "founder" or not is_subsidised else (60, 72, 80, 96, 100, 120))
    practice = round(hours * rng.choice((0.5, 0.55, 0.6, 0.65, 0.7)))
    fee = rng.choice(reference.words["category"][row.category]["fees"])
    if form == "upgrade" and level is not None:
        fee += (5 - level) * 200
    certificate = "level" if level is not None else "completion"
    return Draft(
        row,
        {
            "is_subsidised": is_subsidised,
            "title": writing.title(reference, rng, row, level, form, mode),
            "trade_id": row.id,
            "level": level,
            "form": form,
            "mode": mode,
            "theory_hours": hours - practice,
            "practice_hours": practice,
            "fee_fen": fee * 100,
            "content": writing.content(reference, rng, row, level, form, hours - practice, practice),
            "teacher": writing.teacher(reference, rng, level),
            "place": writing.address(reference, rng, school.place, row, mode),
            "certificate": certificate,
        },
    )


def _add_course(
    block: Block, school: Organisation, stage: str, number: int, *, trade: tuple[str, list[int]] | None = None
) -> None:
    reference, rng = block.reference, block.rng
    is_subsidised = stage != "unsubsidised"
    if trade is None:
        offered = school.trades or [(rng.choice(reference.trades).code, [5, 4])]
        trade = offered[number % len(offered)]
    content = draft(block, school, number, trade, is_subsidised=is_subsidised)
    is_live = stage.startswith("live") or stage in ("revised", "unsubsidised")
    created_at = reference.some_time(rng, -320, -230)
    course_id = block.rows.add(
        Course,
        tenant_id=school.id,
        tenant_name=school.name,
        region_id=school.place.id,
        is_live=is_live,
        is_archived=stage == "archived",
        created_at=created_at,
    )
    history = CourseHistory(block, school, course_id)
    block.log(
        "course.drafted",
        created_at,
        subject=("course", course_id),
        actor_id=school.manager_id,
        tenant_id=school.id,
        region_id=school.place.id,
    )
    soon = reference.some_time(rng, -6, -1)
    if stage == "draft":
        history.add(content, RevisionState.DRAFT, created_at)
    elif stage == "submitted":
        history.add(content, RevisionState.SUBMITTED, soon)
    elif stage == "returned":
        history.add(content, RevisionState.RETURNED, soon)
    elif stage == "unsubsidised":
        history.add(content, RevisionState.APPROVED, created_at, is_live=True)
    elif stage in ("off", "archived"):
        history.add(content, RevisionState.APPROVED, created_at)
    else:
        if stage == "revised":
            history.add(_changed(content), RevisionState.SUPERSEDED, created_at)
            created_at += timedelta(days=60)
        history.add(content, RevisionState.APPROVED, created_at, is_live=True)
        if "_and_" in stage:
            history.add(_changed(content), RevisionState(stage.rpartition("_")[2]), soon)
    if is_live:
        values = content.values
        block.courses.append(
            LiveCourse(
                id=course_id,
                school=school,
                title=values["title"],
                trade=content.trade,
                level=values["level"],
                form=values["form"],
                mode=values["mode"],
                is_subsidised=is_subsidised,
                theory_hours=values["theory_hours"],
                hours=values["theory_hours"] + values["practice_hours"],
                fee_fen=values["fee_fen"],
                place=values["place"],
            )
        )


def _changed(content: Draft) -> Draft:
    """Another version of the same course, different in what a bureau reviews."""
    values = dict(content.values)
    values["fee_fen"] += 20_000
    values["practice_hours"] += 8
    return Draft(content.trade, values)


class CourseHistory:
    """The versions of one course, with their reviews and audit rows."""

    def __init__(self, block: Block, school: Organisation, course_id: int) -> None:
        self.block, self.school, self.course_id = block, school, course_id
        self.number = 0

    def add(self, content: Draft, state: RevisionState, created_at: datetime, *, is_live: bool = False) -> None:
        """One version, submitted two hours after it was written and reviewed the next day."""
        self.number += 1
        block, school = self.block, self.school
        is_subsidised = bool(content.values["is_subsidised"])
        bureau = block.bureaus[school.place.id]
        was_submitted = is_subsidised and state is not RevisionState.DRAFT
        was_reviewed = was_submitted and state is not RevisionState.SUBMITTED
        is_returned = state is RevisionState.RETURNED
        codes, note = block.rng.choice(_RETURNS) if is_returned else ([], None)
        submitted_at = created_at + timedelta(hours=2)
        reviewed_at = min(created_at + timedelta(hours=25), block.reference.at(0, 8))
        revision_id = block.rows.add(
            CourseRevision,
            course_id=self.course_id,
            tenant_id=school.id,
            region_id=school.place.id,
            number=self.number,
            state=state,
            is_live=is_live,
            reason_codes=codes,
            review_note=note,
            submitted_at=submitted_at if was_submitted else None,
            reviewed_at=reviewed_at if was_reviewed else None,
            reviewed_by=bureau.manager_id if was_reviewed else None,
            created_by=school.manager_id,
            created_at=created_at,
            **content.values,
        )
        if was_submitted:
            self._log("course.submitted", submitted_at, school.manager_id, school.id, revision_id=revision_id)
        if was_reviewed:
            self._review(revision_id, content.values["title"], is_returned, codes, note, reviewed_at)
        if is_live:
            self._log("course.published", reviewed_at, school.manager_id, school.id, revision_id=revision_id)

    def add_quietly(self, content: Draft, created_at: datetime) -> None:
        """One live version, without the reviews and audit rows that led to it."""
        self.block.rows.add(
            CourseRevision,
            course_id=self.course_id,
            tenant_id=self.school.id,
            region_id=self.school.place.id,
            number=1,
            state=RevisionState.APPROVED,
            is_live=True,
            review_note=None,
            submitted_at=created_at,
            reviewed_at=created_at,
            reviewed_by=None,
            created_by=None,
            created_at=created_at,
            **content.values,
        )

    def _review(
        self, revision_id: int, title: str, is_returned: bool, codes: list[str], note: str | None, at: datetime
    ) -> None:
        block, school = self.block, self.school
        bureau = block.bureaus[school.place.id]
        decision = "returned" if is_returned else "approved"
        review_id = block.rows.add(
            CourseReview,
            revision_id=revision_id,
            tenant_id=school.id,
            region_id=school.place.id,
            decision=decision,
            reason_codes=codes,
            note=note,
            decided_by=bureau.manager_id,
            decided_at=at,
        )
        self._log(
            f"course.{decision}", at, bureau.manager_id, bureau.id, revision_id=revision_id, reason_codes=codes
        )
        block.tell(
            school.manager_id,
            f"course_{decision}",
            at,
            dedupe=f"course-review:{review_id}",
            is_read=not is_returned,
            title=title,
        )

    def _log(self, tag: str, at: datetime, actor_id: int, tenant_id: int, **data: object) -> None:
        self.block.log(
            tag,
            at,
            subject=("course", self.course_id),
            actor_id=actor_id,
            tenant_id=tenant_id,
            region_id=self.school.place.id,
            **data,
        )
