"""The forms of this room."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_wtf.file import FileField, FileRequired, MultipleFileField
from werkzeug.datastructures import FileStorage

from app import clock, i18n
from app.enroll import texts
from app.enroll.services import Identity
from app.forms import (
    BooleanField,
    ChoicesField,
    DateField,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    TextArea,
    TextField,
    coerce_id,
)
from app.i18n import lazy_gettext as _l
from app.tenants.forms import Passes
from app.tenants.identifiers import check_id_number, check_mobile
from app.tenants.regions import county_level


def region_choices() -> list[tuple[Any, Any]]:
    """Every county-level unit, with an empty first line."""
    return [
        ("", _l("请选择")),
        *((region.id, i18n.pick(region.name, region.name_en)) for region in county_level()),
    ]


class ProfileForm(Form):
    """Who the learner is."""

    name = TextField(_l("姓名"), description=_l("与证件上的姓名一致"), maximum=60)
    id_number = TextField(
        _l("证件号码"),
        [Passes(lambda text: check_id_number(text, clock.today()))],
        description=_l("身份证、港澳台居民居住证或外国人永久居留身份证，18位"),
        maximum=40,
    )
    phone = TextField(
        _l("联系电话"),
        [Passes(check_mobile)],
        description=_l("培训机构会打这个电话；家人共用的号码也可以"),
        maximum=40,
    )
    region_id = SelectField(_l("常住的县（市、区）"), coerce=coerce_id)
    consent = BooleanField(_l("我已阅读上面的告知，单独同意处理我的证件号码"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region_id.choices = region_choices()

    def identity(self) -> Identity:
        """What was typed, for the service to check."""
        return Identity(
            name=self.name.data or "",
            id_number=self.id_number.data or "",
            phone=self.phone.data or "",
            region_id=self.region_id.data,
        )


class DecideForm(Form):
    """A bulk decision on a run's applicants."""

    reason_codes = SelectField(_l("不录取的原因"), required=False)
    note = TextField(_l("补充说明"), required=False, maximum=200, description=_l("本人会看到。选「其他」时必填。"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason_codes.choices = [("", _l("请选择")), *texts.REFUSALS.items()]


class VerifyForm(Form):
    """The bureau confirms what it has seen."""

    groups = ChoicesField(_l("核实的人员类别"), required=False)
    other = SelectField(_l("其他人员类别"), required=False, description=_l("材料证明的是另一类人员时选这里"))
    valid_until = DateField(
        _l("有效期至"), required=False, description=_l("不填表示长期有效"), latest=date(2100, 12, 31)
    )

    seen = HiddenField()

    def chosen(self) -> list[str]:
        """Every group confirmed."""
        return [*(self.groups.data or []), *([self.other.data] if self.other.data else [])]

    def files_seen(self) -> list[int]:
        """The files that lay before whoever decides."""
        return [number for part in (self.seen.data or "").split(",") if (number := coerce_id(part)) is not None]


class FilesForm(Form):
    """A learner hands in photos or documents."""

    photo = FileField(_l("用手机拍一张"))
    files = MultipleFileField(_l("从手机或电脑里选"))

    def chosen(self) -> list[FileStorage]:
        """Every file that was sent."""
        return [file for file in (self.photo.data, *(self.files.data or ())) if file]


class RegisterForm(Form):
    """The bureau brings in a state register."""

    as_of = DateField(_l("数据截至"), description=_l("这份名单是哪一天的"))
    valid_until = DateField(_l("有效期至"), required=False, latest=date(2100, 12, 31))
    file = FileField(_l("名单文件"), [FileRequired(_l("请选择文件。"))])


class ReturnForm(Form):
    """The bureau sends a proof back."""

    reason_codes = ChoicesField(_l("退回的原因"))
    note = TextArea(_l("给学员的说明"), required=False, maximum=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason_codes.choices = list(texts.RETURNS.items())


class ReferralForm(Form):
    """The bureau records a referral."""

    learner = TextField(
        _l("登录名或证件号码"), description=_l("手机号、邮箱、用户名，或18位证件号码"), maximum=100
    )
    group = RadioField(_l("推荐的人员类别"))
    valid_until = DateField(_l("有效期至"), required=False, description=_l("不填表示长期有效"))


class ReviewForm(Form):
    """A learner asks for a person to look."""

    region_id = SelectField(_l("常住的县（市、区）"), coerce=coerce_id)
    message = TextArea(
        _l("希望复核什么"), description=_l("写明你的情况和你认为不对的地方。这里不用写证件号码。"), maximum=1000
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region_id.choices = region_choices()


class AnswerForm(Form):
    """The bureau answers."""

    answer = TextArea(_l("答复"), maximum=1000)
