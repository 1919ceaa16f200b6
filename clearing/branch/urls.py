"""Addresses that exist at a branch alone."""

from django.urls import path

from clearing.branch.setup_page import setup_page

urlpatterns = [path("", setup_page, name="branch_setup")]
