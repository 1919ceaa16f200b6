"""Customer groups and tags that a file names: found in the base, or created where the actor may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_lazy as _

from customers.models import CustomerGroup, ImportUpload, Tag
from customers.operations import save_customer_group, save_tag
from locations.permissions import Right
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, sentences_of


@dataclass
class NamedVocabulary:
    """The customer groups and tags that the rows of an upload name.

    `groups` maps each name, as the file spells it, to an id; new groups have negative ids until they are saved.
    """

    groups: dict[str, int] = field(default_factory=dict)
    new_groups: dict[str, int] = field(default_factory=dict)
    new_tags: list[str] = field(default_factory=list)
    worth: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Price level and discount of new groups, by their names, where the upload says them."""
    refused_groups: dict[str, Sentences] = field(default_factory=dict)
    """Names that cannot be used, with the reason."""
    refused_tags: dict[str, Sentences] = field(default_factory=dict)


def named_vocabulary(
    *,
    upload: ImportUpload,
    given: frozenset[str],
    scope: Scope,
    is_judged: bool = False,
    rows: Sequence[int] | None = None,
) -> NamedVocabulary:
    """What the rows of an upload name. Four queries, however many rows there are.

    After the rows were judged, `is_judged`, only those count that will be written: a rejected row creates no group.
    `rows` restricts it to rows with these numbers.
    """
    words = NamedVocabulary(worth=upload.choices.get("groups", {}))
    if "group_name" in given:
        _find_groups(words, _distinct("group_name", upload, is_judged, rows), scope)
    if "tags" in given:
        _find_tags(words, _distinct("unnest(tags)", upload, is_judged, rows), scope)
    return words


def create_vocabulary(words: NamedVocabulary, *, scope: Scope) -> None:
    """Save the new groups and tags; `groups` has their ids then."""
    saved: dict[int, int] = {}
    for name, placeholder in words.new_groups.items():
        group = CustomerGroup(base=scope.base, name=name, **words.worth.get(name, {}))
        save_customer_group(group=group, actor=scope)
        saved[placeholder] = group.pk
    words.groups = {name: saved.get(pk, pk) for name, pk in words.groups.items()}
    for name in words.new_tags:
        save_tag(tag=Tag(name=name), actor=scope)


_WRITTEN = """AND (row_number <@ %(new_rows)s::int4multirange OR row_number IN (
        SELECT row_number FROM customers_importverdict WHERE file_id = %(upload)s AND verdict = 'changed'))
    AND row_number NOT IN (
        SELECT row_number FROM customers_importverdict WHERE file_id = %(upload)s AND verdict = 'rejected')"""


def _distinct(expression: str, upload: ImportUpload, is_judged: bool, rows: Sequence[int] | None) -> list[str]:
    only = "AND row_number = ANY(%(rows)s)" if rows is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {expression} AS word FROM customers_import_rows "
            f"WHERE upload = %(upload)s AND problems IS NULL {_WRITTEN if is_judged else ''} {only} ORDER BY 1",
            {"upload": upload.pk, "new_rows": upload.new_rows, "rows": list(rows or ())},
        )
        return [word for (word,) in cursor.fetchall() if word]


def _find_groups(words: NamedVocabulary, names: list[str], scope: Scope) -> None:
    known = {group.name.casefold(): group.pk for group in CustomerGroup.objects.in_base(scope.base)}
    for name in names:
        folded = name.casefold()
        if folded not in known:
            refusal = _refusal(CustomerGroup(base=scope.base, name=name), name, scope)
            if refusal:
                words.refused_groups[name] = refusal
                continue
            known[folded] = words.new_groups[name] = -1 - len(words.new_groups)
        words.groups[name] = known[folded]


def _find_tags(words: NamedVocabulary, names: list[str], scope: Scope) -> None:
    known = set(Tag.objects.in_base(scope.base).values_list("name", flat=True))
    for name in names:
        if name in known:
            continue
        refusal = _refusal(Tag(base=scope.base, name=name), name, scope)
        if refusal:
            words.refused_tags[name] = refusal
        else:
            words.new_tags.append(name)


def _refusal(word: CustomerGroup | Tag, name: str, scope: Scope) -> Sentences:
    """Why the word cannot be created; empty where it can."""
    if not scope.allows(Right.MANAGE_CUSTOMER_GROUPS):
        message = (
            _(
                "There is no customer group “%(name)s”, and you lack the right “%(right)s” to create it. "
                "Have somebody create it first."
            )
            if isinstance(word, CustomerGroup)
            else _(
                "There is no tag “%(name)s”, and you lack the right “%(right)s” to create it. "
                "Have somebody create it first."
            )
        )
        params = {"name": name, "right": Right.MANAGE_CUSTOMER_GROUPS.label}
        return sentences_of(ValidationError(message, code="unknown_word", params=params))
    try:
        word.clean_fields()
    except ValidationError as error:
        return sentences_of(error)
    return Sentences()
