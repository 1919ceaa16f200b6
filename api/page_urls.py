"""The pages of people about the API; they are mounted at a location, beside the console."""

from django.urls import path

from api import page, webhook_pages

urlpatterns = [
    path("", page.page, name="api_page"),
    path("openapi.json", page.described, name="api_description"),
    path("webhooks/new/", webhook_pages.new_page, name="api_webhook_new"),
    path("webhooks/<uuid:webhook>/end/", webhook_pages.end_page, name="api_webhook_end"),
    path("webhooks/<uuid:webhook>/retry/", webhook_pages.retry_page, name="api_webhook_retry"),
]
