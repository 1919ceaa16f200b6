"""The page "Why?": for a person and a location, each right with yes or no and the reason.

It shows the answers of `mcp.isolation.access.explain`, which also decides the rights of every request.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.models import Location
from locations.permissions import Right
from mcp.central.admin.reasons import explained
from mcp.central.admin.suggestions import known_people, known_places
from mcp.central.forms.why import WhyForm
from mcp.console import menu
from mcp.console.pages import show
from mcp.console.site import scope_of
from mcp.isolation import access
from mcp.isolation.scope import Scope
from mcp.models import User

menu.register(
    menu.Entry(
        section=menu.Section.ADMINISTRATION,
        title=gettext_lazy("Why?"),
        url_name="admin:mcp_why",
        icon="help",
        right=Right.MANAGE_USERS,
        order=50,
    )
)


def why_page(request: HttpRequest) -> HttpResponse:
    """Somebody who manages users can ask about anybody he sees; everybody else sees his own rights here."""
    scope = scope_of(request)
    if not scope.allows(Right.MANAGE_USERS):
        return _answer(request, _("My rights"), form=None, user=scope.user, location=scope.location)
    form = _form(request, scope)
    user, location = (form.cleaned_data["person"], form.cleaned_data["place"]) if form.is_valid() else (None, None)
    return _answer(request, _("Why?"), form=form, user=user, location=location)


def _form(request: HttpRequest, scope: Scope) -> WhyForm:
    """The form with what was asked; at first the user himself (or the person of `person_id`) at this location."""
    form = WhyForm(people=known_people(scope), places=known_places(scope))
    here = str(form.fields["place"].prepare_value(scope.location))
    form.data = _asked(request.GET, scope, here)
    form.is_bound = True
    if form.is_valid():
        form.data = {name: form.fields[name].prepare_value(row) for name, row in form.cleaned_data.items()}
    return form


def _asked(sent: QueryDict, scope: Scope, here: str) -> dict[str, str]:
    number = sent.get("person_id", "")
    pk = int(number) if number.isdecimal() and len(number) < 19 else None
    person = known_people(scope).filter(pk=pk).first() if pk else scope.user
    return {"person": sent.get("person") or (person.username if person else ""), "place": sent.get("place") or here}


def _answer(
    request: HttpRequest, title: str, *, form: WhyForm | None, user: User | None, location: Location | None
) -> HttpResponse:
    answers = []
    if user is not None and location is not None:
        answers = [explained(answer, user=user, location=location) for answer in access.explain(user, location)]
    held = sum(answer.is_held for answer in answers)
    context = {"title": title, "form": form, "person": user, "place": location, "answers": answers, "held": held}
    return show(request, "mcp/why.html", context)
