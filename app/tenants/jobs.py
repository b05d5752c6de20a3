"""The room's jobs: sending reset links and invitations, telling owners, forgetting what is over."""

from __future__ import annotations

import procrastinate
from flask import current_app, url_for

from app import jobs, limits, notifications, scope
from app.config import Settings
from app.i18n import gettext as _
from app.i18n import speaking
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
        with speaking(notifications.locale_of(scope.require().actor_id or 0)):
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
    with speaking("zh"):
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


@jobs.task("tenants.rename_member")
def rename_member() -> None:
    """Carry a person's new name to one of their desks (their scope at that desk)."""
    here = scope.require()
    members.rename_member(tenant_id=here.tenant_id or 0, user_id=here.actor_id or 0)


@jobs.task("tenants.forget_invitation")
def forget_invitation(*, invitation_id: int) -> None:
    """Delete an invitation whose time is over (the tenant's scope; scheduled when it is made)."""
    members.forget_invitation(invitation_id=invitation_id)


@jobs.task("tenants.forget_tokens")
def forget_tokens(*, user_id: int) -> None:
    """Delete an account's reset tokens whose time is over (its own scope; scheduled when they are made)."""
    resets.forget_tokens(user_id=user_id)


@jobs.task("tenants.forget_attempts")
def forget_attempts() -> None:
    """Delete the attempts that count for nothing any more."""
    settings: Settings = current_app.config["SETTINGS"]
    limits.purge_attempts(settings.database_url)


@jobs.queue.periodic(cron="30 19 * * *")  # 03:30 in the city: the worker's clock is UTC
@jobs.queue.task(name="tenants.purge", queueing_lock="tenants.purge", pass_context=True)
async def purge(context: procrastinate.JobContext, timestamp: int) -> None:
    """Every night, forget what belongs to nobody; what has an owner is forgotten by a job in the owner's scope."""
    await context.app.configure_task("tenants.forget_attempts").defer_async(scope=scope.VISITOR.as_job_args())
