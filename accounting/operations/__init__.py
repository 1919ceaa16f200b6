"""What is done with accounts: each operation asks for the right itself and is one transaction."""

from accounting.operations.allocating import NotAllocated, Part, allocate
from accounting.operations.correcting import correct, reverse, transfer_credit
from accounting.operations.exceptions import decide_exception
from accounting.operations.legacy import CannotAccountFor, switch_legacy_accounts
from accounting.operations.opening import NoAccount, set_terms
from accounting.operations.order_refusals import OrderRefused
from accounting.operations.orders import Line, Ordered, cancel_order, pay_order, post_order
from accounting.operations.posting import (
    Posted,
    open_balance,
    pay_out,
    post_sale,
    receive_payment,
    top_up,
    use_credit,
)
from accounting.operations.refusals import OtherContent, Refused
from accounting.operations.switching import (
    ask_accounting_switch,
    confirm_accounting_switch,
    refuse_accounting_switch,
    withdraw_accounting_switch,
)

__all__ = [
    "CannotAccountFor", "Line", "NoAccount", "NotAllocated", "OrderRefused", "Ordered", "OtherContent", "Part",
    "Posted", "Refused", "allocate", "ask_accounting_switch", "cancel_order", "confirm_accounting_switch", "correct",
    "decide_exception", "open_balance", "pay_order", "pay_out", "post_order", "post_sale", "receive_payment",
    "refuse_accounting_switch", "reverse", "set_terms", "switch_legacy_accounts", "top_up", "transfer_credit",
    "use_credit", "withdraw_accounting_switch",
]  # fmt: skip
