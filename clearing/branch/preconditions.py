"""What a branch knows before it reconciles for the first time (see clearing.preconditions)."""

from __future__ import annotations

import shutil
from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clearing.models import Cycle, OwnNode
from clearing.preconditions import Precondition, Standing, Subject, clock, disk, versions
from clearing.program import program_version
from clearing.protocol.messages import PROTOCOL
from clearing.protocol.vocabulary import MOST
from customers.models import Consent, ConsentPurpose, CustomerGroup, CustomerRevision, Tag
from locations.models import CENTRAL_CLIENT_NUMBER


def is_first_run(own: OwnNode) -> bool:
    """Whether nothing was ever cut for this pairing."""
    return own.applied == 0 and not Cycle.objects.filter(base=own.base_id, node=own.node_id).exists()


def preconditions_of(own: OwnNode, *, purposes: Collection[str] | None = None) -> list[Precondition]:
    """What is known here; `purposes` are the codes that the central has, once it has told them.

    Runs in the scope of the branch.
    """
    waiting = CustomerRevision.objects.filter(base=own.base_id, sequence__gt=own.sent_up_to).count()
    return [
        _branch_number(own),
        _client_number(own),
        _vocabulary(own, purposes),
        versions(branch=program_version(), central=own.central_program, protocol=PROTOCOL),
        clock(own.clock_ahead),
        disk(own_free_bytes(), waiting),
    ]


def own_free_bytes() -> int:
    """What is free on the disk of this branch."""
    return shutil.disk_usage(settings.ROOT).free


def _branch_number(own: OwnNode) -> Precondition:
    number, base = own.location.branch_number, own.base.branch_number
    if number != base:
        text = _("This branch has the branch number %(number)s, but works with the base 1.0 of %(base)s. Ask support.")
        return Precondition(Subject.BRANCH_NUMBER, Standing.MISSING, text, {"number": number, "base": base})
    return Precondition(
        Subject.BRANCH_NUMBER, Standing.MET, _("The branch number %(number)s is fixed."), {"number": number}
    )


def _client_number(own: OwnNode) -> Precondition:
    number = own.location.client_number
    if number == CENTRAL_CLIENT_NUMBER:
        text = _("This branch has the client number %(number)s, which is that of the central. Set the branch up anew.")
        return Precondition(Subject.CLIENT_NUMBER, Standing.MISSING, text, {"number": number})
    text = (
        _("The client number %(number)s is that of this location; the central has confirmed it.")
        if own.node_id
        else _("The client number %(number)s is compared with that of the central when the branch is paired.")
    )
    standing = Standing.MET if own.node_id else Standing.UNKNOWN
    return Precondition(Subject.CLIENT_NUMBER, standing, text, {"number": number})


def _vocabulary(own: OwnNode, purposes: Collection[str] | None) -> Precondition:
    for model, text, page in (
        (CustomerGroup, _GROUPS, "admin:customers_customergroup_changelist"),
        (Tag, _TAGS, "admin:customers_tag_changelist"),
    ):
        count = model.objects.filter(base=own.base_id).count()
        if count > MOST:
            said = {"count": count, "most": MOST}
            return Precondition(Subject.VOCABULARY, Standing.MISSING, text, said, page)
    if purposes is None:
        text = _("Groups and tags are put together by their names; purposes are compared when the branch calls.")
        return Precondition(Subject.VOCABULARY, Standing.UNKNOWN, text)
    unmatched = _unmatched(own, purposes)
    if unmatched:
        text = _(
            "The central lacks purposes to which customers of this branch have consented: %(names)s. Have the "
            "provider's support add them at the central under the same codes, then reconcile."
        )
        return Precondition(Subject.VOCABULARY, Standing.MISSING, text, {"names": ", ".join(unmatched)})
    return Precondition(Subject.VOCABULARY, Standing.MET, _("Groups, tags and purposes fit those of the central."))


_GROUPS = _("There are %(count)s customer groups, and at most %(most)s are reconciled. Put some together.")
_TAGS = _("There are %(count)s tags, and at most %(most)s are reconciled. Put some together.")


def _unmatched(own: OwnNode, purposes: Collection[str]) -> list[str]:
    """Purposes that somebody has consented to here and that the central does not have: name and code."""
    codes = Consent.objects.filter(base=own.base_id).exclude(purpose__in=purposes).order_by().distinct()
    wanted = sorted(codes.values_list("purpose", flat=True))
    names = dict(ConsentPurpose.objects.filter(organization=own.organization_id).values_list("code", "name"))
    return [f"{names.get(code) or code} ({code})" for code in wanted]
