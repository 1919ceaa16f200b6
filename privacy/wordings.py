"""By which wording somebody has agreed: the text as it was then, also of a version that is not asked by any more."""

from __future__ import annotations

from typing import Any

from customers.models import Consent, ConsentPurpose

_PurposeEvent: Any = ConsentPurpose._meta.get_field("history").related_model


def wordings_of(consents: list[Consent]) -> dict[tuple[str, str], str]:
    """By purpose and version the text; without those that nobody has written down."""
    if not consents:
        return {}
    asked = {"organization": consents[0].organization_id, "code__in": {one.purpose for one in consents}}
    then = _PurposeEvent.objects.filter(**asked).order_by("pgh_id").values_list("code", "wording_version", "wording")
    now = ConsentPurpose.objects.filter(**asked).values_list("code", "wording_version", "wording")
    return {(code, version): text for code, version, text in [*then, *now] if text}
