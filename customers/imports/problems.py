"""What is told of single rows, as the SQL that stores it: codes and parameters (see mcp/stored_sentences.py)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mcp.stored_sentences import StoredSentence, stored_sentence

DUPLICATE = stored_sentence(
    "import_duplicate", _("Row %(first)s is about the same customer (%(key)s). Keep one of the two.")
)
AMBIGUOUS = stored_sentence(
    "import_ambiguous", _("%(value)s belongs to several customers: %(numbers)s. Name the customer number.")
)
SOMEBODY_ELSE = stored_sentence(
    "import_somebody_else",
    _(
        "%(value)s is that of somebody else, customer %(customer)s. Choose otherwise how customers without number are "
        "found, or decide by hand."
    ),
)
NUMBER_OUT_OF_RANGE = stored_sentence(
    "import_number_out_of_range",
    _(
        "Customer number %(number)s is outside the number range of %(location)s (%(first)s to %(last)s). "
        "Leave the cell empty to get the next free number, or let the column be “Former customer numbers”."
    ),
)
ERASED = stored_sentence(
    "import_erased",
    _(
        "This customer was erased for good, and no file brings him back. If he comes back himself, register him as a "
        "new customer."
    ),
)
PERHAPS_ERASED = stored_sentence(
    "import_perhaps_erased",
    _(
        "Somebody with this e-mail address or phone number was erased for good. If this is somebody else, say so under "
        "“Perhaps known already”."
    ),
)
LEFT_OUT = stored_sentence("import_left_out", _("Left out, because somebody has decided so."))
CHANGED_MEANWHILE = stored_sentence(
    "import_changed_meanwhile",
    _(
        "Customer %(customer)s was registered or changed by somebody else after the preview and was left alone. "
        "Import the row again to see the difference."
    ),
)
DAY_ALONE = stored_sentence("import_day_alone", _("No yes or no goes with this day."))
SAID_SINCE = stored_sentence("import_said_since", _("The customer has said otherwise since, on %(day)s. That stands."))
CUSTOMER_ARCHIVED = stored_sentence("import_customer_archived", _("The customer is archived and can only withdraw."))
IMPORTED = stored_sentence("import_of", _("Import of %(name)s"))
UNDONE = stored_sentence("import_undone", _("Import of %(name)s undone"))
"""Why customers were changed, as the history keeps it."""
EDITED = stored_sentence("undo_edited", _("Changed since by %(user)s."))
EDITED_BY_SOMEBODY = stored_sentence("undo_edited_by_somebody", _("Changed since by somebody unknown."))
NOTHING_BEFORE = stored_sentence("undo_nothing_before", _("The history does not say what was before."))
GROUP_GONE = stored_sentence("undo_group_gone", _("The customer group of before does not exist any more."))
TAG_GONE = stored_sentence("undo_tag_gone", _("A tag of before does not exist any more."))
REFERENCED = stored_sentence(
    "undo_referenced", _("Something was recorded about this customer since, such as a withdrawal.")
)
YES = stored_sentence("import_yes", _("Yes"))
THE_DAY = stored_sentence("import_day", "%(day)s")


def problem(column: str = "''", value: str = "''", reason: str = "'[]'", code: str = "''") -> str:
    """A list of one problem; the arguments are SQL."""
    return f"""jsonb_build_array(jsonb_build_object(
        'column', {column}, 'value', {value}, 'reason', {reason}, 'code', {code}))"""


def told(sentence: StoredSentence, **params: str) -> str:
    """The sentence as it is stored; its parameters are SQL."""
    named = ", ".join(f"'{name}', {value}" for name, value in params.items())
    return f"""jsonb_build_array(jsonb_build_object(
        'code', '{sentence.code}'::text, 'params', jsonb_build_object({named})))"""


def day(value: str) -> str:
    """A day as a parameter, given as SQL: it is shown as the language of the reader writes days."""
    return f"jsonb_build_object('day', to_char({value}, 'YYYY-MM-DD'))"
