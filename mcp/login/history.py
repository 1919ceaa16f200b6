"""The log of a person's login: logins and attempts, links, and changes of the password and the e-mail address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import Lag
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mcp.choices import MailState
from mcp.login.backends import RENEWED
from mcp.login.throttling import FORGOTTEN
from mcp.models import PasswordLink, User

SHOWN = 50
UserEvent: Any = User._meta.get_field("history").related_model


@dataclass(frozen=True)
class Entry:
    """One line. `is_warning` marks a line that the reader should check."""

    at: datetime
    sentence: str
    is_warning: bool = False


def entries_of(user: User) -> list[Entry]:
    """The SHOWN newest entries, the latest first. Seven queries; they see the rows of the current scope."""
    found = [*_logins(user), *_links(user), *_passwords(user), *_addresses(user), *_mails(user)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:SHOWN]


def _logins(user: User) -> Iterator[Entry]:
    for attempt in user.login_attempts.exclude(device=FORGOTTEN).order_by("-at", "-pk")[:SHOWN]:
        where = {"address": attempt.address or _("an unknown address")}
        if attempt.has_succeeded:
            yield Entry(attempt.at, _("Logged in from %(address)s.") % where)
        else:
            yield Entry(attempt.at, _("A login from %(address)s failed.") % where, is_warning=True)


def _links(user: User) -> Iterator[Entry]:
    now = timezone.now()
    for link in user.password_links.order_by("-made_at")[:SHOWN]:
        told = {"who": link.made_by, "address": link.sent_to}
        if not link.made_by:
            sentence = _("A link for a new password was asked for at the login, and mailed to %(address)s.")
        elif link.sent_to:
            sentence = _("%(who)s has made a link for the password; it was mailed to %(address)s.")
        else:
            sentence = _("%(who)s has made a link for the password, which was shown to %(who)s.")
        yield Entry(link.made_at, f"{sentence % told} {_fate(link, now)}".strip(), is_warning=not link.sent_to)
        if link.used_at:
            yield Entry(link.used_at, _("A password was chosen by the link."))


def _fate(link: PasswordLink, now: datetime) -> str:
    if link.used_at:
        return ""
    if link.withdrawn_at:
        return _("It does not work any more: there is a newer one, or rights, address or password have changed since.")
    if link.is_open(now):
        until = date_format(timezone.localtime(link.expires_at), "SHORT_DATETIME_FORMAT")
        return _("It is valid until %(until)s.") % {"until": until}
    return _("Nobody has used it in time.")


def _passwords(user: User) -> Iterator[Entry]:
    changes = UserEvent.objects.filter(id=user.pk, password_changed_at__isnull=False).select_related("pgh_context")
    seen = set()
    for change in changes.order_by("pgh_created_at", "pgh_id"):
        if change.password_changed_at in seen:
            continue
        seen.add(change.password_changed_at)
        facts = change.pgh_context.metadata if change.pgh_context else {}
        if facts.get("reason") == RENEWED:
            sentence = _("The password was stored in a safer way. It is the same.")
        else:
            sentence = _("%(who)s has changed the password.") % {"who": facts.get("user_name") or _("the system")}
        yield Entry(change.password_changed_at, sentence)


def _addresses(user: User) -> Iterator[Entry]:
    """Changes of the e-mail address, to which links for a password are sent."""
    before = Window(Lag("email"), order_by=["pgh_created_at", "pgh_id"])
    states = UserEvent.objects.filter(id=user.pk).annotate(before=before).select_related("pgh_context")
    for state in states.filter(before__isnull=False).exclude(before=F("email")).order_by("-pgh_created_at")[:SHOWN]:
        facts = state.pgh_context.metadata if state.pgh_context else {}
        told = {"who": facts.get("user_name") or _("the system"), "old": state.before or "–", "new": state.email or "–"}
        sentence = _("%(who)s has changed the e-mail address from %(old)s to %(new)s.") % told
        yield Entry(state.pgh_created_at, sentence, is_warning=True)


def _mails(user: User) -> Iterator[Entry]:
    for mail in user.mails.filter(state=MailState.FAILED).order_by("-made_at")[:SHOWN]:
        told = {"mail": mail.get_kind_display(), "address": mail.address, "error": mail.trouble}
        yield Entry(mail.made_at, _("“%(mail)s” could not be mailed to %(address)s: %(error)s") % told, is_warning=True)
    for mail in user.mails.filter(state=MailState.WAITING, tries__gt=0).order_by("-made_at")[:SHOWN]:
        told = {"mail": mail.get_kind_display(), "address": mail.address, "error": mail.trouble}
        yield Entry(mail.made_at, _("“%(mail)s” to %(address)s is tried again: %(error)s") % told, is_warning=True)
