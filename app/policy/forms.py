"""The bureau's forms for new versions of the law, and for designations."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired

from app.forms import (
    BooleanField,
    ChoicesField,
    DateField,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    TextArea,
    TextField,
    YuanField,
    coerce_id,
)
from app.i18n import lazy_gettext as _l

LEVELS = [
    ("5", _l("五级（初级工）")),
    ("4", _l("四级（中级工）")),
    ("3", _l("三级（高级工）")),
    ("2", _l("二级（技师）")),
    ("1", _l("一级（高级技师）")),
]


class ListForm(Form):
    """Upload a shortage list."""

    name = TextField(_l("目录名称"), maximum=100)
    document_no = TextField(_l("文号"), maximum=100)
    valid_from = DateField(_l("从哪天起生效"))
    file = FileField(
        _l("目录文件"),
        [FileRequired(_l("请选择文件。"))],
        description=_l("XLSX、XLS 或 CSV；第一行是列名，要有「编码」和「名称」两列。"),
    )
    takes_names = BooleanField(
        _l("名称不同的行按改名收下"),
        description=_l("不勾选时，名称和职业分类不一致的行会被退回：同一编码在不同版本的分类里可能是另一个职业。"),
    )


class AmountForm(Form):
    """A new amount of a rule, or its end; of `amount` and `percent` a rule has one."""

    action = RadioField(
        _l("要做什么"), choices=[("set", _l("定新的标准")), ("end", _l("停止执行，不再补贴"))], default="set"
    )
    amount = YuanField(
        _l("新标准（元）"), required=False, maximum_fen=10_000_000, description=_l("停止执行的不用填。")
    )
    percent = IntegerField(
        _l("提高百分之几"), required=False, minimum=1, maximum=100, description=_l("停止执行的不用填。")
    )
    document_no = TextField(_l("文号"), maximum=100)
    clause = TextField(_l("条款"), maximum=40, description=_l("写明在文件的哪一条，例如 三(一)2。"))
    quote = TextArea(_l("原文"), maximum=500, description=_l("照抄文件里定这个标准的那句话；会公开。"))
    valid_from = DateField(_l("从哪天起生效"))


class LimitForm(Form):
    """A new number of a limit, or whether it applies; a limit may lack either."""

    number = IntegerField(_l("新的数"), required=False)
    action = RadioField(_l("是否执行"), choices=[("on", _l("执行")), ("off", _l("不执行"))])
    document_no = TextField(_l("文号"), maximum=100)
    clause = TextField(_l("条款"), maximum=40, description=_l("写明在文件的哪一条，例如 三(一)2。"))
    valid_from = DateField(_l("从哪天起生效"))


class DesignationForm(Form):
    """Designate an institution for a trade."""

    tenant_id = SelectField(_l("培训机构"), coerce=coerce_id)
    trade_code = SelectField(_l("工种"))
    levels = ChoicesField(_l("等级"), choices=LEVELS)
    document_no = TextField(_l("认定文号"), maximum=100)
    valid_from = DateField(_l("从哪天起"))
    valid_to = DateField(_l("到哪天止（不含）"))


class DesignationStateForm(Form):
    """Suspend, restore or remove."""

    state = RadioField(
        _l("改为"), choices=[("active", _l("恢复")), ("suspended", _l("暂停")), ("removed", _l("取消"))]
    )
    reason_codes = ChoicesField(_l("原因"))
