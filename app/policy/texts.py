"""The texts of the evaluator's codes, Chinese and English."""

from __future__ import annotations

from .rulebook import Label
from .verdict import Answer, Condition, NearMiss, Reason, Verdict

_TEXTS: dict[str, tuple[str, str]] = {
    # answers
    "answer.yes": ("可以", "Yes"),
    "answer.yes_if": ("可以，前提是……", "Yes, provided that…"),
    "answer.eligible": ("符合条件，金额未定", "Eligible, amount not set"),
    "answer.eligible_if": ("符合条件，金额未定，前提是……", "Eligible, amount not set, provided that…"),
    "answer.no": ("不可以", "No"),
    "answer.unknown": ("还不能确定", "Not known yet"),
    "answer.not_in_force": ("这一天还没有生效的规定", "No rule was in force on that day"),
    # reasons: reason.<check>.<outcome>
    "reason.in_force.failed": ("这一天没有生效的补贴规定", "No subsidy rule was in force on that day"),
    "reason.group.held": ("政策点名的培训对象", "You are in a group the policy names"),
    "reason.group.failed": (
        "你选的情况不在这类补贴的对象里；如果人社部门另有认定，以认定为准",
        "Your situation is not among those this subsidy is for; a recognition by the bureau would count",
    ),
    "reason.group.unknown": ("还不知道你属于哪类培训对象", "Which group you are in is not known yet"),
    "reason.group_inferred.held": (
        "政策为这类人员安排了专项培训，我们据此认为适用同一补贴",
        "The policy has a programme for this group; we read it as covered by the same subsidy",
    ),
    "reason.group_other_form.failed": (
        "你的情况适用另一种培训的补贴，不是这一种",
        "Your situation opens a subsidy for another kind of training, not this one",
    ),
    "reason.group_without_amount.held": (
        "政策提到了这类人员的培训，但没有写补贴金额",
        "The policy names training for this group but sets no amount",
    ),
    "reason.designated.held": ("由定点培训机构开办", "Run by a designated institution"),
    "reason.designated.failed": (
        "这家机构的这门课没有定点资格，不能用这项补贴",
        "This institution is not designated for this course, so this subsidy does not apply",
    ),
    "reason.level.failed": (
        "政策没有给这个级别的补贴金额",
        "The policy sets no amount for this level",
    ),
    "reason.level.unknown": (
        "课程没有写明级别，金额不能确定",
        "The course states no level, so the amount is not known",
    ),
    "reason.trade_paid.failed": (
        "现行规定没有给这个职业的补贴金额",
        "The rules in force set no amount for this trade",
    ),
    "reason.amount_set.unknown": (
        "政策说有创业培训补贴，但还没有公布金额",
        "The policy promises a start-up training subsidy, but no amount has been published",
    ),
    "reason.standard_missing.held": (
        "这个职业和级别还没有公布补贴标准，暂按最高额计算",
        "No standard is published for this trade and level yet; the cap is used",
    ),
    "reason.listed.held": ("在今天的急需紧缺职业（工种）目录里", "On today's shortage trade list"),
    "reason.listed.unknown": (
        "还不知道是否在急需紧缺职业（工种）目录里",
        "Whether the trade is on the shortage list is not known",
    ),
    "reason.not_listed.held": ("不在今天的急需紧缺职业（工种）目录里", "Not on today's shortage trade list"),
    "reason.recognised.held": ("已有认定记录", "You are officially recognised"),
    "reason.recognised.failed": ("没有认定记录", "There is no official recognition"),
    "reason.recognised.unknown": ("需要有关部门的认定记录", "An official recognition is needed"),
    "reason.minimum_age.held": ("年满{years}周岁", "Aged {years} or over"),
    "reason.minimum_age.failed": ("未满{years}周岁", "Under {years}"),
    "reason.minimum_age.unknown": (
        "还不知道是否年满{years}周岁",
        "Whether you are {years} or over is not known yet",
    ),
    "reason.retirement_age.held": ("没有到法定退休年龄", "Below the statutory retirement age"),
    "reason.retirement_age.failed": ("已到法定退休年龄", "At or above the statutory retirement age"),
    "reason.retirement_age.unknown": (
        "还不知道是否到了法定退休年龄",
        "Whether you have reached the statutory retirement age is not known",
    ),
    "reason.residence.held": (
        "户口、参保、失业登记或居住地在石家庄",
        "Your hukou, insurance, registration or home is here",
    ),
    "reason.residence.failed": (
        "户口、参保、失业登记和居住地都不在石家庄",
        "Neither hukou, insurance, registration nor home is in Shijiazhuang",
    ),
    "reason.residence.unknown": ("还不知道你和石家庄的关系", "What ties you to Shijiazhuang is not known yet"),
    "reason.same_trade_level.held": (
        "这个职业和级别以前没有用过补贴",
        "No subsidy used before for this trade and level",
    ),
    "reason.same_trade_level.failed": (
        "同一个职业、同一级别（或更高级别）只能补贴一次，你已经用过",
        "A trade is subsidised once per level (or higher), and you have used it",
    ),
    "reason.same_trade_level.unknown": (
        "还不知道这个职业和级别以前有没有用过补贴",
        "Whether this trade and level was subsidised for you before is not known yet",
    ),
    "reason.uses_per_year.held": ("今年用过的补贴不到{most}次", "Fewer than {most} subsidies used this year"),
    "reason.uses_per_year.failed": (
        "今年已经用满{most}次补贴",
        "You have used {most} subsidies this year, the most allowed",
    ),
    "reason.uses_per_year.unknown": (
        "还不知道今年用过几次补贴",
        "How many subsidies you used this year is not known yet",
    ),
    "reason.insured_months.held": (
        "失业保险累计交满{months}个月",
        "{months} months of unemployment insurance paid",
    ),
    "reason.insured_months.failed": (
        "失业保险累计没有交满{months}个月",
        "Less than {months} months of unemployment insurance paid",
    ),
    "reason.insured_months.unknown": (
        "还不知道失业保险是否累计交满{months}个月",
        "Whether {months} months of unemployment insurance are paid is not known yet",
    ),
    "reason.certificate.held": (
        "已取得证书，发证没有超过{months}个月",
        "You hold the certificate, issued no more than {months} months ago",
    ),
    "reason.certificate.failed": (
        "证书核发已超过{months}个月",
        "The certificate was issued more than {months} months ago",
    ),
    "reason.certificate.unknown": ("还没有取得证书", "You do not hold the certificate yet"),
    "reason.in_force_at_certificate.failed": (
        "证书核发那天还没有这项规定",
        "The rule was not in force when the certificate was issued",
    ),
    "reason.listed_at_certificate.held": (
        "发证那天在急需紧缺职业（工种）目录里",
        "On the shortage trade list on the day of the certificate",
    ),
    "reason.listed_at_certificate.unknown": (
        "还不知道发证那天是否在急需紧缺职业（工种）目录里",
        "Whether it was on the shortage trade list on the day of the certificate is not known",
    ),
    "reason.not_listed_at_certificate.held": (
        "发证那天不在急需紧缺职业（工种）目录里",
        "Not on the shortage trade list on the day of the certificate",
    ),
    "reason.insured_at_certificate.held": (
        "发证当月在缴失业保险",
        "Insured in the month of the certificate",
    ),
    "reason.insured_at_certificate.failed": (
        "发证当月没有缴失业保险",
        "Not insured in the month of the certificate",
    ),
    "reason.insured_at_certificate.unknown": (
        "还不知道发证当月是否在缴失业保险",
        "Whether you were insured in the month of the certificate is not known",
    ),
    "reason.graduation_year.held": ("正在毕业学年", "In the graduation year"),
    "reason.graduation_year.failed": ("不在毕业学年", "Not in the graduation year"),
    "reason.graduation_year.unknown": (
        "还不知道是否在毕业学年（毕业前一年7月1日起的12个月）",
        "Whether this is your graduation year (12 months from 1 July of the year before) is not known",
    ),
    "reason.not_apprentice.held": (
        "不在企业新型学徒制培养期内",
        "Not in the term of a company apprenticeship",
    ),
    "reason.not_apprentice.failed": (
        "企业新型学徒制培养期内，不能再用其他培训补贴",
        "No other training subsidy in the term of a company apprenticeship",
    ),
    "reason.not_apprentice.unknown": (
        "还不知道是否在企业新型学徒制培养期内",
        "Whether you are in a company apprenticeship is not known",
    ),
    "reason.plan_year.held": (
        "有培养年度已经完成、还没有付",
        "A year of the plan is completed and not yet paid",
    ),
    "reason.plan_year.unknown": (
        "还没有完成、或已经付过的培养年度",
        "No year of the plan is known to be completed and unpaid",
    ),
    "reason.plan_years.held": (
        "这个培养计划已付的年度没有到上限",
        "This plan has not been paid for all its years",
    ),
    "reason.plan_years.failed": (
        "这个培养计划已经付满{most}个年度（经批准的三年计划除外）",
        "This plan has been paid for {most} years, the most allowed without an exception",
    ),
    "reason.plan_years.unknown": (
        "还不知道这个培养计划已付几个年度",
        "How many years of this plan were paid is not known",
    ),
    # conditions: 「可以，前提是……」
    "condition.listed": (
        "金额按开班备案那天的目录确定",
        "The amount follows the list on the day the class is filed",
    ),
    "condition.recognised": ("你有有关部门的认定记录", "You have the official recognition"),
    "condition.retirement_age": ("你还没有到法定退休年龄", "You are below the statutory retirement age"),
    "condition.minimum_age": ("你年满{years}周岁", "You are {years} or over"),
    "condition.residence": (
        "你的户口、参保、失业登记或居住地在石家庄",
        "Your hukou, insurance, registration or home is in Shijiazhuang",
    ),
    "condition.same_trade_level": (
        "同一个职业、同一级别（或更高级别）你以前没有用过补贴",
        "You have not had this trade subsidised at this level or a higher one",
    ),
    "condition.uses_per_year": (
        "你今年用过的补贴不到{most}次",
        "You have used fewer than {most} subsidies this year",
    ),
    "condition.insured_months": (
        "你的失业保险累计交满{months}个月",
        "You have paid {months} months of unemployment insurance in total",
    ),
    "condition.certificate": (
        "你取得证书，并在发证后{months}个月内申请",
        "You obtain the certificate and apply within {months} months of its issue",
    ),
    "condition.listed_at_certificate": (
        "金额按证书核发那天的目录确定",
        "The amount follows the list on the day the certificate was issued",
    ),
    "condition.insured_at_certificate": (
        "发证当月你在缴失业保险",
        "You were insured in the month of the certificate",
    ),
    "condition.graduation_year": (
        "你在毕业学年（毕业前一年7月1日起的12个月）",
        "You are in your graduation year (12 months from 1 July of the year before)",
    ),
    "condition.plan_year": (
        "每完成一个培养年度付一次",
        "One payment for each completed year of the plan",
    ),
    "condition.plan_years": (
        "这个培养计划已付的年度没有到{most}个（经批准的三年计划除外）",
        "This plan has been paid for fewer than {most} years, unless a third is approved",
    ),
    # near misses
    "near_miss.designated_course": (
        "如果选定点机构开的同类课程，就可以用补贴",
        "The same kind of course at a designated institution would be subsidised",
    ),
    "near_miss.upgrade_course": (
        "你是企业职工：学岗位提升课程并取得证书后，补贴发给你本人",
        "As an employee: take a skill upgrade course, obtain the certificate, and the subsidy is paid to you",
    ),
    "near_miss.employment_course": (
        "如果选就业技能培训课程，就可以用补贴",
        "A course of employment training would be subsidised",
    ),
    "near_miss.other_trade_or_level": (
        "如果换一个没有用过补贴的职业，或更高的级别，就可以用补贴",
        "Another trade, or a higher level, not yet subsidised for you would be",
    ),
    "near_miss.next_year": (
        "明年次数重新计算，到时就可以用补贴",
        "The count starts again next year; you could use it then",
    ),
    "near_miss.insured_long_enough": (
        "如果失业保险累计交满12个月，就可以申请",
        "With 12 months of unemployment insurance in total you could apply",
    ),
    "near_miss.move_here": (
        "如果住在石家庄（有居住证或居住证明），就可以用补贴",
        "Living in Shijiazhuang (with a permit or proof of address) would be enough",
    ),
    "near_miss.register_unemployed": (
        "如果你没有工作，可以先办失业登记，登记后就可以用补贴",
        "If you have no job, register as unemployed first; then the subsidy applies",
    ),
    "near_miss.recognition": (
        "如果有关部门认定了你的情况，就可以用补贴",
        "With an official recognition of your situation the subsidy applies",
    ),
    "near_miss.level_with_amount": (
        "如果学三级（高级工）的同类课程，就有补贴",
        "The same trade at level 3 (advanced) is subsidised",
    ),
    "near_miss.together": ("{first}；同时{second}", "{first}; and {second}"),
    # who is paid
    "payee.institution": ("补贴直接付给培训机构，你不用交钱", "Paid to the institution; you pay nothing"),
    "payee.worker": ("补贴在你取得证书后发给你本人", "Paid to you after you obtain the certificate"),
    "payee.enterprise": ("补贴付给你所在的企业", "Paid to your company"),
    # reading a list
    "list_too_large": (
        "文件太大（最多{megabytes} MB），请只保留要导入的这一张表",
        "The file is too large (at most {megabytes} MB)",
    ),
    "list_unreadable": (
        "读不懂这个文件，请另存为 xlsx 或 CSV（UTF-8）再上传",
        "The file cannot be read; save it as xlsx or CSV (UTF-8) and upload it again",
    ),
    "list_empty": ("文件里没有内容", "The file is empty"),
    "list_too_long": ("行数太多（最多{rows}行）", "Too many rows (at most {rows})"),
    "list_columns_missing": ("第一行缺少这些列：{columns}", "The first row lacks the columns {columns}"),
    "row_code_empty": ("没有填编码", "The code is empty"),
    "row_code_unknown": ("没有编码为{code}的职业，请核对版本", "There is no trade {code}; check the edition"),
    "row_name_differs": (
        "编码{code}是“{expected}”，文件里写的是“{name}”，请核对版本",
        "Code {code} is “{expected}”, the file says “{name}”; check the edition",
    ),
    "row_duplicate": ("与第{first}行重复", "The same as line {first}"),
}


def text(code: str, locale: str, /, **params: object) -> str:
    """The text of a code: Chinese for locales zh…, English for every other; LookupError names a missing code."""
    if code not in _TEXTS:
        raise LookupError(f"No text for the policy code {code!r}; add it to app/policy/texts.py.")
    return Label(*_TEXTS[code]).in_(locale).format(**params)


def codes() -> frozenset[str]:
    """Every code that has a text."""
    return frozenset(_TEXTS)


def reason_text(reason: Reason, locale: str) -> str:
    """What one check found, in words."""
    return text(f"reason.{reason.code}.{reason.outcome}", locale, **reason.params)


def condition_text(condition: Condition, locale: str) -> str:
    """What a yes depends on, in words that follow 「前提是」."""
    return text(f"condition.{condition.code}", locale, **condition.params)


def near_miss_text(near_miss: NearMiss, locale: str) -> str:
    """What would change a no, in words: one change, or two that are needed together."""
    first, *others = (text(f"near_miss.{step.code}", locale) for step in near_miss.steps)
    for second in others:
        first = text("near_miss.together", locale, first=first, second=second)
    return first


def answer_text(verdict: Verdict, locale: str) -> str:
    """The answer in words; a yes with open conditions is never shown as a plain yes."""
    is_conditional = verdict.conditions and verdict.answer in (Answer.YES, Answer.ELIGIBLE)
    return text(f"answer.{verdict.answer}{'_if' if is_conditional else ''}", locale)
