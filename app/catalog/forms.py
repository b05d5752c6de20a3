"""The catalog's desk forms: a course, its submission, a run, and the bureau's decision."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from app import clock, forms
from app.catalog import rules, texts
from app.catalog.models import CourseForm as TrainingForm
from app.catalog.models import CourseMode, CourseRevision, CourseRun, RunSession, SessionKind
from app.catalog.services.run_changes import Reason
from app.catalog.services.runs import Plan
from app.errors import DomainError
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.i18n import pick
from app.policy.models import Trade
from app.tenants.models import Region

LONGEST_HOURS = 2000


def _choices(labels: dict[Any, Any]) -> list[tuple[str, Any]]:
    return [(str(value), label) for value, label in labels.items()]


def _as_bool(value: Any) -> str | None:
    return None if value is None else {"True": "yes", "False": "no"}.get(str(value), str(value))


def trade_choices(trades: Iterable[Trade]) -> Any:
    """The trades as a select offers them: grouped by category, typed names jump to them."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for trade in trades:
        name = pick(trade.label, trade.name_en or trade.label)
        groups[pick(trade.category, trade.category_en or trade.category)].append(
            (str(trade.id), _("%(name)s（%(code)s）", name=name, code=trade.code))
        )
    return forms.as_choices({None: [("", _("请选择"))], **groups})


class CourseForm(forms.Form):
    """Everything a version of a course says."""

    title = forms.TextField(_l("课程名称"), minimum=2, maximum=120)
    is_subsidised = forms.RadioField(
        _l("谁付钱"),
        choices=[
            ("yes", _l("补贴培训：符合条件的学员免费，人社局审核后上架")),
            ("no", _l("市场化培训：学员付学费，不用审核")),
        ],
        coerce=_as_bool,
        default="yes",
    )
    trade_id = forms.SelectField(
        _l("职业（工种）"),
        coerce=forms.coerce_id,
        description=_l("按类别排列；打开列表后直接输入名称可以跳到它。"),
    )
    level = forms.SelectField(
        _l("技能等级"),
        required=False,
        choices=[("", _l("不分等级")), *_choices(texts.LEVELS)],
        coerce=forms.coerce_id,
    )
    certificate = forms.SelectField(_l("结业证书"), choices=_choices(texts.CERTIFICATES), default="level")
    form = forms.SelectField(_l("培训形式"), choices=_choices(texts.FORMS))
    mode = forms.SelectField(_l("上课方式"), choices=_choices(texts.MODES))
    theory_hours = forms.IntegerField(_l("理论课时"), maximum=LONGEST_HOURS, description=_l("一课时 45 分钟。"))
    practice_hours = forms.IntegerField(_l("实操课时"), maximum=LONGEST_HOURS)
    fee_fen = forms.YuanField(
        _l("学费（元）"), maximum_fen=10_000_000, description=_l("全部费用都写在这里；补贴培训不得另外收费。")
    )
    content = forms.TextArea(_l("培训内容"), minimum=10, description=_l("教什么、怎么练、学完能做什么。"))
    teacher = forms.TextField(_l("授课教师"), description=_l("姓名和资质，会公开显示。"))
    place = forms.TextField(_l("培训地点"), description=_l("写到门牌号。"))

    @classmethod
    def of(cls, trades: Iterable[Trade], revision: CourseRevision | None = None) -> CourseForm:
        """The form for a new course or for a version's content."""
        form = cls(obj=revision)
        form.trade_id.choices = trade_choices(trades)
        return form

    def values(self) -> dict[str, Any]:
        """The content as services take it."""
        content = {name: getattr(self, name).data for name in rules.CONTENT}
        content["is_subsidised"] = self.is_subsidised.data == "yes"
        content["form"] = TrainingForm(self.form.data)
        content["mode"] = CourseMode(self.mode.data)
        return content


class SubmitForm(forms.Form):
    """The institution's word that the subsidy is full payment (「免费」)."""

    accepts = forms.BooleanField(
        _l("我们确认：学费按补贴标准、学费、补贴上限三者中最低的一个结算，这就是全部收费，不再向学员收任何钱。"),
        required=True,
    )


class SynonymForm(forms.Form):
    """What people say and the trade it leads to."""

    said = forms.TextField(
        _l("大家怎么说"), maximum=20, description=_l("例如：月嫂、开叉车、学电焊；拼音会自动认得，不用另加。")
    )
    meant = forms.TextField(
        _l("是哪个职业（工种）"), maximum=60, description=_l("输入一两个字，从列表里选正式名称。")
    )


class ReviewForm(forms.Form):
    """The bureau's decision on a submitted version."""

    decision = forms.RadioField(
        _l("审核结果"), choices=[("approve", _l("通过，立即上架")), ("return", _l("退回修改"))]
    )
    reasons = forms.ChoicesField(
        _l("退回原因"),
        required=False,
        choices=_choices(texts.RETURN_REASONS),
        description=_l("退回时至少选一个。"),
    )
    note = forms.TextArea(
        _l("说明"), required=False, maximum=1000, description=_l("告诉机构具体要改什么；机构看得到。")
    )


class CancelRunForm(forms.Form):
    """Why a run is cancelled."""

    reason_code = forms.RadioField(_l("取消原因"), choices=_choices(texts.RUN_REASONS))
    reason_note = forms.TextArea(_l("说明"), required=False, maximum=500, description=_l("会发给每位学员。"))


class ReasonForm(forms.Form):
    """Why a lesson learners count on is changed or dropped."""

    reason_code = forms.SelectField(
        _l("改动的原因"), required=False, choices=[("", _l("请选择")), *_choices(texts.RUN_REASONS)]
    )
    reason_note = forms.TextField(_l("原因说明"), required=False, maximum=500)

    def reason(self) -> Reason:
        """The reason as services take it."""
        return Reason(self.reason_code.data or None, self.reason_note.data or None)


class LessonForm(ReasonForm):
    """One lesson of a run."""

    day = forms.DateField(_l("日期"), latest=date(2100, 1, 1))
    starts_at = forms.TimeField(_l("上课时间"))
    ends_at = forms.TimeField(_l("下课时间"))
    kind = forms.RadioField(_l("内容"), choices=_choices(texts.SESSION_KINDS), default=SessionKind.THEORY.value)
    topic = forms.TextField(_l("讲什么"), required=False, maximum=80)

    @classmethod
    def of(cls, session: RunSession | None = None) -> LessonForm:
        """The form for a new lesson or for one that is planned."""
        if session is None:
            return cls()
        start, end = clock.local(session.starts_at), clock.local(session.ends_at)
        shown = {"day": start.date(), "starts_at": start.time(), "ends_at": end.time()}
        return cls(data={**shown, "kind": session.kind.value, "topic": session.topic})

    def lesson(self) -> rules.Lesson:
        """The lesson as services take it."""
        start, end = (
            datetime.combine(self.day.data, each, clock.CITY_ZONE).astimezone(UTC)
            for each in (self.starts_at.data, self.ends_at.data)
        )
        return rules.Lesson(start, end, SessionKind(self.kind.data))


class RunForm(forms.Form):
    """When and where a run is held, and for how many."""

    starts_on = forms.DateField(_l("开班日期"), latest=date(2100, 1, 1))
    ends_on = forms.DateField(_l("结束日期"), latest=date(2100, 1, 1))
    weekdays = forms.ChoicesField(_l("每周哪几天上课"), choices=_choices(texts.WEEKDAYS))
    starts_at = forms.TimeField(_l("上课时间"))
    ends_at = forms.TimeField(_l("下课时间"))
    second_starts_at = forms.TimeField(
        _l("第二时段上课时间"), required=False, description=_l("一天两段课才填，例如下午 14:00。")
    )
    second_ends_at = forms.TimeField(_l("第二时段下课时间"), required=False)
    skipped = forms.TextField(
        _l("停课日期"), required=False, maximum=1000, description=_l("例如节假日：2027-01-01，2027-01-02。")
    )
    teaches = forms.SelectField(_l("理论和实操怎么排"), choices=_choices(texts.TEACHES))
    place = forms.TextField(_l("上课地点"), description=_l("写到门牌号。"))
    region_id = forms.SelectField(_l("上课地点所在区县"), coerce=forms.coerce_id, description=_l("学员按它查找。"))
    seats = forms.IntegerField(_l("名额"), minimum=1, maximum=rules.MOST_SEATS)
    reason_code = forms.SelectField(
        _l("减少名额的原因"),
        required=False,
        choices=[("", _l("没有减少名额")), *_choices(texts.RUN_REASONS)],
    )
    reason_note = forms.TextField(_l("原因说明"), required=False, maximum=500)

    @classmethod
    def of(
        cls,
        regions: Iterable[Region],
        *,
        run: CourseRun | None = None,
        sessions: Iterable[RunSession] = (),
        defaults: dict[str, Any] | None = None,
    ) -> RunForm:
        """The form for a new run or for one that is planned or open."""
        data = dict(defaults or {})
        if run is not None:
            lessons = [rules.Lesson(session.starts_at, session.ends_at, session.kind) for session in sessions]
            table = rules.timetable_of(lessons, run.starts_on, run.ends_on)
            data |= {
                "starts_on": run.starts_on,
                "ends_on": run.ends_on,
                "weekdays": [str(day) for day in sorted(table.weekdays)],
                "skipped": "，".join(day.isoformat() for day in sorted(table.skipped)),
                "teaches": table.teaches,
                "place": run.place,
                "region_id": run.region_id,
                "seats": run.seats,
            }
            pairs = (("starts_at", "ends_at"), ("second_starts_at", "second_ends_at"))
            for (start, end), slot in zip(pairs, table.slots, strict=False):
                data |= {start: slot[0], end: slot[1]}
        form = cls(data=data)
        names = [(str(region.id), pick(region.name, region.name_en)) for region in regions]
        form.region_id.choices = forms.as_choices([("", _("请选择")), *names])
        return form

    def plan(self) -> Plan:
        """The run as services take it; raises DomainError slot_incomplete or skipped_unreadable."""
        slots: list[tuple[time, time]] = [(self.starts_at.data, self.ends_at.data)]
        second = (self.second_starts_at.data, self.second_ends_at.data)
        if (second[0] is None) != (second[1] is None):
            raise DomainError("slot_incomplete", field="second_ends_at")
        if second[0] is not None:
            slots.append(second)
        timetable = rules.Timetable(
            self.starts_on.data,
            self.ends_on.data,
            frozenset(int(day) for day in self.weekdays.data),
            tuple(slots),
            _read_days(self.skipped.data or ""),
            rules.Teaches(self.teaches.data),
        )
        return Plan(timetable, self.place.data, self.region_id.data, self.seats.data)


def _read_days(text: str) -> frozenset[date]:
    days = set()
    for part in re.split(r"[,、;\s]+", unicodedata.normalize("NFKC", text).strip(" ,、;")):
        if not part:
            continue
        try:
            days.add(datetime.strptime(part.replace("/", "-"), "%Y-%m-%d").date())  # noqa: DTZ007 - a date has no zone
        except ValueError as error:
            raise DomainError("skipped_unreadable", field="skipped", text=part[:20]) from error
    return frozenset(days)
