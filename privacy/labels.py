"""What columns are called for readers that no form shows. One without a label here or at its field has its own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from locations.text import LazyText

LABELS: Mapping[str, LazyText] = {
    "at": _("When"),
    "balance": _("Balance"),
    "batch_id": _("Batch of the bank"),
    "before": _("What was agreed before"),
    "breaches": _("Rules that were broken"),
    "buyer_data": _("Name and address on the invoice"),
    "common": _("What both began from"),
    "content": _("Content"),
    "customer_number": _("Customer number"),
    "direction": _("Incoming or outgoing"),
    "end_to_end_id": _("End-to-end reference"),
    "failure": _("What went wrong"),
    "fields": _("Fields that went along"),
    "fiscal": _("Security device of the till"),
    "format": _("Format"),
    "ground": _("Legal ground"),
    "hard_limit": _("Limit"),
    "holder": _("Account holder"),
    "iban": _("IBAN"),
    "is_blocked": _("Blocked"),
    "is_cancelled": _("Cancelled"),
    "is_chosen": _("Chosen by somebody"),
    "is_fee_posted": _("Fee was booked"),
    "is_late": _("Arrived late"),
    "is_recurrent": _("For several debits"),
    "is_standing": _("Valid"),
    "kind": _("Kind"),
    "left_out": _("Why left out"),
    "lines": _("Lines"),
    "location": _("Location"),
    "lost": _("Version that did not stand"),
    "mandate_id": _("Mandate"),
    "mandate_reference": _("Mandate"),
    "may_buy": _("May buy on account"),
    "member_name": _("Bought by"),
    "number_after": _("Number afterwards"),
    "number_before": _("Number before"),
    "open_amount": _("Open amount"),
    "order_number": _("Number at the till"),
    "overdraft": _("Beyond the limit"),
    "pgh_created_at": _("When"),
    "pgh_label": _("What was done"),
    "reason": _("Reason"),
    "receiver": _("Receiver"),
    "receiver_name": _("Receiver"),
    "record": _("Change"),
    "result": _("What was decided"),
    "return_code": _("Return code"),
    "scheme": _("Kind of mandate"),
    "sent": _("What was sent"),
    "signed_on": _("Signed on"),
    "stood": _("Version that stood"),
    "text": _("Text"),
    "title": _("Title"),
    "ultimate_name": _("Ultimate payer"),
    "user": _("By"),
    "year": _("Year"),
}
"""By the name of the column."""


def label_of(field: Any) -> str:
    """What the column is called: as on its page, else as above."""
    has_its_own = not isinstance(field.verbose_name, str)
    return str(capfirst(str(field.verbose_name if has_its_own else LABELS.get(field.name, field.verbose_name))))


def is_labelled(field: Any) -> bool:
    """Whether somebody has said how the column is called; of states and figures without it no reader is told."""
    return not isinstance(field.verbose_name, str) or field.name in LABELS
