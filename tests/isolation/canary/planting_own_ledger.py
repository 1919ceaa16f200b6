"""What a location with accounts of its own bills, with canaries in what it writes: nobody else reads a word of it."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from django.apps import apps

from accounting.dunning import set_level
from accounting.models import BankFile, BankFileChunk
from accounting.operations import ask_accounting_switch, confirm_accounting_switch
from accounting.operations.disputing import dispute_invoice
from accounting.payments import add_bank_account
from files import chunks
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.bank_files import file_of, paid, read
from tests.accounting.debits import CREDITOR_ID, billed, debtor
from tests.accounting.invoices import issuer
from tests.accounting.own_billing import OTHER, whole_story
from tests.conftest import Cast
from tests.isolation.canary.canaries import Canaries, Canary

ACCOUNT = 10400


class OwnLedger:
    """A location of Nordlicht as if it were a business of its own: its rows are foreign to all others there."""

    def __init__(self, place: Location, canaries: Canaries) -> None:
        self.place, self.canaries = place, canaries
        self.locations: list[Location] = []
        self.rows: defaultdict[str, list[Any]] = defaultdict(list)

    def plant(self, cast: Cast) -> None:
        self._switch(cast)
        word = self._word
        scope = Scope.of_system(self.place, name=word("Invoice", "user_name"))
        texts = ("legal_name", "trading_name", "contact", "legal_details", "closing_text")
        issuer(scope, creditor_id=CREDITOR_ID, **{name: word("Issuer", name) for name in texts})
        for level in (1, 2, 3):
            values = {"title": word("DunningLevel", "title"), "text": word("DunningLevel", "text")}
            set_level(level=level, values=values, actor=scope)
        done = whole_story(scope)
        debtor(scope, holder=word("Mandate", "holder"), evidence=word("Mandate", "evidence"))
        billed(scope)
        add_bank_account(iban=OTHER, name=word("BankAccount", "name"), actor=scope)
        read(scope, file_of(paid("3.00", word("BankEntry", "purpose")), iban=OTHER))
        self._send_bank_file(scope)
        dispute_invoice(invoice=done["invoices"]["Kauft"].pk, reason=word("Dispute", "reason"), actor=scope)
        for model in apps.get_app_config("accounting").get_models():
            if any(field.name == "owner_key" for field in model._meta.concrete_fields):
                self.rows[model._meta.label] = list(model._base_manager.filter(owner_key=self.place.pk))

    def _send_bank_file(self, scope: Scope) -> None:
        """A large file that the worker has not read yet."""
        with row_scope.rows_of(scope):
            file = BankFile.objects.create(
                organization=scope.organization, base=scope.base, location=self.place, owner_key=self.place.pk,
                name=self._word("BankFile", "name"), user_name=self._word("BankFile", "user_name"), sha256="x",
            )  # fmt: skip
            content = self._word("BankFileChunk", "content").encode()
            chunks.store(BankFileChunk, file=file, content=[content], owner_key=file.owner_key)

    def _switch(self, cast: Cast) -> None:
        row = ask_accounting_switch(
            location=self.place.pk, mode="own", reason="x", actor=cast.scope("anna", "Zentrale")
        )
        confirm_accounting_switch(switch=row.pk, actor=cast.scope("frida", self.place.name))

    def _word(self, table: str, column: str) -> str:
        return partial(self.canaries.word, Canary(ACCOUNT, f"accounting.{table}", column))()
