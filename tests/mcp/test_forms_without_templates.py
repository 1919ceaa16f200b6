"""What forms are made of without a template is what the templates of Django and of the look make."""

import re
from pathlib import Path
from typing import Any

import pytest
import unfold
from django import forms
from django.forms.renderers import TemplatesSetting
from django.forms.utils import ErrorList
from django.template.backends.django import DjangoTemplates
from django.test.html import parse_html
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from unfold import widgets

from locations.permissions import Right
from mcp.console.form_renderer import _MADE_HERE, FormRenderer
from mcp.console.form_rows import fieldset_row, open_tab, wrong_fields
from tests.customers.people import BREMEN, HAMBURG, LIST, customer, form_data, group, page_of, person_without, tag

NASTY = "<b>\"&' ä"
CHOICES = [
    ("", "---------"),
    (NASTY, NASTY),
    (2, gettext_lazy("name")),
    (3, 1234.5),
    ("safe", mark_safe("<i>")),
    (NASTY, [("a", "A"), (True, "B")]),
]
ATTRS: dict[str, Any] = {"id": NASTY, "required": True, "hidden": False, "size": 1234, "title": gettext_lazy("name")}
WIDGETS = [
    forms.TextInput,
    forms.HiddenInput,
    forms.NumberInput,
    forms.EmailInput,
    forms.URLInput,
    forms.DateInput,
    forms.CheckboxInput,
    forms.Select,
    forms.SelectMultiple,
    widgets.UnfoldAdminTextInputWidget,
    widgets.UnfoldAdminEmailInputWidget,
    widgets.UnfoldAdminURLInputWidget,
    widgets.UnfoldAdminDecimalFieldWidget,
    widgets.UnfoldAdminTextareaWidget,
    widgets.UnfoldAdminSelectWidget,
    widgets.UnfoldAdminSelect2Widget,
    widgets.UnfoldAdminSelect2MultipleWidget,
    widgets.UnfoldAdminSingleDateWidget,
    widgets.UnfoldBooleanSwitchWidget,
]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("value", [None, "", NASTY, 1234567.5, True, mark_safe("&amp;"), ["", NASTY], 2])
@pytest.mark.parametrize("kind", WIDGETS)
def test_widget_is_the_one_of_its_template(kind, value, language):
    widget = kind(attrs=dict(ATTRS))
    if hasattr(widget, "choices"):
        widget.choices = CHOICES
    with translation.override(language):
        ours, theirs = (widget.render("a<b", value, renderer=one()) for one in (FormRenderer, TemplatesSetting))
    assert parse_html(ours) == parse_html(theirs)


def test_line_with_something_around_it_is_that_of_the_look():
    widget = widgets.UnfoldAdminTextInputWidget(attrs={"prefix": "EUR"})
    assert "EUR" in widget.render("a", "1", renderer=FormRenderer())


@pytest.mark.parametrize("tag_name", ["label", "legend", None])
@pytest.mark.parametrize("attrs", [{}, None, {"class": NASTY, "for": "id_x"}])
def test_label_is_the_one_of_its_template(tag_name, attrs):
    context = {"label": mark_safe("<i>x</i>"), "tag": tag_name, "use_tag": tag_name is not None, "attrs": attrs}
    assert same("django/forms/label.html", context)


@pytest.mark.parametrize("field_id", [None, NASTY])
@pytest.mark.parametrize("errors", [[], [NASTY], [gettext_lazy("name"), mark_safe("<i>x</i>")]])
@pytest.mark.parametrize("name", ["default", "ul"])
def test_errors_are_those_of_their_template(name, errors, field_id):
    context = ErrorList(errors, field_id=field_id).get_context()
    assert same(f"django/forms/errors/list/{name}.html", context)


def same(name: str, context: dict[str, Any]) -> bool:
    assert name in _MADE_HERE
    ours, theirs = FormRenderer().render(name, context), TemplatesSetting().render(name, context)
    return bool(parse_html(ours) == parse_html(theirs))


@pytest.fixture(scope="module")
def look():
    """The look's own template of a row, which ours stands in place of."""
    folder = Path(unfold.__file__).parent / "templates"
    libraries = {"unfold": "unfold.templatetags.unfold"}
    engine = DjangoTemplates({"NAME": "look", "DIRS": [folder], "APP_DIRS": False, "OPTIONS": {"libraries": libraries}})
    return engine.get_template("unfold/helpers/fieldset_row.html")


@pytest.fixture
def guest(cast):
    scope = cast.scope("anna", "Hamburg")
    tag(scope, "VIP")
    return customer(scope, last_name=NASTY, tags=["VIP"], customer_group=group(scope, "A & B"), is_favourite=True)


def pages(log_in, guest):
    anna, carla = log_in("anna"), log_in("carla")
    person_without(Right.SEE_CONTACT_DATA, Right.SEE_MEMOS)
    opened = anna.get(page_of(guest))
    yield opened
    yield anna.post(
        page_of(guest), form_data(opened, last_name="", customer_group="0", email="x", iban="DE1", is_blocked="on")
    )
    yield anna.get(f"{HAMBURG}{LIST}add/")
    yield anna.get("/10400/1/mcp/user/add/")
    yield anna.get(f"/10400/1/locations/location/{guest.home_location_id}/change/")
    yield carla.get(page_of(guest, BREMEN))
    yield log_in("teilsicht").get(page_of(guest))


def test_rows_are_those_of_the_look(log_in, guest, look):
    shown = 0
    for page in pages(log_in, guest):
        adminform = page.context["adminform"]
        lines = [line for fieldset in adminform for line in fieldset]
        for number, line in enumerate(lines, start=1):
            is_last = number == len(lines)
            theirs = look.render({"line": line, "forloop": {"last": is_last}, "adminform": adminform})
            ours = re.sub(r' id="[^"]+_helptext"', "", fieldset_row(line, is_last))  # which the look forgets
            assert str(parse_html(ours)) == str(parse_html(theirs))
            shown += 1
    assert shown > 100


def test_tab_with_errors_is_open_and_counts_them(log_in, guest):
    anna = log_in("anna")
    opened = anna.get(page_of(guest))
    tabs = [fieldset for fieldset in opened.context["adminform"] if "tab" in fieldset.classes]
    assert (open_tab(tabs), [wrong_fields(one) for one in tabs]) == ("address", [0, 0, 0, 0, 0])
    refused = anna.post(page_of(guest), form_data(opened, iban="DE1", bic="x", discount="1000"))
    tabs = [fieldset for fieldset in refused.context["adminform"] if "tab" in fieldset.classes]
    assert (open_tab(tabs), [wrong_fields(one) for one in tabs]) == ("conditions", [0, 1, 2, 0, 0])
