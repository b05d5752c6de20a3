"""Learners with a profile."""

from __future__ import annotations

from datetime import date

from app.enroll.models import LearnerProfile
from app.pii import vault
from app.tenants.identifiers import make_id_number
from app.tenants.models import User
from tests.factories.base import Factory


class EnrollFactory(Factory):
    """WHO LEARNS."""

    def learner(self, *, region: str = "130108", name: str = "示例学员", profile: bool = True) -> User:
        """A user with a learner's profile (a valid generated ID number)."""
        user = self.user()  # type: ignore[attr-defined]
        if profile:
            number = make_id_number("130108", date(1990, 1, 1), self.next() % 1000)
            self.add(
                LearnerProfile(
                    user_id=user.id,
                    region_id=self.region(region).id,  # type: ignore[attr-defined]
                    name=name,
                    id_number=number,
                    id_number_index=vault().blind_index(number, "learner.id_number"),
                    phone="13800000000",
                    consent_version="1",
                )
            )
        return user
