"""Adding up the steps by which the database counts customers."""

from django.db import connection, transaction
from django.db.models import Count

from customers.models import CustomerCount

# One statement: what it deletes is exactly what it adds up. Steps that others write meanwhile are not seen, and
# stay; a row that another run of this has deleted is gone for both.
_COMPACT = """
    WITH gone AS (
        DELETE FROM customers_customercount WHERE base_id = %s RETURNING active, archived
    )
    INSERT INTO customers_customercount (base_id, active, archived)
    SELECT %s, sum(active), sum(archived) FROM gone HAVING count(*) > 0
"""


def compact_counts() -> int:
    """Leave one row for each base, the sums unchanged at every moment; returns how many bases had more."""
    crowded = CustomerCount.objects.values("base").annotate(rows=Count("id")).filter(rows__gt=1)
    bases = list(crowded.values_list("base", flat=True))
    for base in bases:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_COMPACT, [base, base])
    return len(bases)
