"""Files about a customer who is erased for good lose their content; that they were made stays known."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from customers.erasure import Place
from customers.models import Customer
from files import lifecycle
from files.choices import FileState
from mcp.stored_sentences import stored_sentence
from privacy.models import PersonFile
from privacy.person_files import PERSON_FILES

STOPPED = stored_sentence(
    "person_file_stopped_by_erasure", _("The customer was erased for good while this file was being made.")
)


def _about(customer: Customer) -> QuerySet[PersonFile]:
    return PersonFile.objects.filter(customer=customer.pk, base=customer.base_id)


def _forget(customer: Customer) -> None:
    lifecycle.stop(PERSON_FILES, _about(customer), state=FileState.FAILED, reason=STOPPED())
    lifecycle.delete_bytes(PERSON_FILES, _about(customer))
    _about(customer).update(customer=None)


PLACE = Place(
    name="person_files",
    label=_("Files about him that lose their content"),
    count=lambda customer: _about(customer).count(),
    remove=_forget,
)
