"""What people say for a trade's official name: the bureau's list, which acts on every search at once.

An entry is never changed or deleted: it is ended, with who did it and when, and another one added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app import audit, clock, scope
from app.catalog.search import store
from app.catalog.search.folding import RUNS, normalise
from app.catalog.search.models import Synonym
from app.catalog.services import browsing
from app.db import db
from app.errors import DomainError
from app.policy.models import Trade
from app.policy.store import CITY
from app.tenants.models import Membership, Region

PAGE_SIZE = 50
LONGEST = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, and how many there are of each kind."""

    rows: tuple[Synonym, ...]
    found: int
    active: int
    ended: int


def city_id() -> int:
    """The region whose bureau keeps the list."""
    return db.session.scalars(sa.select(Region.id).where(Region.code == CITY)).one()


def official_names() -> dict[str, str]:
    """Every name of a trade or variant with its English one, in the order of the classification."""
    rows = db.session.execute(sa.select(Trade.name, Trade.variant, Trade.name_en).order_by(Trade.code, Trade.id))
    return {row.variant or row.name: row.name_en for row in rows}


def list_synonyms(*, text: str = "", is_active: bool = True, page: int = 1) -> Listed:
    """Entries in use or ended that hold the text in what is said or meant, the newest first."""
    counts: dict[bool, int] = dict(
        db.session.execute(sa.select(Synonym.is_active, sa.func.count()).group_by(Synonym.is_active)).all()
    )
    wanted = normalise(text)
    conditions = [Synonym.is_active == is_active]
    if wanted:
        holds = (Synonym.said.contains(wanted, autoescape=True), Synonym.meant.contains(wanted, autoescape=True))
        conditions.append(sa.or_(*holds))
    newest = Synonym.created_at if is_active else Synonym.ended_at
    rows = db.session.scalars(
        sa.select(Synonym)
        .where(*conditions)
        .order_by(newest.desc(), Synonym.said, Synonym.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    found = db.session.scalar(sa.select(sa.func.count()).select_from(Synonym).where(*conditions)) or 0
    return Listed(tuple(rows), found, counts.get(True, 0), counts.get(False, 0))


def names_of(*, user_ids: Iterable[int | None]) -> dict[int, str]:
    """What colleagues at this desk are called."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    rows = db.session.execute(
        sa.select(Membership.user_id, Membership.display_name).where(
            Membership.user_id.in_(wanted), Membership.tenant_id == scope.require().tenant_id
        )
    )
    return {row.user_id: row.display_name for row in rows}


def own_synonym(*, synonym_id: int) -> Synonym | None:
    """An entry of the list this desk keeps, or None."""
    return db.session.scalar(
        sa.select(Synonym).where(Synonym.id == synonym_id, Synonym.region_id.in_(scope.require().region_ids))
    )


def add_synonym(*, region_id: int, said: str, meant: str) -> Synonym:
    """Let what people say lead to a trade, from the next search on."""
    folded, name = normalise(said), meant.strip()
    if sum(len(run) for run in RUNS.findall(folded)) < 2:
        raise DomainError("synonym_too_short", field="said")
    if len(folded) > LONGEST:
        raise DomainError("synonym_too_long", field="said", n=LONGEST)
    known = browsing.lexicon()
    if folded in known.choices or folded in known.fillers:
        raise DomainError("synonym_means_otherwise", field="said", said=folded)
    official = {normalise(each): each for each in official_names()}
    if folded in official:
        raise DomainError("synonym_is_official", field="said", said=folded)
    if normalise(name) not in official:
        raise DomainError("synonym_meant_unknown", field="meant", meant=name)
    new = insert(Synonym).values(
        region_id=region_id,
        said=folded,
        meant=official[normalise(name)],
        is_active=True,
        created_by=scope.require().actor_id,
    )
    in_use = new.on_conflict_do_nothing(
        index_elements=["region_id", "said", "meant"], index_where=sa.text("is_active")
    )
    synonym: Synonym | None = db.session.scalar(in_use.returning(Synonym))
    if synonym is None:
        raise DomainError("synonym_exists", field="said")
    _changed("synonym.added", synonym)
    return synonym


def end_synonym(*, synonym: Synonym) -> None:
    """Stop an entry acting; it stays in the list of those ended."""
    if not synonym.is_active:
        raise DomainError("synonym_ended")
    synonym.is_active, synonym.ended_at = False, clock.now()
    synonym.ended_by = scope.require().actor_id
    db.session.flush()
    _changed("synonym.ended", synonym)


def _changed(tag: str, synonym: Synonym) -> None:
    audit.record(
        tag,
        subject=("synonym", synonym.id),
        region_id=synonym.region_id,
        data={"said": synonym.said, "meant": synonym.meant},
    )
    store.begin_generation(db.session)
