"""What this room says: refusals, reasons, states and notices, by code."""

from __future__ import annotations

from flask_babel import LazyString

from app import errors, notifications
from app.enroll.models import EnrollmentState, ImportState, PapersState, ProofState, RegisterKind
from app.enroll.rules import Why
from app.i18n import lazy_gettext as _l

CONSENT_VERSION = "2026-11"

errors.register("name_empty", _l("请填写证件上的姓名。"))
errors.register("name_too_long", _l("姓名最多%(maximum)s个字。"))
errors.register("residence_missing", _l("请从列表中选择常住的县（市、区）。"))
errors.register("consent_missing", _l("请先阅读告知，并勾选同意。"))
errors.register(
    "id_number_taken",
    _l("这个证件号码已经登记过，不能再用。如果是你本人，请带上证件到任一区县人社局窗口，当场帮你处理。"),
)
errors.register(
    "identity_fixed", _l("已有报名或材料核验后，姓名和证件号码要到人社局窗口更正。电话和常住地可以随时改。")
)
errors.register("profile_missing", _l("请先填写姓名、证件号码、电话和常住地。"))
errors.register("run_closed", _l("这个班已经不能报名：可能已开班、已取消或已下架。"))
errors.register("run_overlaps", _l("上课时间与你已报的班重叠：%(title)s。请先退出那一个，或者选别的时间。"))
errors.register("offer_late", _l("这个名额的确认时间已过，或者你已经处理过了。"))
errors.register("not_withdrawable", _l("这条报名已经结束，不用再退。"))
errors.register("nobody_chosen", _l("请至少选择一个人。"))
errors.register("reason_missing", _l("请选择原因。"))
errors.register("nothing_changed", _l("没有可以处理的报名：可能刚刚有人处理过。"))
errors.register("proof_decided", _l("这份材料已经处理过了。"))
errors.register("proof_needed", _l("还有报名在等这份材料，不能删除。可以删掉其中的文件，换成新的。"))
errors.register("files_missing", _l("请先选择照片或 PDF。"))
errors.register("files_too_many", _l("一份材料最多 %(most)s 个文件，还能加 %(left)s 个。"))
errors.register("files_too_heavy", _l("一次上传的文件太大了，请分几次传，每个文件最多 %(megabytes)s MB。"))
errors.register("files_changed", _l("学员刚刚改过文件，请看过新的文件再核验。"))
errors.register("as_of_ahead", _l("数据截至日期不能晚于今天。"))
errors.register("register_without_rows", _l("文件里没有一行能导入（%(count)s 行有问题）。请核对列名和证件号码。"))
errors.register("import_decided", _l("这次导入已经处理过了。"))
errors.register("import_older", _l("现行数据截至 %(on)s，比这一份新，不能用旧的替换。"))
errors.register("group_unknown", _l("请选择核实的人员类别。"))
errors.register("valid_until_past", _l("有效期至少到明天。"))
errors.register("learner_unknown", _l("没有找到这位学员。请核对登录名或证件号码。"))
errors.register("message_empty", _l("请写明希望复核什么。"))
errors.register("answer_empty", _l("请填写答复。"))
errors.register("answers_missing", _l("请先回答几个问题，再按新的回答核定。"))
errors.register("class_begun", _l("已经开班或报名已结束，结论不再按新的回答核定。认为不对可以申请人工复核。"))
errors.register("review_answered", _l("这条申请已经答复过了。"))

STATES: dict[EnrollmentState, LazyString] = {
    EnrollmentState.APPLIED: _l("待录取"),
    EnrollmentState.ADMITTED: _l("已录取"),
    EnrollmentState.OFFERED: _l("已递补，待确认"),
    EnrollmentState.WAITING: _l("候补"),
    EnrollmentState.REFUSED: _l("未录取"),
    EnrollmentState.WITHDRAWN: _l("已退出"),
    EnrollmentState.EXPIRED: _l("递补已过期"),
    EnrollmentState.CANCELLED: _l("班已取消"),
}

PAPERS: dict[PapersState, LazyString] = {
    PapersState.NOT_NEEDED: _l("不需要"),
    PapersState.PENDING: _l("待核验"),
    PapersState.VERIFIED: _l("材料已核"),
    PapersState.RETURNED: _l("待核验"),  # an institution learns only whether the papers are verified
}

PROOFS: dict[ProofState, LazyString] = {
    ProofState.PENDING: _l("待核验"),
    ProofState.VERIFIED: _l("已核验"),
    ProofState.RETURNED: _l("已退回"),
    ProofState.EXPIRED: _l("已过期"),
}

REGISTERS: dict[RegisterKind, LazyString] = {
    RegisterKind.UNEMPLOYMENT: _l("失业登记"),
    RegisterKind.INSURANCE: _l("失业保险缴费"),
    RegisterKind.VETERANS: _l("退役军人"),
    RegisterKind.DISABILITY: _l("残疾人证"),
    RegisterKind.ENROLMENT: _l("高校学籍"),
}

IMPORTS: dict[ImportState, LazyString] = {
    ImportState.READING: _l("正在读取"),
    ImportState.DRAFT: _l("待确认"),
    ImportState.IN_FORCE: _l("使用中"),
    ImportState.ENDED: _l("已停用"),
}

ROW_ERRORS: dict[str, LazyString] = {
    "row_number_wrong": _l("证件号码不对，请核对位数和校验码"),
    "row_name_missing": _l("没有姓名，或者姓名太长"),
    "row_months_unreadable": _l("缴费月数应为整数"),
    "row_date_unreadable": _l("日期读不懂，应像 2026-12-05"),
    "row_run_out": _l("有效期已过"),
    "row_duplicate": _l("与第 %(first)s 行是同一个人"),
}

# What the learner and the bureau read of a decision, and all an institution is told of it.
ANSWERS: dict[str, LazyString] = {
    "yes": _l("符合"),
    "eligible": _l("符合条件，金额未定"),
    "no": _l("不符合，自费"),
    "unknown": _l("待核实"),
}
TOLD: dict[str, LazyString] = {"yes": _l("符合"), "no": _l("自费"), "unknown": _l("待核实")}

# Why a decision was made; the first one has no reason but the application.
WHY: dict[Why | None, LazyString] = {
    None: _l("本人报名"),
    Why.PAPERS: _l("材料有了核验结果，或者到期"),
    Why.REGISTER: _l("登记名单有更新"),
    Why.ANSWERS: _l("本人更新了回答"),
    Why.LAPSED: _l("上一个结论到期"),
    Why.LAW: _l("目录或补贴标准有了新的一版"),
    Why.FILING: _l("开班当天核定"),
    Why.MOVED: _l("常住地变更，转给新的人社局"),
}

REFUSALS: dict[str, LazyString] = {
    "unreachable": _l("多次联系不上本人"),
    "identity_mismatch": _l("填写的信息与本人不符"),
    "entry_requirement": _l("不满足本班的入学要求"),
    "papers_not_verified": _l("开班前材料没有核验"),
    "asked_to_leave": _l("本人要求取消"),
    "duplicate": _l("已在学同一课程"),
    "other": _l("其他（请在说明里写清楚）"),
}

RETURNS: dict[str, LazyString] = {
    "unreadable": _l("材料不清楚或不完整"),
    "not_matching": _l("材料与本人信息不一致"),
    "out_of_date": _l("材料已过有效期"),
    "not_shown": _l("没有出示材料"),
    "not_in_group": _l("经核查，不属于所申报的人员类别"),
}

notifications.register(
    "enroll.applied",
    _l("报名成功：%(title)s"),
    _l("你已报名「%(title)s」，名额已为你保留。接下来由培训机构确认录取，有结果会告诉你。"),
)
notifications.register(
    "enroll.waitlisted",
    _l("已进入候补：%(title)s"),
    _l("「%(title)s」名额已满，你已进入候补。有人退出时按先后顺序通知，你的位置在「我的培训」里随时能看。"),
)
notifications.register(
    "enroll.admitted", _l("已录取：%(title)s"), _l("你已被「%(title)s」录取，%(starts_on)s 开课。请按时到课。")
)
notifications.register(
    "enroll.refused",
    _l("未录取：%(title)s"),
    _l("「%(title)s」没有录取你，原因在「我的培训」里。你可以报别的班。"),
)
notifications.register(
    "enroll.offered",
    _l("轮到你了：%(title)s"),
    _l("「%(title)s」有了名额，为你保留到 %(until)s。请在这之前登录确认，过时将让给下一位。"),
)
notifications.register(
    "enroll.offer_expired",
    _l("递补名额已过期：%(title)s"),
    _l("「%(title)s」的名额没有在时限内确认，已让给下一位。你可以重新报名。"),
)
notifications.register(
    "enroll.withdrawn", _l("已退出：%(title)s"), _l("你已退出「%(title)s」，名额已释放。以后还可以再报。")
)
notifications.register(
    "enroll.run_cancelled",
    _l("班已取消：%(title)s"),
    _l("很抱歉，「%(title)s」这个班取消了，原因在「我的培训」里。你不会因此少一次补贴机会。"),
)
notifications.register(
    "enroll.run_changed",
    _l("上课安排有变：%(title)s"),
    _l("「%(title)s」的时间、地点或名额有调整，请在「我的培训」里看新的安排。不方便可以退出。"),
)
notifications.register(
    "enroll.run_clashes",
    _l("新的上课时间与你另一个班重叠：%(title)s"),
    _l("「%(title)s」的上课时间改了，与你报的另一个班重叠。请在「我的培训」里退出其中一个。"),
)
notifications.register(
    "enroll.proof_verified",
    _l("材料已核验"),
    _l("人社局已核验你的材料，有效期内报别的班不用再交。"),
)
notifications.register(
    "enroll.proof_returned",
    _l("材料需要补正"),
    _l("你的材料没有通过核验，原因和下一步在「我的培训」里。"),
)
notifications.register(
    "enroll.proof_ends",
    _l("材料快到期了"),
    _l("你有一份核验过的材料 %(until)s 到期。之后还要报名的话，请在「我的培训」里重新提交。"),
)
notifications.register(
    "enroll.proof_expired",
    _l("材料已过期"),
    _l("你有一份材料的有效期到 %(until)s 为止。还要用它报名的话，请在「我的培训」里重新提交。"),
)
notifications.register(
    "enroll.papers_due",
    _l("请在开班前更新材料：%(title)s"),
    _l(
        "「%(title)s」%(starts_on)s 开班，你核验过的材料到那天已经过期。请在开班前到「我的培训」里交新的材料。"
        "开班前结论和名额都不变；到开班那天还没有核过新的材料，就按待核验处理。"
    ),
)
notifications.register(
    "enroll.verdict_changed",
    _l("补贴结论有变：%(title)s"),
    _l("「%(title)s」的补贴结论有变化，现在的结论和为什么重新核定，请在「我的培训」里查看。"),
)
notifications.register(
    "enroll.decision_ends",
    _l("补贴结论快到期：%(title)s"),
    _l(
        "「%(title)s」的补贴结论 %(until)s 到期，那时还没有开班。到期后会按当天的规定和你有效的材料自动重新核定，"
        "名额不受影响。情况有变的话（比如换了工作或常住地），请在「我的培训」里更新回答；材料到期的请重新提交。"
    ),
)
notifications.register(
    "enroll.review_answered", _l("复核申请已答复"), _l("人社局已答复你的复核申请，请在「我的培训」里查看。")
)
