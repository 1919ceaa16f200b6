"""The statement that answers a question about open items.

What is open now is kept (accounting/models/receivables.py). What was open at a past moment is worked out from the
movements and allocations up to it, and so is the due day: an invoice that was issued later does not count.
"""

from __future__ import annotations

from accounting.choices import AgeClass

OF_NOW = """
    SELECT movement_id, account_id, location_id, business_day, due_on, rest
    FROM accounting_receivable WHERE base_id = %(base)s AND owner_key = %(owner)s"""

_PAID = """
    SELECT item_id, sum(amount) AS amount FROM accounting_allocation
    WHERE base_id = %(base)s AND ledger_id = %(ledger)s AND created_at <= %(at)s GROUP BY item_id"""
_BACK = """
    SELECT reverses_id FROM accounting_movement
    WHERE base_id = %(base)s AND ledger_id = %(ledger)s AND reverses_id IS NOT NULL AND posted_at <= %(at)s"""
_ASKED = """
    SELECT DISTINCT ON (item.movement_id) item.movement_id, invoice.due_on
    FROM accounting_invoiceitem AS item
    JOIN accounting_invoice AS invoice ON invoice.id = item.invoice_id AND invoice.base_id = item.base_id
    LEFT JOIN accounting_invoice AS wrong ON wrong.cancels_id = invoice.id AND wrong.base_id = invoice.base_id
    WHERE item.base_id = %(base)s AND invoice.ledger_id = %(ledger)s AND invoice.issued_at <= %(at)s
      AND (wrong.id IS NULL OR wrong.issued_at > %(at)s)
    ORDER BY item.movement_id, invoice.issued_at DESC"""
OF_THEN = f"""
    SELECT item.id AS movement_id, item.debit_id AS account_id, item.location_id, item.business_day, asked.due_on,
        item.amount - coalesce(paid.amount, 0) AS rest
    FROM accounting_movement AS item
    JOIN accounting_account AS account ON account.id = item.debit_id AND account.base_id = item.base_id
        AND account.kind = 'owed'
    LEFT JOIN ({_PAID}) AS paid ON paid.item_id = item.id
    LEFT JOIN ({_BACK}) AS back ON back.reverses_id = item.id
    LEFT JOIN ({_ASKED}) AS asked ON asked.movement_id = item.id
    WHERE item.base_id = %(base)s AND item.ledger_id = %(ledger)s AND item.posted_at <= %(at)s
      AND item.kind <> 'reversal' AND back.reverses_id IS NULL AND item.amount > coalesce(paid.amount, 0)"""

CLASSES = range(len(AgeClass))
_SUMS = ", ".join(f"sum(rest) FILTER (WHERE age = {at}) AS age_{at}" for at in CLASSES)
_SUMMED = ", ".join(f"sum(age_{at}) AS age_{at}" for at in CLASSES)
_PLAIN = ", ".join(f"coalesce(age_{at}, 0.00) AS age_{at}" for at in CLASSES)
_NAMES = """LEFT JOIN LATERAL (
            SELECT coalesce(
                nullif(concat_ws(' ', nullif(last_name, ''), nullif(first_name, '')), ''), company
            ) AS name
            FROM customers_customer WHERE id = whole.customer_id AND base_id = %(base)s OFFSET 0
        ) AS named ON true"""

# Each account with its customer. OFFSET 0 keeps it one table: a customer is looked up once, by his key, and not again
# for each of his items.
_WHOSE = """
    SELECT account.id, account.customer_id, customer.customer_number AS number,
        coalesce(billing.payment_term, customer.payment_term, %(term)s)::integer AS term
    FROM accounting_account AS account
    LEFT JOIN LATERAL (
        SELECT id, customer_number, payment_term, home_location_id, customer_group_id FROM customers_customer
        WHERE id = account.customer_id AND base_id = %(base)s OFFSET 0
    ) AS customer ON true
    LEFT JOIN accounting_billingterms AS billing ON billing.customer_id = account.customer_id
        AND billing.base_id = account.base_id AND billing.ledger_id = account.ledger_id
    WHERE account.base_id = %(base)s AND account.ledger_id = %(ledger)s AND account.kind = 'owed'"""
_NARROWED = {
    "customer": " AND account.customer_id = %(customer)s",
    "home": " AND customer.home_location_id = %(home)s",
    "group": " AND customer.customer_group_id = %(group)s",
    "company": """ AND (customer.id = %(company)s OR customer.id IN (
        SELECT member_id FROM customers_customermembership
        WHERE base_id = %(base)s AND of_id = %(company)s AND valid_from <= %(day)s
          AND (valid_until IS NULL OR valid_until >= %(day)s)
    ))""",
}


def items(narrowed: dict[str, object], *, is_of_now: bool) -> str:
    """SQL: each open item with its customer, its due day and the number of its class of age. `narrowed` are the
    parameters of the question.
    """
    whose = _WHOSE + "".join(sql for name, sql in _NARROWED.items() if narrowed[name] is not None)
    if is_of_now:
        whose += " AND account.balance < 0"
    whose += " OFFSET 0"
    return f"""
        SELECT * FROM (
            SELECT dated.*, width_bucket(%(day)s - dated.due, %(bounds)s::integer[]) AS age
            FROM (
                SELECT open.movement_id, open.account_id, open.location_id, open.business_day, open.rest,
                    whose.customer_id, whose.number,
                    coalesce(open.due_on, open.business_day + whose.term) AS due
                FROM ({OF_NOW if is_of_now else OF_THEN}) AS open JOIN ({whose}) AS whose ON whose.id = open.account_id
                {"WHERE open.location_id = %(location)s" if narrowed["location"] is not None else ""}
            ) AS dated
        ) AS aged {"WHERE age = %(age)s" if narrowed["age"] is not None else ""}"""


def _whole(items_sql: str) -> str:
    """SQL: `part` with the sums of each account at each location, and `whole` with those of each account.

    Items are read once. Numbers alone: names are joined to few rows.
    """
    return f"""
        WITH part AS MATERIALIZED (
            SELECT location_id, account_id, min(customer_id) AS customer_id, min(number) AS number, {_SUMS},
                sum(rest) AS total, count(*) AS items
            FROM ({items_sql}) AS item GROUP BY location_id, account_id
        ), whole AS MATERIALIZED (
            SELECT account_id, min(customer_id) AS customer_id, min(number) AS number, {_SUMMED}, sum(total) AS total,
                sum(items)::bigint AS items
            FROM part GROUP BY account_id
        )"""


def per_customer(items_sql: str, order: str) -> str:
    """SQL: a row for all ('sum'), one for each location ('place'), and those of a page of customers ('row').

    Each has the sums of the classes, the sum of all, and of how many items and accounts. They are of one moment.
    """
    again = ", ".join(f"coalesce(sum(age_{at}), 0.00)" for at in CLASSES)
    by_name = _NAMES if order.startswith("name ") else ""
    return f"""{_whole(items_sql)}, place AS MATERIALIZED (
            SELECT location_id, {_SUMMED}, sum(total) AS total, sum(items)::bigint AS items, count(*) AS accounts
            FROM part GROUP BY location_id
        )
        SELECT 'sum', NULL::bigint, {again}, coalesce(sum(total), 0.00), coalesce(sum(items), 0)::bigint,
            (SELECT count(*) FROM whole) FROM place
        UNION ALL
        SELECT 'place', location_id, {_PLAIN}, total, items, accounts FROM place
        UNION ALL
        SELECT * FROM (
            SELECT 'row', customer_id, {_PLAIN}, total, items, 1::bigint
            FROM whole {by_name} ORDER BY {order} LIMIT %(most)s OFFSET %(skipped)s
        ) AS page"""


def per_customer_all(items_sql: str) -> str:
    """SQL: number and name of each customer who owes something, with the sums of the classes and of all."""
    return f"""{_whole(items_sql)}
        SELECT number, name, {_PLAIN}, total FROM whole {_NAMES} ORDER BY number, account_id"""


def listed(items_sql: str) -> str:
    """SQL: a page of items, the one that is due first before the others; the count and sum of all stand in each row."""
    return f"""
        SELECT movement_id, customer_id, due, age, rest, count(*) OVER () AS items, sum(rest) OVER () AS total
        FROM ({items_sql}) AS item ORDER BY due, number, movement_id LIMIT %(most)s OFFSET %(skipped)s"""
