"""The room's jobs: sending reset links and invitations, telling owners."""

from __future__ import annotations

from flask import current_app, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from app import jobs, notifications, scope
from app.config import Settings
from app.tenants import members, organisations, resets
from app.tenants.models import LoginKind


def public_link(endpoint: str, token: str) -> str:
    """An address people can open from a mail or an SMS."""
    settings: Settings = current_app.config["SETTINGS"]
    with current_app.test_request_context(base_url=settings.public_url):
        return settings.public_url + url_for(endpoint, token=token)


@jobs.task("tenants.send_reset", retries=3)
def send_reset(*, login_id: int) -> None:
    """Make tokens for an account and send each by its channel; an unknown login sends nothing."""
    for kind, address, token in resets.make_link_tokens(login_id=login_id):
        link = public_link("tenants.reset_link", token=token)
        with force_locale(notifications.locale_of(scope.require().actor_id or 0)):
            body = _(
                "有人申请重置你的匠途密码。30分钟内打开链接设置新密码：\n%(link)s\n如果不是你，请不用理会。",
                link=link,
            )
            subject = _("重置你的匠途密码")
        if kind is LoginKind.EMAIL:
            notifications.send_mail(address, subject, body)
        else:
            notifications.send_sms(address, body)


@jobs.task("tenants.send_invitation", retries=3)
def send_invitation(*, invitation_id: int) -> None:
    """Mail an invitation with a token made here."""
    renewed = members.renew_token(invitation_id=invitation_id)
    address = renewed[0].email if renewed else None
    if renewed is None or address is None:
        return
    invitation, token = renewed
    link = public_link("tenants.invitation", token=token)
    with force_locale("zh"):
        subject = _("%(name)s邀请你加入匠途", name=invitation.tenant_name)
        body = _(
            "%(name)s邀请你成为其在匠途的成员。7天内打开链接接受邀请：\n%(link)s",
            name=invitation.tenant_name,
            link=link,
        )
    notifications.send_mail(address, subject, body)


@jobs.task("tenants.tell_owners")
def tell_owners(*, tenant_id: int, kind: str, dedupe: str) -> None:
    """Tell every owner of the tenant in scope what its bureau decided."""
    tenant = organisations.find_organisation(tenant_id)
    if tenant is None:
        return
    for user_id in members.owners_of(tenant_id):
        notifications.send(user_id, kind, dedupe=dedupe, name=tenant.name)
