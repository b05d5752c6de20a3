"""The bureau's forms for lists and designations."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired

from app.forms import ChoicesField, DateField, Form, RadioField, SelectField, TextField, coerce_id

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
