"""Forms: fields that tidy what was typed, refuse it in words, and never let it become a server error.

Every room's forms derive from `Form` and use these fields instead of those of wtforms. Fields are required unless
`required=False`; text comes back without NUL and control characters, trimmed, at most `maximum` characters long.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar

import wtforms
from flask_wtf import FlaskForm
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import ValidationError

from app import errors, http, money
from app.errors import DomainError
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l

LONGEST_LINE = 200
LONGEST_TEXT = 4000
LARGEST_INTEGER = 2_147_483_647

Label = Any
"""A plain or lazily translated string."""


def tidy(text: str, *, multiline: bool = False) -> str:
    """What was typed without control characters (PostgreSQL refuses NUL), composed and trimmed."""
    kept = "\n\t" if multiline else ""
    unified = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not multiline:
        unified = unified.replace("\n", " ").replace("\t", " ")
    return "".join(c for c in unified if c in kept or unicodedata.category(c) not in {"Cc", "Cs"}).strip()


class Form(FlaskForm):
    """A form whose refusals stand beside the field they are about."""

    @property
    def status(self) -> int:
        """What to answer with: 422 if anything was refused, else 200."""
        return 422 if self.errors else 200

    def refuse(self, error: DomainError) -> int:
        """Show a service's refusal on its field (or at the top), undo what was written; the status: 422."""
        http.roll_back()
        text = errors.message(error)
        field = self._fields.get(error.field) if error.field else None
        if field is None:
            self.form_errors.append(text)
        else:
            field.errors = [*field.errors, text]
        return 422


class _Required:
    """Sets the flag that labels and browsers read; the fields do the checking."""

    field_flags = {"required": True}  # noqa: RUF012 - wtforms reads it from the instance

    def __call__(self, form: Any, field: Any) -> None:
        return None


class _Checked:
    """Common to all fields: required unless told otherwise, one message at a time.

    A class gives its options (`minimum`, `required`, …) their usual values; a form may give a field its own.
    """

    options: ClassVar[frozenset[str]] = frozenset({"required"})
    required = True
    empty_message: Label = _l("请填写。")
    process_errors: Sequence[Any]
    data: Any

    def __init__(self, label: Label = None, validators: Iterable[Any] = (), **kwargs: Any) -> None:
        for name in self.options & kwargs.keys():
            setattr(self, name, kwargs.pop(name))
        rules = [*([_Required()] if self.required else []), *validators]
        super().__init__(label, rules, **kwargs)  # type: ignore[call-arg]

    def is_empty(self) -> bool:
        return self.data is None or self.data == ""

    def check(self) -> None:
        """Refuse a value that is there; raises ValidationError."""

    def pre_validate(self, form: Any) -> None:
        """Refuse what cannot be read, then what is missing, then what the field itself does not allow."""
        if self.process_errors:
            raise wtforms.validators.StopValidation()
        if self.is_empty():
            if self.required:
                raise wtforms.validators.StopValidation(str(self.empty_message))
            raise wtforms.validators.StopValidation()
        try:
            self.check()
        except ValidationError as error:
            raise wtforms.validators.StopValidation(str(error)) from error


class TextField(_Checked, wtforms.StringField):
    """One line of text."""

    options = frozenset({"required", "minimum", "maximum"})
    minimum, maximum = 0, LONGEST_LINE
    multiline = False

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Tidy what was typed; nothing typed is an empty string."""
        self.data = tidy(str(valuelist[0]), multiline=self.multiline) if valuelist else ""

    def pre_validate(self, form: Any) -> None:
        """As every field; a field that was not sent at all is an empty string."""
        self.data = self.data or ""
        super().pre_validate(form)

    def check(self) -> None:
        """Refuse text that is too short or too long."""
        length = len(self.data or "")
        if length > self.maximum:
            raise ValidationError(_("最多 %(n)s 个字，现在是 %(now)s 个。", n=self.maximum, now=length))
        if length < self.minimum:
            raise ValidationError(_("至少 %(n)s 个字。", n=self.minimum))


class TextArea(TextField):
    """Several lines of text."""

    widget = wtforms.widgets.TextArea()
    multiline = True
    maximum = LONGEST_TEXT


class PasswordField(_Checked, wtforms.PasswordField):
    """A password, taken exactly as typed and never shown again."""

    def check(self) -> None:
        """Refuse what no password can be; the service refuses the rest."""
        if len(self.data or "") > 128:
            raise ValidationError(_("密码最多 %(n)s 个字符。", n=128))


class IntegerField(_Checked, wtforms.IntegerField):
    """A whole number between two bounds; full-width digits are read too."""

    options = frozenset({"required", "minimum", "maximum"})
    minimum, maximum = 0, LARGEST_INTEGER

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the number; raises ValueError with the reason if there is none."""
        self.data = None
        text = unicodedata.normalize("NFKC", tidy(str(valuelist[0]))) if valuelist else ""
        if not text:
            return
        body = text.removeprefix("-")
        if not (body.isascii() and body.isdigit()) or len(body) > 12:
            raise ValueError(_("请填写整数，例如 30。"))
        self.data = int(text)

    def check(self) -> None:
        """Refuse a number outside the bounds."""
        if not self.minimum <= (self.data or 0) <= self.maximum:
            low, high = self.minimum, self.maximum
            raise ValidationError(_("请填写 %(low)s 到 %(high)s 之间的数。", low=low, high=high))


class YuanField(_Checked, wtforms.StringField):
    """An amount typed in yuan; `data` is integer fen."""

    options = frozenset({"required", "maximum_fen"})
    maximum_fen = 100_000_000

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else money.yuan(int(self.data))

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the amount; raises ValueError with the reason if there is none."""
        self.data = None
        text = unicodedata.normalize("NFKC", tidy(str(valuelist[0]))) if valuelist else ""
        if not text:
            return
        try:
            self.data = money.fen_from_yuan(text) if len(text) <= 20 else -1
        except (ValueError, ArithmeticError) as error:
            raise ValueError(_("请填写金额（元），最多两位小数，例如 1800。")) from error

    def check(self) -> None:
        """Refuse an amount that is too large."""
        if not 0 <= int(self.data or 0) <= self.maximum_fen:
            raise ValidationError(_("金额最多 %(n)s 元。", n=money.yuan(self.maximum_fen)))


class DateField(_Checked, wtforms.DateField):
    """A date between two bounds."""

    options = frozenset({"required", "earliest", "latest"})
    earliest, latest = date(1900, 1, 1), date(2100, 12, 31)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read 2026-12-05, 2026/12/5 or 20261205; raises ValueError with the reason for anything else."""
        self.data = None
        text = unicodedata.normalize("NFKC", tidy(str(valuelist[0]))) if valuelist else ""
        if not text:
            return
        for pattern in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"):
            try:
                self.data = datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a date has no zone
                return
            except ValueError:
                continue
        raise ValueError(_("请填写日期，例如 2026-12-05。"))

    def check(self) -> None:
        """Refuse a date outside the bounds."""
        if self.data is not None and not self.earliest <= self.data <= self.latest:
            low, high = self.earliest.isoformat(), self.latest.isoformat()
            raise ValidationError(_("日期应在 %(low)s 与 %(high)s 之间。", low=low, high=high))


class TimeField(_Checked, wtforms.TimeField):
    """A time of day."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read 8:30 or 08:30:00; raises ValueError with the reason for anything else."""
        self.data = None
        text = unicodedata.normalize("NFKC", tidy(str(valuelist[0]))) if valuelist else ""
        if not text:
            return
        try:
            hours, minutes, *_rest = (int(part) for part in text.split(":"))
            self.data = time(hours, minutes)
        except ValueError as error:
            raise ValueError(_("请填写时间，例如 08:30。")) from error


def as_choices(choices: Any) -> Any:
    """Choices as wtforms wants them: pairs, or pairs by group, become `SelectChoice`s."""
    if callable(choices) or choices is None:
        return choices
    if isinstance(choices, dict):
        return [
            SelectChoice(str(value), label, optgroup=group)
            for group, pairs in choices.items()
            for value, label in pairs
        ]
    return [SelectChoice(str(each[0]), each[1]) if isinstance(each, tuple) else each for each in choices]


class _Choosing(_Checked):
    empty_message = _l("请选择一项。")

    def __init__(self, label: Label = None, validators: Iterable[Any] = (), **kwargs: Any) -> None:
        choices = as_choices(kwargs.pop("choices", None))
        super().__init__(label, validators, **{"coerce": coerce_text, "choices": choices, **kwargs})

    def is_empty(self) -> bool:
        return self.data in (None, "", [])

    def check(self) -> None:
        """Refuse a value that is not offered."""
        chosen = self.data if isinstance(self.data, list) else [self.data]
        offered = {str(choice.value) for choice in self.choices or ()}
        if not {str(value) for value in chosen} <= offered:
            raise ValidationError(_("请从给出的选项中选择。"))

    @property
    def choices(self) -> Any:
        """What is offered; set it as (value, label) pairs, by group in a dict, or a function giving them."""
        return as_choices(super().choices)  # type: ignore[misc]

    @choices.setter
    def choices(self, offered: Any) -> None:
        inherited: Any = wtforms.SelectField.choices
        inherited.fset(self, as_choices(offered))


def coerce_text(value: Any) -> str | None:
    """A choice as text; nothing chosen stays None."""
    return None if value is None else tidy(str(value))


def coerce_id(value: Any) -> int | None:
    """A choice as a row's id; nothing chosen, or not a number, is None."""
    text = "" if value is None else tidy(str(value))
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


class SelectField(_Choosing, wtforms.SelectField):
    """One of a list; `coerce=coerce_id` for rows."""


class RadioField(_Choosing, wtforms.RadioField):
    """One of a few, all in sight."""


class ChoicesField(_Choosing, wtforms.SelectMultipleField):
    """Any of several, as checkboxes; `data` is a list."""

    empty_message = _l("请至少选择一项。")
    widget = wtforms.widgets.ListWidget(prefix_label=False)
    option_widget = wtforms.widgets.CheckboxInput()


class BooleanField(_Checked, wtforms.BooleanField):
    """A box to tick; `required=True` means it must be ticked."""

    required = False
    empty_message = _l("请勾选后再继续。")

    def is_empty(self) -> bool:
        """Whether the box is not ticked."""
        return not self.data


class HiddenField(TextField):
    """A value the page carries."""

    widget = wtforms.widgets.HiddenInput()
    required = False
