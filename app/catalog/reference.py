"""The catalog's reference data, put into the database by the owner of its tables beside the policy's files."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.catalog.search import store
from app.catalog.search.folding import normalise
from app.catalog.search.models import Synonym
from app.catalog.search.words import bundled_synonyms
from app.policy.store import CITY
from app.tenants.models import Region


def load(session: Session) -> None:
    """Load the bundled synonyms; what the bureau has ended stays ended, and run twice it changes nothing."""
    city_id = session.scalars(sa.select(Region.id).where(Region.code == CITY)).one()
    # Forced row-level security binds the owner too: synonyms are written in the city bureau's scope.
    session.execute(sa.text("select set_config('app.region_ids', :id, true)"), {"id": str(city_id)})
    rows = session.execute(sa.select(Synonym.said, Synonym.meant).where(Synonym.region_id == city_id))
    known = {(said, meant) for said, meant in rows}
    new = [(normalise(said), meant) for said, meant in bundled_synonyms()]
    missing = [pair for pair in dict.fromkeys(new) if pair not in known]
    if missing:
        session.add_all(Synonym(region_id=city_id, said=said, meant=meant) for said, meant in missing)
        session.flush()
        store.begin_generation(session)
