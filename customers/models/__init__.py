"""The customer master.

    CustomerBase ─┬─< Customer      a guest or a company, one customer number in the base
                  ├─< CustomerGroup price level and discount for its members
                  ├─< Tag           the words that may stand in Customer.tags
                  ├─< Card          the cards and codes by which a customer is known
                  ├─< CustomerMembership who belongs to which company, group or family, and who gets the invoice
                  ├─< FormerNumber  by what numbers a customer was known elsewhere or before
                  ├─< Consent       what a customer has given or withdrawn, and when
                  ├─< Disclosure    to whom customers were handed over, and whose numbers went
                  ├─< Tombstone     that somebody was erased for good, so that no file brings him back
                  ├─< CustomerCount how many there are at which location, kept by the database
                  ├─< CustomerGroupCount how many there are in which customer group, kept by the database
                  ├─< CustomerMonth what happened in each month, kept by the database
                  ├─< CustomerRevision in which order the customers of a base 1.0 were changed, kept by the database
                  └─< CustomerChange in which transaction a customer was changed last, kept by the database

Every row carries its base, and every reference between rows goes over `(base, …)`. The primary key of customers
in the database is `(id, base_id)`: no unique key of customer data is without its base, so that the tables can be
spread by base over several machines.
"""

from customers.models.bulk import BulkChange
from customers.models.cards import Card
from customers.models.changes import CustomerChange
from customers.models.consents import Consent, ConsentPurpose, ConsentRelease, ImportConsent
from customers.models.counting import CustomerCount, CustomerGroupCount, CustomerMonth, NumberCounter
from customers.models.customer import Customer
from customers.models.disclosures import DisclosedNumbers, Disclosure
from customers.models.exports import CustomerExport, ExportChunk, ExportDownload
from customers.models.filters import SavedFilter
from customers.models.former_number import FormerNumber
from customers.models.memberships import CustomerMembership
from customers.models.revisions import CustomerRevision, RevisionCounter
from customers.models.tombstones import Tombstone, TombstoneMark
from customers.models.uploads import (
    NOTES,
    STAGED,
    HeadingChoice,
    ImportChunk,
    ImportDecision,
    ImportProgress,
    ImportRow,
    ImportUpload,
    ImportVerdict,
)
from customers.models.vocabulary import HIGHEST_PRICE_LEVEL, CustomerGroup, Tag
from customers.models.with_former_numbers import read_former_numbers

__all__ = [
    "HIGHEST_PRICE_LEVEL",
    "NOTES",
    "STAGED",
    "BulkChange",
    "Card",
    "Consent",
    "ConsentPurpose",
    "ConsentRelease",
    "Customer",
    "CustomerChange",
    "CustomerCount",
    "CustomerExport",
    "CustomerGroup",
    "CustomerGroupCount",
    "CustomerMembership",
    "CustomerMonth",
    "CustomerRevision",
    "DisclosedNumbers",
    "Disclosure",
    "ExportChunk",
    "ExportDownload",
    "FormerNumber",
    "HeadingChoice",
    "ImportChunk",
    "ImportConsent",
    "ImportDecision",
    "ImportProgress",
    "ImportRow",
    "ImportUpload",
    "ImportVerdict",
    "NumberCounter",
    "RevisionCounter",
    "SavedFilter",
    "Tag",
    "Tombstone",
    "TombstoneMark",
    "read_former_numbers",
]
