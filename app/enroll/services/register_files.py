"""A register's file read into a draft: at once if it is short, else by a job that says how far it is.

Either way it is one transaction: a draft has every line that can be taken, or there is none of them. Until a job
has read it, a file lies encrypted in `app.storage`; a killed worker's job starts it over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from itertools import islice

import sqlalchemy as sa

from app import clock, jobs, scope, storage
from app.db import db
from app.enroll.models import ImportState, RegisterImport, RegisterKind, RegisterRow
from app.enroll.registers import REGISTERS, FileSource, Record, Source
from app.enroll.services import profiles, registers
from app.errors import DomainError
from app.sheets import RowError

AT_ONCE = 10_000
BATCH = 2_000
MOST_ERRORS = 500


def import_register(
    *,
    register: RegisterKind,
    region_id: int,
    as_of: date,
    valid_until: date | None,
    content: bytes,
    source: Source | None = None,
) -> RegisterImport:
    """Read a register into a draft that certifies nothing yet; the lines that cannot be taken are kept as codes.

    A file of more than `AT_ONCE` lines is left to a job and is `reading` until then. Without `valid_until` the
    paper's own validity counts from `as_of`. Raises SheetError for the file and DomainError as_of_ahead,
    valid_until_past or register_without_rows.
    """
    today = clock.today()
    if as_of > today:
        raise DomainError("as_of_ahead", field="as_of")
    until = valid_until or registers.suggested_until(register=register, as_of=as_of)
    if until is not None and until < today:
        raise DomainError("valid_until_past", field="valid_until")
    source = source or FileSource(content)
    lines = source.count(REGISTERS[register])
    draft = RegisterImport(
        region_id=region_id,
        register=register,
        state=ImportState.READING if lines > AT_ONCE else ImportState.DRAFT,
        as_of=as_of,
        valid_until=until,
        lines=lines,
        lines_read=0,
        rows=0,
        errors=[],
        imported_by=scope.require().actor_id,
        created_at=clock.now(),
    )
    db.session.add(draft)
    db.session.flush()
    if draft.state is ImportState.READING:
        draft.file = storage.put(content)
        jobs.enqueue("enroll.read_register", import_id=draft.id)
        return draft
    rows, errors = _take(draft, source, today)
    if not rows:
        raise DomainError("register_without_rows", field="file", count=len(errors))
    _finish(draft, rows, errors)
    return draft


def read_register(*, import_id: int) -> None:
    """Read a file that was left to a job; in the scope of the bureau that brought it in.

    A file without one line that can be taken ends there. Somebody may end the import while it is read.
    """
    found = db.session.get(RegisterImport, import_id)
    if found is None or found.state is not ImportState.READING or found.file is None:
        return
    mine = sa.update(RegisterImport).where(RegisterImport.id == import_id)
    source = FileSource(storage.get(found.file))
    rows, errors = _take(found, source, clock.today(), lambda n: jobs.aside(mine.values(lines_read=n)))
    found = registers.locked(import_id=import_id)
    if found.state is not ImportState.READING:
        db.session.execute(sa.delete(RegisterRow).where(RegisterRow.import_id == import_id))
        return
    registers.forget_file(found=found)
    found.state = ImportState.DRAFT
    _finish(found, rows, errors)
    if not rows:
        registers.end(found=found)


def _take(
    draft: RegisterImport, source: Source, on: date, tell: Callable[[int], object] = lambda read: None
) -> tuple[int, list[RowError]]:
    """Insert every line that can be taken, telling how far it is; how many they are, and why others cannot."""
    every = iter(source.records(REGISTERS[draft.register], on))
    rows = read = 0
    errors: list[RowError] = []
    while batch := list(islice(every, BATCH)):
        records = [each for each in batch if isinstance(each, Record)]
        errors += [each for each in batch if isinstance(each, RowError)]
        if records:
            db.session.execute(sa.insert(RegisterRow), _values(draft, records))
        rows, read = rows + len(records), read + len(batch)
        tell(read)
    return rows, errors


def _values(draft: RegisterImport, records: Iterable[Record]) -> list[dict[str, object]]:
    return [
        {
            "import_id": draft.id,
            "region_id": draft.region_id,
            "register": draft.register,
            "id_number_index": profiles.id_number_index(record.id_number),
            "record": json.dumps({"name": record.name, **record.fields}, ensure_ascii=False),
            "valid_until": min(filter(None, (record.valid_until, draft.valid_until)), default=None),
        }
        for record in records
    ]


def _finish(draft: RegisterImport, rows: int, errors: list[RowError]) -> None:
    draft.rows, draft.lines_read = rows, draft.lines
    draft.errors = [{"line": e.line, "code": e.code, "params": dict(e.params)} for e in errors[:MOST_ERRORS]]
    draft.matched, draft.differing = (len(found) for found in registers.candidates(found=draft))
    registers.record(verb="imported", found=draft, lines=rows, refused=len(errors))
