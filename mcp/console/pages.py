"""Pages of the console that belong to no model: showing one, asking for confirmation, redirecting with a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from mcp.console.site import console


@dataclass(frozen=True)
class Link:
    """One button above a page."""

    title: str
    address: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """A page of confirmation: what will happen, and what prevents it."""

    title: str
    sentences: list[str]
    button: str
    back: str
    is_dangerous: bool = True
    hurts: tuple[str, ...] = ()
    """Why it cannot be done. The button is shown only where this is empty."""


def show(
    request: HttpRequest, template: str, context: Mapping[str, object], *, site: AdminSite = console, status: int = 200
) -> HttpResponse:
    """Render a template in the frame of the console."""
    return render(request, template, {**site.each_context(request), **context}, status=status)


def ask(request: HttpRequest, question: Question, *, refusal: ValidationError | None = None) -> HttpResponse:
    """The page of confirmation, with the refusal of an attempt, unless the question says that already."""
    errors = [sentence for sentence in sentences_of(refusal) if sentence not in question.hurts]
    context = {"title": question.title, "question": question, "errors": errors}
    return show(request, "mcp/confirm.html", context, status=400 if refusal else 200)


def sentences_of(refusal: ValidationError | None) -> tuple[str, ...]:
    """What a refusal says; nothing where there is none."""
    return tuple(refusal.messages) if refusal else ()


def done(request: HttpRequest, sentence: str, address: str) -> HttpResponse:
    """Redirect to the address, with a message of success."""
    messages.success(request, sentence)
    return HttpResponseRedirect(address)
