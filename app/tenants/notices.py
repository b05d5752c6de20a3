"""What this room tells people, and where their mail and messages go."""

from __future__ import annotations

import sqlalchemy as sa

from app import notifications
from app.db import db
from app.i18n import lazy_gettext as _l
from app.tenants.models import Login, LoginKind, User

notifications.register(
    "password_changed",
    _l("你的密码已修改"),
    _l("你的匠途账户刚刚修改了密码，其他设备上的登录都已退出。如果不是你本人，请马上重置密码。"),
)
notifications.register(
    "desk_code_printed",
    _l("有人在柜台为你的账户打印了重置码"),
    _l(
        "%(desk)s刚刚为你的匠途账户打印了密码重置码，30分钟内有效。如果不是你本人到柜台办理，请马上联系该单位或县区人社局。"
    ),
)
notifications.register(
    "tenant_accepted",
    _l("单位已通过核验：%(name)s"),
    _l("%(name)s已通过县区人社局核验，现在可以发布课程和招生了。"),
)
notifications.register(
    "tenant_returned",
    _l("单位登记被退回：%(name)s"),
    _l("%(name)s的登记信息被县区人社局退回。请登录工作台查看原因，修改后重新提交。"),
)
notifications.register(
    "member_joined",
    _l("新成员加入：%(name)s"),
    _l("有新成员接受邀请，加入了%(name)s。可在工作台的成员页查看。"),
)


def addresses_of(user_id: int) -> list[tuple[str, str]]:
    """The (channel, address) pairs of a person: the phones and mail addresses they sign in with."""
    query = sa.select(Login.kind, Login.value).where(
        Login.user_id == user_id, Login.kind.in_([LoginKind.EMAIL, LoginKind.PHONE])
    )
    return [(kind.value, value) for kind, value in db.session.execute(query.order_by(Login.id))]


def locale_of(user_id: int) -> str | None:
    """The language a person chose, if they did."""
    return db.session.scalar(sa.select(User.locale).where(User.id == user_id))
