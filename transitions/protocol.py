"""The protocol of a transition, for whoever answers for data protection: one declaration for the page and the PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounting.amounts import shown
from accounting.leaving import OpenMoney
from files import lifecycle
from files.choices import FileState
from files.papers import Paper, Section
from locations.permissions import Right
from mcp.dates import to_the_second
from mcp.isolation.scope import Scope
from transitions.archive.package_format import HASHED
from transitions.choices import Reason, TransitionKind
from transitions.models import Package, PackageDownload, Transition, TransitionCustomer, TransitionStep
from transitions.package import lifecycle as packages
from transitions.status_texts import fields_of
from transitions.withdrawals.making import lists_of

MOST_NUMBERS = 10_000
"""So many customer numbers of those carried over, and of each reason, are listed; the page of the process has all."""


def protocol_of(*, transition: Transition, actor: Scope) -> Paper:
    """Everything that is on record about a transition. Raises MissingRight."""
    actor.demand(Right.CARRY_OVER)
    made = list(packages.packages_of(transition))
    steps = list(transition.steps.all())
    fetched = list(PackageDownload.objects.filter(file__in=[package.pk for package in made]).select_related("file"))
    moments = [transition.state_since, *(step.at for step in steps), *(download.at for download in fetched)]
    moments += [package.state_since for package in made]
    return Paper(
        title=_("Protocol: %(location)s") % {"location": transition.location.name},
        subtitle=_title(transition),
        as_of=max(moments),
        sections=(
            _overview(transition),
            _ground(transition),
            _counts(transition),
            _money(transition),
            _carried(transition),
            _left_out(transition),
            *_packages(made),
            _downloads(fetched),
            _arrival(transition),
            *_withdrawals(transition),
            _steps(steps),
        ),
    )


def _title(transition: Transition) -> str:
    sentence = (
        _("%(location)s leaves %(sender)s")
        if transition.kind == TransitionKind.EXIT
        else _("%(location)s joins a group and leaves %(sender)s")
    )
    return sentence % {"location": transition.location.name, "sender": transition.organization.name}


def _overview(row: Transition) -> Section:
    receiver = f"{row.receiver_account} · {row.receiver_name}" if row.receiver_account else "–"
    return Section(
        title=_("Overview"),
        facts=(
            (_("Process"), str(row.get_kind_display())),
            (_("State"), row.state_shown),
            (pgettext("a business", "From"), f"{row.organization.account_number} · {row.organization.name}"),
            (_("Location"), f"{row.location.client_number} · {row.location.name}"),
            (pgettext("a business", "To"), receiver),
            (_("Requested by"), row.requested_by or "–"),
            (_("Agreed day"), date_format(row.planned_for, "SHORT_DATE_FORMAT")),
            (_("Executed"), moment(row.executed_at)),
            (_("Who can be carried over"), _who(row)),
            (_("Number of the process"), str(row.pk)),
        ),
    )


def _who(row: Transition) -> str:
    if row.is_narrowed and row.kind == TransitionKind.EXIT:
        return _("Only customers related to this location who allow the transfer to this receiver")
    return _("All customers of the base who allow the transfer to this receiver")


def _ground(row: Transition) -> Section:
    facts = (
        (_("Legal ground"), str(row.get_basis_display())),
        (_("Reason"), row.ground),
        (_("Named by"), row.ground_by),
        (_("Confirmed by"), row.confirmed_by or _("Not confirmed yet.")),
        (_("Fields that go along"), fields_of(row)),
    ) if row.ground else ()  # fmt: skip
    return Section(title=_("Legal ground"), facts=facts, empty=_("Not confirmed yet."))


def _counts(row: Transition) -> Section:
    counted = TransitionCustomer.objects.filter(base=row.location.base_id, transition=row).values("reason")
    counts = dict(counted.annotate(count=Count("pk")).values_list("reason", "count"))
    lines = [(_("Carried over"), counts.get("", 0)), *((str(one.label), counts.get(one, 0)) for one in Reason)]
    total = (_("All customers at the moment of execution"), sum(counts.values()))
    return Section(
        title=_("How many"),
        headings=(_("Customers"), _("How many")),
        rows=tuple((name, number_format(count, force_grouping=True)) for name, count in [*lines, total]),
        widths=(3, 1),
    ) if row.executed_at else Section(title=_("How many"), empty=_("Nothing has been executed yet."))  # fmt: skip


def _money(row: Transition) -> Section:
    """What was open on accounts as it was executed, and who has taken it over."""
    title = _("Money on accounts of customers")
    assigned = ((_("Written assignment"), row.money_agreement), (_("Noted by"), row.money_by))
    facts = assigned if row.money_agreement else ()
    if row.executed_at is None:
        return Section(title=title, facts=facts, empty=_("Nothing has been executed yet."))
    kept = (row.result or {}).get("money")
    if not kept:
        return Section(title=title, facts=facts, empty=_("Nothing was open."))
    money = OpenMoney.read(kept)
    sums = (
        (_("Customers"), number_format(money.customers, force_grouping=True)),
        (_("Owed by them"), shown(money.owed, money.currency)),
        (_("Paid in advance by them"), shown(money.credit, money.currency)),
    )
    return Section(title=title, facts=(*sums, *facts))


def _numbers(row: Transition, reason: str) -> str:
    """The numbers of the customers with this reason, as text; empty reason: of those carried over."""
    decided = TransitionCustomer.objects.filter(base=row.location.base_id, transition=row, reason=reason)
    decided = decided.exclude(customer_number=None)  # who was erased since is counted, and not named
    numbers: Any = decided.order_by("customer_number").values_list("customer_number", flat=True)
    listed = list(numbers[: MOST_NUMBERS + 1])
    text = ", ".join(in_ranges(listed[:MOST_NUMBERS]))
    more = _("… and more: all of them stand on the page of the process.")
    return f"{text} {more}" if len(listed) > MOST_NUMBERS else text


def _carried(row: Transition) -> Section:
    """The section of the customers who were carried over, with the receiver."""
    title = _("Carried over, and to whom")
    if row.executed_at is None:
        return Section(title=title, empty=_("Nothing has been executed yet."))
    receiver = f"{row.receiver_account} · {row.receiver_name}"
    numbers = _numbers(row, "")
    return Section(
        title=title,
        headings=(_("Receiver"), _("Customer numbers")),
        rows=((receiver, numbers),) if numbers else (),
        widths=(1, 4),
        empty=_("Nobody was carried over."),
    )


def _left_out(row: Transition) -> Section:
    if row.executed_at is None:
        return Section(title=_("Left out, and why"), empty=_("Nothing has been executed yet."))
    rows = [(str(reason.label), numbers) for reason in Reason if (numbers := _numbers(row, reason))]
    return Section(
        title=_("Left out, and why"),
        headings=(_("Reason"), _("Customer numbers")),
        rows=tuple(rows),
        widths=(1, 4),
        empty=_("Nobody was left out."),
    )


def in_ranges(numbers: Iterable[int]) -> Iterator[str]:
    """Ascending numbers as texts; three or more consecutive ones become a range."""
    run: list[int] = []
    for number in [*numbers, None]:
        if run and (number is None or number != run[-1] + 1):
            yield from [f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run)
            run = []
        if number is not None:
            run.append(number)


def _packages(made: list[Package]) -> Iterator[Section]:
    if not made:
        yield Section(title=_("Package"), empty=_("No package has been made yet."))
    for package in made:
        facts = [
            (_("File"), package.name),
            (_("Ordered"), f"{moment(package.created_at)} · {package.user_name}"),
            (_("State"), str(package.get_state_display())),
        ]
        if package.state == FileState.DONE:
            facts += _made(package)
        elif package.failure:
            facts.append((_("What went wrong"), str(package.failure)))
        files = (package.manifest or {}).get("files", {})
        yield Section(
            title=_("Package"),
            facts=tuple(facts),
            headings=(_("File"), _("Size in bytes"), "SHA-256") if files else (),
            rows=tuple(
                (name, number_format(files[name]["size"], force_grouping=True), files[name]["sha256"])
                for name in HASHED
                if name in files
            ),
            widths=(3, 2, 9),
        )


def _made(package: Package) -> list[tuple[str, str]]:
    counts: dict[str, int] = (package.manifest or {}).get("counts", {})
    return [
        (_("Made"), moment(package.state_since)),
        (_("Can be downloaded until"), moment(lifecycle.expires_at(packages.PACKAGES, package))),
        (_("Customers"), number_format(package.total, force_grouping=True)),
        (_("Statements about consents"), number_format(counts.get("consents", 0), force_grouping=True)),
        *(
            [(_("Left out because they have withdrawn since"), number_format(withdrew, force_grouping=True))]
            if (withdrew := (package.manifest or {}).get("withdrew"))
            else []
        ),
        (_("Size in bytes"), number_format(package.size, force_grouping=True)),
        ("SHA-256", package.sha256),
    ]


def _downloads(fetched: list[PackageDownload]) -> Section:
    return Section(
        title=_("Downloads"),
        headings=(_("When"), _("By whom"), _("Encrypted"), _("SHA-256 of the package")),
        rows=tuple(
            (moment(one.at), one.user_name, _("Yes") if one.is_encrypted else _("No"), one.file.sha256)
            for one in fetched
        ),
        widths=(4, 4, 3, 9),
        empty=_("Nobody has downloaded a package."),
    )


def _arrival(row: Transition) -> Section:
    imports = (row.arrival or {}).get("imports", [])
    counted = (
        ("created", _("New")),
        ("changed", _("Changed")),
        ("unchanged", _("Unchanged")),
        ("taken", _("Number taken")),
        ("rejected", _("Rejected")),
        ("consents", _("Consents")),
    )
    return Section(
        title=_("Import at the receiver"),
        headings=(_("When"), *(label for _name, label in counted), _("Undone"), "SHA-256"),
        rows=tuple(
            (
                moment(datetime.fromisoformat(one["at"])),
                *(str(one.get(name, 0)) for name, _label in counted),
                moment(datetime.fromisoformat(one["undone_at"])) if one["undone_at"] else "–",
                one["sha256"],
            )
            for one in imports
        ),
        widths=(5, 3, 4, 4, 4, 4, 4, 5, 7),
        empty=_("The receiver has not imported the package yet."),
    )


def _withdrawals(row: Transition) -> Iterator[Section]:
    """The lists that were made of those who have withdrawn since; nothing before anybody was handed over."""
    if row.executed_at is None:
        return
    yield Section(
        title=_("Withdrawn since the execution"),
        headings=(_("List made"), _("By whom"), _("Customer numbers"), "SHA-256"),
        rows=tuple(
            (moment(one.at), one.user_name, ", ".join(in_ranges(one.numbers)), one.sha256)
            for one in lists_of(row).reverse()
        ),
        widths=(4, 3, 6, 7),
        empty=_("No list of withdrawals has been made."),
    )


def _steps(steps: Iterable[TransitionStep]) -> Section:
    return Section(
        title=_("All steps"),
        headings=(_("When"), _("Step"), _("By whom"), _("Where"), _("Note")),
        rows=tuple(
            (moment(step.at), str(step.get_state_display()), step.who, step.location_name, step.remark)
            for step in steps
        ),
        widths=(5, 5, 4, 4, 8),
    )


def moment(at: datetime | None) -> str:
    """A moment to the second, or a dash."""
    return to_the_second(at) if at else "–"
