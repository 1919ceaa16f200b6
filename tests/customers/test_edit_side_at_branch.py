"""The same at a branch: there the installation itself stands on the other side."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from customers.models import Customer
from customers.operations import archive_customers, change_customer, register_customer, save_tag
from customers.triggers.revisions import EDITED_AT_OTHER_SIDE
from locations.choices import EditSide, Side
from mcp.central.operations import choose_edit_side
from mcp.isolation import row_scope
from tests.conftest import Cast
from tests.customers.people import customer, says, tag
from tests.customers.sides import here_is, with_node


@pytest.mark.django_db
def test_branch_edits_unless_the_central_does(cast, as_owner, settings):
    vip = tag(cast.scope("anna", "Lübeck"), "VIP")
    row = customer(cast.scope("anna", "Lübeck"), last_name="Muster", tags=["VIP"])
    here_is(Side.BRANCH, settings)

    def tried(doing) -> str:
        anna, code = Cast().scope("anna", "Lübeck"), ""
        with transaction.atomic():
            try:
                with row_scope.rows_of(anna):
                    doing(anna)
            except ValidationError as refusal:
                code = str(refusal.error_list[0].code)
            transaction.set_rollback(True)
        return code

    def renamed(anna):
        vip.name = "Gut"
        return save_tag(tag=vip, actor=anna)

    edits = [
        lambda anna: register_customer(customer=Customer(last_name="Neu"), actor=anna),
        lambda anna: change_customer(customer=Customer.objects.get(pk=row.pk), actor=anna),
        lambda anna: archive_customers(customers=[row.pk], reason="Verzogen", actor=anna),
        renamed,
    ]
    for side, code in ((EditSide.BRANCH, ""), (EditSide.BOTH, ""), (EditSide.CENTRAL, EDITED_AT_OTHER_SIDE)):
        with_node(row.base, side)
        assert [tried(edit) for edit in edits] == [code] * len(edits)
    assert tried(lambda anna: says(anna, row, "newsletter", is_given=True)) == ""
    with pytest.raises(DatabaseError, match="edited at the central"), transaction.atomic():
        Customer.objects.filter(pk=row.pk).update(city="Eutin")
    with pytest.raises(ValidationError, match="decided at the central"):
        choose_edit_side(location=cast.location("Lübeck"), side=EditSide.BRANCH, actor=cast.scope("anna", "Lübeck"))
