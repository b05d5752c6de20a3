"""What the rooms' factories share."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")


class Factory:
    """A session that sees everything, and a counter for unique names."""

    session: Session
    counter: int

    def next(self) -> int:
        """A number no other row of this test has."""
        self.counter += 1
        return self.counter

    def add(self, row: T) -> T:
        """Insert and commit, so that every other connection sees the row."""
        self.session.add(row)
        self.session.commit()
        return row

    def again(self, row: T) -> T:
        """The row as it is in the database now."""
        self.session.expire_all()
        self.session.refresh(row)
        return row
