"""Of the rows that addresses name, those of invoices and of payments."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from accounting.invoicing.making import keep_documents
from accounting.models import Movement
from accounting.operations import post_sale, receive_payment
from accounting.owners import owners_of
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.invoices import issued, issuer, order, prepared
from tests.isolation.matrix.world import Place, World


class OfInvoices:
    """Makes them at a place."""

    world: World

    def _payment(self, place: Place) -> Movement:
        """One that pays two of three sales."""
        system = self.world.system[place]
        payer = guest(system, last_name="Zahlt").pk
        for turn in range(3):
            post_sale(customer=payer, amount=Decimal(10), key=f"paid-{turn}", actor=system)
        return receive_payment(customer=payer, amount=Decimal(15), key="pays", actor=system).movement

    def _invoice(self, place: Place) -> UUID:
        """Of an order of somebody who is registered there, issued by whoever makes the invoices of the business."""
        system, biller = self.world.system[place], self._biller(place)
        buyer = guest(system, last_name="Rechnung")
        order(system, buyer)
        [made] = [one for one in issued(biller) if one.customer_id == buyer.pk]
        with row_scope.rows_of(biller):
            keep_documents([made])  # whoever fetches them first would make them
        return UUID(str(made.pk))

    def _invoice_run(self, place: Place) -> UUID:
        """One that is previewed."""
        system, biller = self.world.system[place], self._biller(place)
        order(system, guest(system, last_name="Lauf"))
        return prepared(biller).pk

    def _biller(self, place: Place) -> Scope:
        """Whoever makes the invoices of the place: its business at its central or only location, or itself."""
        own = self.world.system[place]
        with row_scope.rows_of(own):
            if owners_of(own).bills_on_its_own:
                issuer(own)
                return own
        there = self.world.places[place].organization.locations.exclude(kind="branch").select_related("base")
        scope = Scope.of_system(there.select_related("organization", "base").get(), name="test")
        issuer(scope)
        return scope
