"""The addresses behind `/<account_number>/<client_number>/`, for api/door.py and for links in answers."""

from django.urls import path

from api.service import service

urlpatterns = [path("api/v1/", service.urls)]
