from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API of tills."""

    name = "api"
