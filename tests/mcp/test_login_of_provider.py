from django.contrib.auth import authenticate

PASSWORD = "Stammhaus-Demo-2026"


def test_support_logs_in_through_a_link_to_a_location(cast):
    assert authenticate(None, username="rita", password=PASSWORD, account_number=10400) == cast.user("rita")


def test_account_number_of_another_business_does_not_let_in(cast):
    assert authenticate(None, username="anna", password=PASSWORD, account_number=20800) is None
