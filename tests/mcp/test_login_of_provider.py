from django.contrib.auth import authenticate

PASSWORD = "Stammhaus-Demo-2026"


def test_provider_logs_in_without_an_account_number_and_with_none_of_a_business(cast):
    assert authenticate(None, username="rita", password=PASSWORD) == cast.user("rita")
    assert authenticate(None, username="rita", password=PASSWORD, account_number=10400) is None


def test_account_number_of_another_business_does_not_let_in(cast):
    assert authenticate(None, username="anna", password=PASSWORD, account_number=20800) is None
