"""The pages of people about the API; they are mounted at a location, beside the console."""

from django.urls import path

from api import page

urlpatterns = [
    path("", page.page, name="api_page"),
    path("openapi.json", page.described, name="api_description"),
]
