"""The state's registers as facts: what a line of each holds, how it is read, and what it certifies.

A register's lines come from a `Source`. The one that works today is a file the bureau brings in; a live check
against the state's own service would be another, and nothing behind this module would notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from app.enroll.models import RegisterKind
from app.sheets import Column, Line, RowError, read_sheet
from app.tenants.identifiers import IdentifierError, check_id_number

MOST_BYTES = 16_000_000
MOST_ROWS = 200_000
LONGEST_NAME = 60
MOST_MONTHS = 720

Fields = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Certified:
    """What a line certifies on a day: papers nobody needs to bring, and facts that win over what was said."""

    papers: frozenset[str] = frozenset()
    facts: Mapping[str, object] = field(default_factory=dict)


class Register(Protocol):
    """One register: the columns it has beside the person's, and what they mean."""

    @property
    def paper(self) -> str:
        """The paper it stands in for; its validity is that paper's."""

    @property
    def columns(self) -> Sequence[Column]:
        """What a line holds beside the person and its validity."""

    def read(self, cells: Mapping[str, str]) -> Fields:
        """The line's fields; raises RowProblem."""

    def certify(self, fields: Fields, on: date) -> Certified:
        """What the fields certify on a day."""


class RowProblem(ValueError):
    """A cell that cannot be used: the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Membership:
    """A register that certifies by naming a person: the unemployed, veterans, people with a disability."""

    paper: str
    columns: Sequence[Column] = ()

    def read(self, cells: Mapping[str, str]) -> Fields:
        """Nothing beside the person: what is not needed is not kept."""
        return {}

    def certify(self, fields: Fields, on: date) -> Certified:
        """The paper."""
        return Certified(papers=frozenset({self.paper}))


@dataclass(frozen=True, slots=True)
class InsuredMonths:
    """Unemployment insurance: for how many months a person has paid."""

    paper: str
    columns: Sequence[Column] = (Column("months", ("累计缴费月数", "缴费月数", "月数", "months")),)

    def read(self, cells: Mapping[str, str]) -> Fields:
        """The whole number of months."""
        text = cells["months"].removesuffix("个月").strip()
        if not (text.isascii() and text.isdigit()) or int(text) > MOST_MONTHS:
            raise RowProblem("row_months_unreadable")
        return {"months": int(text)}

    def certify(self, fields: Fields, on: date) -> Certified:
        """The months, which prove no group."""
        return Certified(papers=frozenset({self.paper}), facts={"insured_months": fields["months"]})


@dataclass(frozen=True, slots=True)
class GraduationYear:
    """School enrolment, and the day of graduation where the file has it.

    A student is in the graduation year from 1 July of the year before (A13).
    """

    paper: str
    columns: Sequence[Column] = (
        Column("graduates_on", ("预计毕业日期", "毕业日期", "graduates_on"), is_required=False),
    )

    def read(self, cells: Mapping[str, str]) -> Fields:
        """The day of graduation, if it is there."""
        day = cells.get("graduates_on")
        return {"graduates_on": _day(day).isoformat()} if day else {}

    def certify(self, fields: Fields, on: date) -> Certified:
        """The day of graduation, and the student record: without a day at any time, else in its twelve months."""
        if "graduates_on" not in fields:
            return Certified(papers=frozenset({self.paper}))
        graduates_on = str(fields["graduates_on"])
        year = date.fromisoformat(graduates_on).year
        is_final = date(year - 1, 7, 1) <= on <= date(year, 6, 30)
        return Certified(frozenset({self.paper} if is_final else ()), {"graduates_on": graduates_on})


REGISTERS: Mapping[RegisterKind, Register] = {
    RegisterKind.UNEMPLOYMENT: Membership("UNEMPLOYMENT_REGISTRATION"),
    RegisterKind.INSURANCE: InsuredMonths("INSURANCE_RECORD"),
    RegisterKind.VETERANS: Membership("VETERAN_CERT"),
    RegisterKind.DISABILITY: Membership("DISABILITY_CERT"),
    RegisterKind.ENROLMENT: GraduationYear("STUDENT_RECORD"),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One person's line; the number and the name leave this value only encrypted or as an index."""

    id_number: str
    name: str
    fields: Fields
    valid_until: date | None


class Source(Protocol):
    """Where a register's lines come from."""

    def count(self, register: Register) -> int:
        """How many lines there are; raises SheetError if there are none to be had."""

    def records(self, register: Register, on: date) -> Iterator[Record | RowError]:
        """Every line, or why it cannot be taken; raises SheetError if there are none to be had."""


PERSON = (
    Column("id_number", ("证件号码", "身份证号", "身份证号码", "公民身份号码", "id_number")),
    Column("name", ("姓名", "name")),
)
VALID_UNTIL = Column("valid_until", ("有效期至", "有效期", "valid_until"), is_required=False)


@dataclass(frozen=True, slots=True)
class FileSource:
    """A CSV or Excel file as an office sends it: 证件号码, 姓名, the register's columns, perhaps 有效期至."""

    content: bytes

    def count(self, register: Register) -> int:
        """How many lines the file has below its column names."""
        return len(self._lines(register))

    def _lines(self, register: Register) -> Sequence[Line]:
        columns = (*PERSON, *register.columns, VALID_UNTIL)
        return read_sheet(self.content, columns, most_bytes=MOST_BYTES, most_rows=MOST_ROWS)

    def records(self, register: Register, on: date) -> Iterator[Record | RowError]:
        """Every line of the file; a number that was there before is a row_duplicate."""
        lines: dict[str, int] = {}
        for line in self._lines(register):
            try:
                record = _record(register, line, on)
            except RowProblem as problem:
                yield RowError(line.number, problem.code)
                continue
            first = lines.setdefault(record.id_number, line.number)
            yield record if first == line.number else RowError(line.number, "row_duplicate", {"first": first})


def _record(register: Register, line: Line, on: date) -> Record:
    cells = line.cells
    try:
        number = check_id_number(cells["id_number"].lstrip("'`"), on).text
    except IdentifierError as error:
        raise RowProblem("row_number_wrong") from error
    name = cells["name"]
    if not name or len(name) > LONGEST_NAME:
        raise RowProblem("row_name_missing")
    until = _day(cells["valid_until"]) if cells.get("valid_until") else None
    if until is not None and until < on:
        raise RowProblem("row_run_out")
    return Record(number, name, register.read(cells), until)


def _day(text: str) -> date:
    digits = text.replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-").replace(".", "-")
    parts = [digits[:4], digits[4:6], digits[6:]] if digits.isdigit() and len(digits) == 8 else digits.split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError as error:
        raise RowProblem("row_date_unreadable") from error


def is_same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: blanks and the dots between a name's parts do not count."""
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
