"""What a bulk change may become, whoever writes."""

from customers.choices import BULK_DONE, BULK_STEPS, BulkState
from customers.triggers.erasure import forgotten_by_erasure
from customers.triggers.uploads import APPLIED_NOW
from locations.triggers import immutable, settled, stays_on_record, steps_between

BULK_TRIGGERS = [
    steps_between(BULK_STEPS, begins=[BulkState.COUNTING]),
    immutable(
        "id", "organization_id", "base_id", "location_id", "user_id", "user_name", "kind", "target", "shown",
    ),
    forgotten_by_erasure("word", "query", "narrowed_by"),
    forgotten_by_erasure("customers", states=BULK_DONE, name="customers_forgotten_by_erasure"),
    settled(BULK_DONE, "created_at", "figures", "result", "context", "total"),
    stays_on_record(BULK_DONE),
    APPLIED_NOW,
]  # fmt: skip
