"""VAT of prices that contain it: no cent is lost, whatever is sold."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.documents.contents import VatCategory
from accounting.documents.vat import net_of_lines, totals, vat_groups, with_net_amounts
from tests.accounting.documents.invoices import EXEMPT, NOTHING, REDUCED, STANDARD, line
from tests.proofs.sampling import examples

CENT = Decimal("0.01")
AMOUNTS = st.integers(-10_000_000, 10_000_000).map(lambda cents: Decimal(cents) / 100)
RATES = st.sampled_from([NOTHING, REDUCED, STANDARD, Decimal("10.7"), Decimal("5.5"), Decimal("0.01")])


@given(st.lists(AMOUNTS, max_size=40), RATES)
@settings(max_examples=examples(400))
def test_net_of_lines_sums_to_the_net_of_their_sum(grosses, rate):
    nets = net_of_lines(grosses, rate)
    exact = sum(grosses, Decimal(0)) * 100 / (100 + rate)
    assert sum(nets) == exact.quantize(CENT, rounding=ROUND_HALF_UP)
    for gross, net in zip(grosses, nets, strict=True):
        assert abs(net - gross * 100 / (100 + rate)) < CENT
        assert net == net.quantize(CENT)
        assert net * gross >= 0
        assert gross or not net


def test_the_cents_go_to_the_lines_that_have_lost_most():
    assert net_of_lines([Decimal("0.10")] * 3, STANDARD) == [Decimal("0.09"), Decimal("0.08"), Decimal("0.08")]
    assert net_of_lines([Decimal("-0.10")] * 3, STANDARD) == [Decimal("-0.08"), Decimal("-0.08"), Decimal("-0.09")]
    assert net_of_lines([Decimal("1.00"), Decimal("-1.00")], REDUCED) == [Decimal("0.93"), Decimal("-0.93")]


@given(st.lists(st.tuples(AMOUNTS, RATES), min_size=1, max_size=30), AMOUNTS)
@settings(max_examples=examples(200))
def test_groups_and_totals_say_what_the_lines_say(sold, paid):
    given_lines = [line(at, "Ware", "1", f"{gross:.2f}", rate) for at, (gross, rate) in enumerate(sold, start=1)]
    lines = with_net_amounts(given_lines)
    groups = vat_groups(lines)
    sums = totals(groups, paid=paid)
    assert [one.gross_amount for one in lines] == [gross for gross, _rate in sold]
    assert sums.net == sum(one.net_amount for one in lines)
    assert sums.gross == sum(gross for gross, _rate in sold) == sums.net + sums.tax
    assert sums.to_pay == sums.gross - paid
    assert len({(group.category, group.rate) for group in groups}) == len(groups)
    for group in groups:
        assert abs(group.tax - group.net * group.rate / 100) <= CENT


@given(AMOUNTS, st.integers(1, 10_000_000).map(lambda parts: Decimal(parts) / 1000))
@settings(max_examples=examples(400))
def test_price_of_one_makes_the_net_amount_again(net, quantity):
    price = replace(line(1, "Ware", "1", "1.00"), quantity=quantity.copy_sign(net), net_amount=net).unit_price
    assert price >= 0
    assert (price * quantity.copy_sign(net)).quantize(CENT, rounding=ROUND_HALF_UP) == net


def test_groups_stand_in_order_and_tell_their_reasons_once():
    lines = with_net_amounts([
        line(1, "Kurs", "1", "10.00", NOTHING, vat_category=VatCategory.EXEMPT, exemption_reason=EXEMPT),
        line(2, "Kurs", "1", "5.00", NOTHING, vat_category=VatCategory.EXEMPT, exemption_reason="§ 19 UStG"),
        line(3, "Kurs", "1", "5.00", NOTHING, vat_category=VatCategory.EXEMPT, exemption_reason=EXEMPT),
        line(4, "Strom", "1", "3.00", NOTHING, vat_category=VatCategory.ZERO),
        line(5, "Brot", "1", "1.07"),
        line(6, "Kaffee", "1", "1.19", STANDARD),
    ])  # fmt: skip
    groups = vat_groups(lines)
    assert [(group.category.value, group.rate) for group in groups] == [
        ("S", STANDARD),
        ("S", REDUCED),
        ("Z", NOTHING),
        ("E", NOTHING),
    ]
    assert groups[-1].reason == f"{EXEMPT}; § 19 UStG"
    assert [(group.net, group.tax) for group in groups] == [
        (Decimal("1.00"), Decimal("0.19")), (Decimal("1.00"), Decimal("0.07")), (3, 0), (20, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(("gross", "rate"), [("1.001", "19"), ("1.00", "-7")])
def test_parts_of_a_cent_and_negative_rates_are_refused(gross, rate):
    with pytest.raises(ValueError, match=r"cent|negative"):
        net_of_lines([Decimal(gross)], Decimal(rate))
