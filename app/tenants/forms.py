"""The room's forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wtforms.validators import ValidationError

from app import errors
from app.errors import DomainError
from app.forms import (
    ChoicesField,
    Form,
    PasswordField,
    RadioField,
    SelectField,
    TextArea,
    TextField,
    coerce_id,
)
from app.i18n import lazy_gettext as _l
from app.i18n import pick
from app.tenants import labels, logins
from app.tenants.identifiers import check_contact_phone, check_uscc
from app.tenants.models import TenantKind
from app.tenants.permissions import ROLES_OF
from app.tenants.regions import county_level


class Passes:
    """A validator made of a pure check of text: its refusal stands beside the field with all the others."""

    def __init__(self, check: Callable[[str], object]) -> None:
        self.check = check

    def __call__(self, form: Any, field: Any) -> None:
        """Refuse what the check refuses."""
        try:
            self.check(str(field.data or ""))
        except DomainError as error:
            raise ValidationError(errors.message(error)) from error


class SignInForm(Form):
    """One field for whatever the person signs in with."""

    login = TextField(_l("用户名、手机号或邮箱"), maximum=logins.LONGEST)
    password = PasswordField(_l("密码"))


class SignUpForm(Form):
    """An account: what to call the person, one login, a password."""

    display_name = TextField(_l("怎么称呼你"), maximum=40, description=_l("显示在页面上，可以是姓名或昵称。"))
    login = TextField(
        _l("用户名、手机号或邮箱"),
        maximum=logins.LONGEST,
        description=_l("以后用它登录。没有自己的手机和邮箱，就起一个用户名，例如：王家庄老李。"),
    )
    password = PasswordField(_l("密码"), description=_l("至少8个字符，不要用生日或连续数字。"))


class RenameForm(Form):
    """What to call the person from now on."""

    display_name = TextField(_l("怎么称呼你"), maximum=40, description=_l("显示在页面上，可以是姓名或昵称。"))


class ForgotForm(Form):
    """Which account's password is forgotten."""

    login = TextField(_l("用户名、手机号或邮箱"), maximum=logins.LONGEST)


class NewPasswordForm(Form):
    """A new password, after a link proved who it is."""

    password = PasswordField(_l("新密码"), description=_l("至少8个字符，不要用生日或连续数字。"))


class DeskResetForm(Form):
    """A new password with the code from a desk."""

    login = TextField(_l("登录名"), maximum=logins.LONGEST, description=_l("纸上写的登录名。"))
    code = TextField(_l("重置码"), maximum=40, description=_l("纸上的8位码，大小写都可以。"))
    id_number = TextField(
        _l("证件号码"),
        required=False,
        maximum=40,
        description=_l("报过名的人，用培训机构打印的码要填；人社局打印的不用填。"),
    )
    password = PasswordField(_l("新密码"), description=_l("至少8个字符，不要用生日或连续数字。"))


class ChangePasswordForm(Form):
    """The current password and a new one."""

    current_password = PasswordField(_l("现在的密码"))
    password = PasswordField(_l("新密码"), description=_l("至少8个字符，不要用生日或连续数字。"))


class AddLoginForm(Form):
    """Another way to sign in."""

    login = TextField(_l("新的用户名、手机号或邮箱"), maximum=logins.LONGEST)
    current_password = PasswordField(_l("现在的密码"), description=_l("手机号和邮箱能重置密码，所以要再确认。"))


class OrganisationForm(Form):
    """What an organisation registers, and corrects when it was returned."""

    name = TextField(_l("单位全称"), minimum=4, maximum=100, description=_l("与登记证照一致。"))
    uscc = TextField(
        _l("统一社会信用代码"),
        [Passes(check_uscc)],
        maximum=60,
        description=_l("18位，在营业执照、办学许可证等证照上。"),
    )
    region_id = SelectField(_l("所在的县（市、区）"), coerce=coerce_id, description=_l("由这里的人社局核验。"))
    contact_name = TextField(_l("联系人"), maximum=40)
    contact_phone = TextField(
        _l("联系电话"),
        [Passes(check_contact_phone)],
        maximum=40,
        description=_l("只有本单位和人社局看得到；手机或带区号的座机。"),
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        regions = [(region.id, pick(region.name, region.name_en)) for region in county_level()]
        self.region_id.choices = [("", _l("请选择")), *regions]


class RegisterForm(OrganisationForm):
    """A new organisation."""

    kind = RadioField(
        _l("单位类型"),
        choices=[
            (TenantKind.INSTITUTION.value, _l("培训机构：发布课程、招收学员")),
            (TenantKind.ENTERPRISE.value, _l("企业：组织本单位职工培训")),
        ],
    )


class InviteForm(Form):
    """A role to offer, and where to send the offer."""

    role = RadioField(_l("角色"))
    email = TextField(
        _l("对方的邮箱"),
        required=False,
        maximum=logins.LONGEST,
        description=_l("填了就发邮件邀请；不填就给你一个链接，由你转给对方。"),
    )

    def __init__(self, tenant_kind: TenantKind, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.role.choices = [(role.value, labels.ROLES[role]) for role in ROLES_OF[tenant_kind]]


class ReturnForm(Form):
    """Why an organisation is sent back."""

    reasons = ChoicesField(_l("退回原因"), choices=list(labels.RETURN_REASONS.items()))
    note = TextArea(
        _l("给对方的说明"), required=False, maximum=500, description=_l("写清要改什么；对方会看到这段话。")
    )


class DeskCodeForm(Form):
    """For whom a reset code is printed."""

    login = TextField(
        _l("对方的登录名"), maximum=logins.LONGEST, description=_l("请本人说出用户名、手机号或邮箱，不要代查。")
    )
