"""The words of this room: labels of its enums, coded reasons, refusals and notices."""

from __future__ import annotations

from app import notifications
from app.catalog.models import CourseForm, CourseMode, RevisionState, RunState, SessionKind
from app.catalog.rules import Stage, Teaches, schedule_in_english
from app.catalog.search.ranking import Reason
from app.errors import Text, register
from app.i18n import code
from app.i18n import lazy_gettext as _l

LEVELS: dict[int, Text] = {
    5: _l("五级（初级工）"),
    4: _l("四级（中级工）"),
    3: _l("三级（高级工）"),
    2: _l("二级（技师）"),
    1: _l("一级（高级技师）"),
}
FORMS: dict[str, Text] = {
    CourseForm.EMPLOYMENT: _l("就业技能培训"),
    CourseForm.UPGRADE: _l("岗位技能提升培训"),
    CourseForm.FOUNDER: _l("创业创新培训"),
}
MODES: dict[str, Text] = {
    CourseMode.DAY: _l("白天"),
    CourseMode.EVENING: _l("晚上"),
    CourseMode.WEEKEND: _l("周末"),
    CourseMode.ONLINE: _l("线上"),
    CourseMode.BLENDED: _l("线上线下结合"),
}
REASONS: dict[str, Text] = {
    Reason.TRADE: _l("工种完全符合"),
    Reason.TITLE: _l("课名或工种里有你找的词"),
    Reason.HEADING: _l("课名里有一部分"),
    Reason.INSTITUTION: _l("机构名里有你找的词"),
    Reason.SHORTAGE: _l("急需紧缺"),
    Reason.FREE: _l("对你免费"),
    Reason.SEATS: _l("有名额"),
    Reason.SOON: _l("30 天内开班"),
    Reason.NEAR: _l("离你近"),
    Reason.UPCOMING: _l("还会开班"),
}
CERTIFICATES: dict[str, Text] = {
    "level": _l("职业技能等级证书"),
    "qualification": _l("职业资格证书"),
    "special": _l("专项职业能力证书"),
    "completion": _l("培训合格证书"),
}
STATES: dict[str, Text] = {
    RevisionState.DRAFT: _l("草稿"),
    RevisionState.SUBMITTED: _l("待审核"),
    RevisionState.RETURNED: _l("被退回"),
    RevisionState.APPROVED: _l("已通过"),
    RevisionState.SUPERSEDED: _l("已被新版本取代"),
}
STAGES: dict[str, Text] = {
    Stage.DRAFT: _l("草稿"),
    Stage.SUBMITTED: _l("待审核"),
    Stage.RETURNED: _l("被退回"),
    Stage.LIVE: _l("已上架"),
    Stage.OFF: _l("未上架"),
    Stage.ARCHIVED: _l("已归档"),
}
STAGE_TONES: dict[str, str] = {
    Stage.SUBMITTED: "wait",
    Stage.RETURNED: "stop",
    Stage.LIVE: "done",
}
RUN_STATES: dict[str, Text] = {
    RunState.DRAFT: _l("筹备中"),
    RunState.OPEN: _l("招生中"),
    RunState.CANCELLED: _l("已取消"),
}
RUN_TONES: dict[str, str] = {RunState.OPEN: "done", RunState.CANCELLED: "stop", RunState.DRAFT: ""}
SESSION_KINDS: dict[str, Text] = {SessionKind.THEORY: _l("理论"), SessionKind.PRACTICE: _l("实操")}
TEACHES: dict[str, Text] = {
    Teaches.THEORY_FIRST: _l("先理论，上满理论课时后实操"),
    Teaches.THEORY: _l("全部是理论课"),
    Teaches.PRACTICE: _l("全部是实操课"),
}
WEEKDAYS: dict[int, Text] = {
    0: _l("周一"),
    1: _l("周二"),
    2: _l("周三"),
    3: _l("周四"),
    4: _l("周五"),
    5: _l("周六"),
    6: _l("周日"),
}
FIELDS: dict[str, Text] = {
    "title": _l("课程名称"),
    "is_subsidised": _l("补贴培训"),
    "trade_id": _l("职业（工种）"),
    "level": _l("技能等级"),
    "form": _l("培训形式"),
    "mode": _l("上课方式"),
    "theory_hours": _l("理论课时"),
    "practice_hours": _l("实操课时"),
    "fee_fen": _l("学费（元）"),
    "certificate": _l("结业证书"),
    "content": _l("培训内容"),
    "teacher": _l("授课教师"),
    "place": _l("培训地点"),
}

# Why a bureau returns a course; the order is the order on the page.
RETURN_REASONS: dict[str, Text] = {
    "not_covered": _l("定点资格没有覆盖这个职业或等级"),
    "trade_mismatch": _l("课程内容与所选职业（工种）不符"),
    "hours_too_few": _l("课时不足，或理论与实操的比例不合理"),
    "fee_unclear": _l("学费偏高或构成不清楚"),
    "extra_charges": _l("有学费以外的收费，或押金、保证金"),
    "false_promise": _l("有包过、包就业、挂靠等不实或违法的说法"),
    "teacher_unfit": _l("教师资质与课程等级不符，或没有写明"),
    "place_unfit": _l("培训场地或设备不满足要求，或地址不清楚"),
    "content_thin": _l("培训内容太笼统，看不出教什么"),
    "certificate_wrong": _l("证书类型与职业或等级不符"),
    "duplicate": _l("与本机构已有课程重复"),
    "other": _l("其他（请在说明里写清楚）"),
}

# Why an institution cancels or shrinks a run.
RUN_REASONS: dict[str, Text] = {
    "too_few": _l("报名人数不足"),
    "teacher_absent": _l("教师不能到课"),
    "place_lost": _l("场地不能用"),
    "equipment": _l("设备或材料不到位"),
    "merged": _l("与其他班期合并"),
    "weather": _l("天气、停水停电等意外"),
    "required": _l("主管部门要求"),
    "other": _l("其他（请在说明里写清楚）"),
}
RUN_CHANGES: dict[str, Text] = {
    "dates": _l("日期"),
    "sessions": _l("上课时间"),
    "place": _l("地点"),
    "seats": _l("名额"),
}


def schedule(text: str | None) -> str:
    """A run's stored timetable line in the reader's language."""
    return schedule_in_english(text or "") if code() == "en" else (text or "")


register("synonym_too_short", _l("至少写两个字（字母、数字或汉字）。"))
register("synonym_too_long", _l("太长了，最多 %(n)s 个字。"))
register("synonym_means_otherwise", _l("“%(said)s”在搜索里已有别的意思（地点、时间等），不能再当工种的说法。"))
register("synonym_is_official", _l("“%(said)s”本身就是职业（工种）名称，不用再加。"))
register("synonym_meant_unknown", _l("没有叫“%(meant)s”的职业（工种），请从列表里选。"))
register("synonym_exists", _l("这一条已经有了。"))
register("synonym_ended", _l("这一条已经停用。"))
register("not_designated", _l("没有覆盖这个职业和等级的有效定点资格，不能作为补贴培训上架。"))
register("course_archived", _l("课程已归档，只能复制成新课程。"))
register("course_in_review", _l("课程正在审核，先撤回送审才能修改。"))
register("no_review_needed", _l("不是补贴培训，不用送审，可以直接上架。"))
register("nothing_to_submit", _l("没有等待送审的修改。"))
register("not_approved", _l("补贴培训要先送审，通过后才能上架。"))
register("full_payment_unaccepted", _l("请确认：按补贴金额足额收取，不再向学员收费。"))
register("level_required", _l("这种证书要写明技能等级。"))
register("hours_required", _l("理论和实操加起来至少 1 课时。"))
register("fee_required", _l("补贴培训要写明学费，补贴按它结算。"))
register("trade_unknown", _l("请从列表里选择职业（工种）。"))
register("subsidy_with_open_runs", _l("有正在招生的班期时，不能改变是否补贴培训。"))
register("course_has_open_runs", _l("先取消这些班期：%(runs)s。"))
register("course_not_live", _l("课程上架以后才能开始招生。"))
register("run_cancelled", _l("班期已取消，不能再改。"))
register("run_over", _l("班期已结束，不能再改。"))
register("run_started", _l("第一节课的时间已过，不能开始招生。"))
register("starts_in_past", _l("开班日期不能早于今天。"))
register("dates_reversed", _l("结束日期不能早于开始日期。"))
register("run_too_long", _l("一个班最长 %(days)s 天。"))
register("weekdays_required", _l("请至少选择一天。"))
register("slot_reversed", _l("下课时间要晚于上课时间。"))
register("slot_incomplete", _l("上课和下课时间要一起填。"))
register("slots_overlap", _l("两个时段重叠了。"))
register("skipped_outside", _l("%(day)s 不在开班日期之内。"))
register("skipped_unreadable", _l("看不懂「%(text)s」，请按 2026-12-05 这样填写，用逗号隔开。"))
register("no_sessions", _l("这些日期里没有课，请检查日期和星期。"))
register("too_many_sessions", _l("一个班最多 %(most)s 节课。"))
register("place_region_unknown", _l("请选择区县。"))
register("seats_taken", _l("已有 %(taken)s 人占了名额，名额不能少于这个数。"))
register("lesson_in_past", _l("这个时间已经过了，请选以后的时间。"))
register("lesson_begun", _l("这节课已经开始或上完，不能再改。"))
register("lesson_last", _l("一个班至少要有一节课；不办了请取消班期。"))
register("lessons_overlap", _l("和这个班的另一节课时间重叠。"))
register("reason_required", _l("请选择原因，我们会告诉每位学员。"))
register("reason_note_required", _l("选了「其他」，请写明原因。"))
register("reasons_required", _l("退回要至少选一个原因。"))
register("review_decided", _l("这次送审已经有结果了。"))
register("saved_search_empty", _l("先选一个条件或写几个字，再保存。"))
register("saved_search_too_long", _l("条件太多，存不下。请去掉几个再保存。"))
register("too_many_saved_searches", _l("最多关注 %(most)s 个搜索，先删掉一个。"))

notifications.register(
    "course_approved",
    _l("课程通过审核"),
    _l("「%(title)s」通过审核，已经上架。现在可以开班招生。"),
)
notifications.register(
    "course_returned",
    _l("课程被退回"),
    _l("「%(title)s」被退回，原因写在课程页上。改好后可以再次送审。"),
)
notifications.register(
    "saved_search_news",
    _l("你关注的搜索有新课"),
    _l("你关注的一个搜索有 %(n)s 门新课或新班。到“我的培训”里的“关注的搜索”看是哪些。"),
)
