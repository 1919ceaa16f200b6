"""Pages by ids: every row on exactly one page, in the same order from both ends, and never counted twice."""

import pytest

from customers import paginator
from customers.models import Customer
from customers.paginator import CustomerPaginator
from tests.conftest import Cast, forget_author
from tests.customers.people import customer


@pytest.fixture(scope="module")
def made(standing):
    """Eleven customers, for all tests of this file."""
    scope = Cast().scope("anna", "Hamburg")
    for number in range(11):
        customer(scope, last_name=f"Muster{number % 3}", city=f"Ort{number % 4}")
    forget_author()
    return scope


@pytest.fixture
def rows(db, made):
    scope = made
    return Customer.objects.in_base(scope.base)


@pytest.mark.parametrize("order", ["sort_name", "-sort_name", "customer_number", "-customer_number", "city", "-city"])
@pytest.mark.parametrize("per_page", [1, 2, 3, 4, 10, 11, 12])
@pytest.mark.parametrize(("total", "is_searched"), [(11, True), (None, True), (None, False)])
def test_pages_joined_are_the_sorted_rows(rows, order, per_page, total, is_searched):
    pages = CustomerPaginator(rows, per_page, order=order, total=total, is_searched=is_searched)
    joined = [pk for number in pages.page_range for pk in pages.ids(number)]
    sign = "-" if order.startswith("-") else ""
    assert joined == list(rows.order_by(order, f"{sign}id").values_list("pk", flat=True))
    assert (pages.count, pages.is_more) == (11, False)


@pytest.mark.parametrize("order", ["sort_name", "-sort_name", "city", "-city", "customer_number", "-customer_number"])
@pytest.mark.parametrize("is_searched", [True, False])
def test_of_very_many_the_first_are_shown_in_their_order(rows, monkeypatch, order, is_searched):
    monkeypatch.setattr(paginator, "LIMIT", 7)
    monkeypatch.setattr(paginator, "SHOWN_OF_MORE", 6)
    pages = CustomerPaginator(rows, 2, order=order, is_searched=is_searched)
    joined = [pk for number in pages.page_range for pk in pages.ids(number)]
    sign = "-" if order.startswith("-") else ""
    assert (pages.count, pages.is_more, pages.num_pages) == (6, True, 3)
    assert joined == list(rows.order_by(order, f"{sign}id").values_list("pk", flat=True)[:6])


def test_pages_that_do_not_exist_lead_to_the_nearest(rows):
    pages = CustomerPaginator(rows, 5, order="sort_name", total=11)
    assert [pages.nearest_page(number) for number in (-3, 0, 1, 3, 4, 10**9)] == [1, 1, 1, 3, 3, 3]


def test_known_total_is_not_counted_again(rows, django_assert_num_queries):
    pages = CustomerPaginator(rows, 5, order="sort_name", total=11)
    with django_assert_num_queries(1):
        assert (pages.num_pages, len(pages.ids(3))) == (3, 1)


def test_no_rows_are_one_empty_page(cast):
    pages = CustomerPaginator(Customer.objects.none(), 5, order="sort_name", total=0)
    assert (pages.num_pages, pages.ids(1)) == (1, [])
