"""What is done with accounts: each operation asks for the right itself and is one transaction."""

from accounting.operations.correcting import correct, reverse, transfer_credit
from accounting.operations.exceptions import decide_exception
from accounting.operations.opening import NoAccount, set_terms
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

__all__ = [
    "NoAccount", "OtherContent", "Posted", "Refused", "correct", "decide_exception", "open_balance", "pay_out",
    "post_sale", "receive_payment", "reverse", "set_terms", "top_up", "transfer_credit", "use_credit",
]  # fmt: skip
