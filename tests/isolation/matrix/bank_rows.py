"""Of the rows that addresses name, those of bank statements."""

from __future__ import annotations

from accounting.models import BankEntry
from tests.accounting.bank_files import file_of, own_account, paid
from tests.accounting.bank_files import read as read_file
from tests.isolation.matrix.account_rows import OfAccounts
from tests.isolation.matrix.world import Place


class OfBank(OfAccounts):
    """Makes them at a place, each once."""

    def _bank_entry(self, place: Place) -> BankEntry:
        """A payment that nobody has decided about."""

        def make() -> BankEntry:
            system = self._system(place)
            iban = f"DE{self.world.places[place].pk:020}"
            own_account(system, iban)
            [read] = read_file(system, file_of(paid("7.00"), iban=iban)).statements
            return BankEntry.objects.get(statement=read.pk)

        made: BankEntry = self._once(("bank entry", place), make)
        return made
