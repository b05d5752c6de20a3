"""What the makers of one block share: a block is one city's worth of rows, and `--scale` makes many."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from app.audit import AuditEntry
from app.notifications import Notice
from app.seed.reference import Place, Reference, TradeRow
from app.seed.rows import Row, Rows
from app.tenants.models import TenantState


@dataclass(slots=True)
class Organisation:
    """A tenant with the people who act for it."""

    id: int
    name: str
    place: Place
    state: TenantState
    owner_id: int
    manager_id: int
    trades: list[tuple[str, list[int]]] = field(default_factory=list)
    lapsed: list[tuple[str, list[int]]] = field(default_factory=list)

    @property
    def is_verified(self) -> bool:
        """Whether its bureau has accepted it."""
        return self.state is TenantState.VERIFIED


@dataclass(frozen=True, slots=True)
class LiveCourse:
    """A published course, to make runs of."""

    id: int
    school: Organisation
    title: str
    trade: TradeRow
    level: int | None
    form: str
    mode: str
    is_subsidised: bool
    theory_hours: int
    hours: int
    fee_fen: int
    place: str


@dataclass(slots=True)
class OpenRun:
    """A run that was opened; `seats_row` is its counter, `phase` past, running or upcoming."""

    id: int
    course: LiveCourse
    place: Place
    phase: str
    starts_on: date
    ends_on: date
    starts_at: datetime
    busy: str
    capacity: int
    seats_row: Row
    cancel_code: str | None = None


@dataclass(slots=True)
class Learner:
    """A learner with a profile."""

    id: int
    name: str
    id_number: str
    phone: str
    place: Place
    situations: tuple[str, ...]
    proof_state: str | None
    opens: frozenset[str]
    facts: dict[str, object]
    birth_on: date
    sex: str
    windows: list[tuple[date, date]] = field(default_factory=list)
    was_refused: bool = False

    def is_free(self, first: date, last: date) -> bool:
        """Whether no run they hold a seat in touches these days."""
        return all(last < start or end < first for start, end in self.windows)


@dataclass(slots=True)
class Block:
    """One city's worth of rows in the making."""

    number: int
    rng: Random
    reference: Reference
    rows: Rows
    password_hash: str
    bureaus: dict[int, Organisation]
    accounts: dict[str, int] = field(default_factory=dict)
    schools: list[Organisation] = field(default_factory=list)
    companies: list[Organisation] = field(default_factory=list)
    courses: list[LiveCourse] = field(default_factory=list)
    runs: list[OpenRun] = field(default_factory=list)
    learners: list[Learner] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """What tells this block's names from the first block's."""
        return "" if self.number == 0 else f"第{self.number + 1}"

    def log(
        self,
        tag: str,
        at: datetime,
        *,
        subject: tuple[str, int],
        actor_id: int | None,
        tenant_id: int | None = None,
        region_id: int | None = None,
        **data: object,
    ) -> None:
        """One audit row, as the services write it."""
        kind, subject_id = subject
        self.rows.add(
            AuditEntry,
            at=at,
            actor_id=actor_id,
            tenant_id=tenant_id,
            region_id=region_id,
            tag=tag,
            subject_kind=kind,
            subject_id=subject_id,
            data=data,
        )

    def tell(self, user_id: int, kind: str, at: datetime, *, dedupe: str, is_read: bool, **params: object) -> None:
        """One notice, as the delivery job writes it."""
        self.rows.add(
            Notice,
            user_id=user_id,
            kind=kind,
            params=params,
            dedupe=dedupe,
            created_at=at,
            read_at=at if is_read else None,
        )
