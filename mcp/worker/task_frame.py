"""The frame of a task that works on one thing: with whose rights, in which language, and how its failure is shown.

    IMPORTS = TaskFrame(name="import", tell=…, broken=…, given_up=…)

    @app.task(retry=AGAIN)
    def check_upload(upload, **somebody):
        IMPORTS.for_somebody(upload, somebody, partial(_check, upload))

    IMPORTS.when_given_up("upload", "customers.imports.tasks.check_upload")

The task runs as the user who has ordered it, with the rights that he has when it runs. A failure is passed to `tell` as
a stored sentence, in a transaction that sees the thing. If the thing does not exist, the task is tried again
(NothingThere).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import override

from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import USER_LEFT, Sentences, StoredSentence, sentences_of
from mcp.worker import queueing
from mcp.worker.queueing import NothingThere
from mcp.worker.somebody import WORKER, language_of


class Stopped(Exception):
    """The thing is no longer this worker's: it was cancelled, taken over by another worker, or is done."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a thing could not be worked on."""

    reason: Sentences
    scope: Scope | None = None
    """The scope in which the worker worked; None where the user could not be entered, or the job was given up."""
    error: Exception | None = None


@dataclass(frozen=True, kw_only=True)
class TaskFrame:
    """What the tasks of one kind of thing have in common."""

    name: str
    """The name of such a thing in the log."""
    tell: Callable[[str, Failure], None]
    """Called with the key of a thing and a failure, which it stores so that the page of the thing shows it."""
    broken: StoredSentence
    """The sentence for an exception that only the log explains."""
    given_up: StoredSentence
    """The sentence where the worker has died at it again and again."""
    stopped: tuple[type[Exception], ...] = ()
    """Further exceptions, besides Stopped, that are no failure: there is nothing (more) to do."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("stammhaus.tasks"))

    @property
    def _nothing_to_do(self) -> tuple[type[Exception], ...]:
        return Stopped, *self.stopped

    def for_somebody(self, pk: str, somebody: dict[str, int], step: Callable[[Scope], object]) -> Scope | None:
        """Run a step as the user who has ordered it (`for_somebody`); returns the scope, or None if it failed.

        Raises NothingThere.
        """
        try:
            scope = access.enter_as(**somebody)
        except Http404:
            reason = f"this {self.name} is worked on for nobody who may work there any more"
            with row_scope.without_scope(reason=reason, actor=WORKER), language_of(somebody):
                self.tell(pk, Failure(reason=USER_LEFT()))
            return None
        with override(scope.user.language if scope.user else None):
            return scope if self.as_actor(pk, scope, step) else None

    def as_actor(self, pk: str, scope: Scope, step: Callable[[Scope], object]) -> bool:
        """Run a step in a scope; returns whether it succeeded. Raises NothingThere."""
        try:
            step(scope)
        except NothingThere:
            raise
        except self._nothing_to_do as reason:
            self.log.info("The %s %s is not worked on any further here: %s", self.name, pk, type(reason).__name__)
        except (MissingRight, ValidationError) as refusal:
            self._tell_here(pk, scope, sentences_of(refusal), refusal)
        except Exception as error:
            self.log.exception("The %s %s broke off; nothing of this step was kept", self.name, pk)
            self._tell_here(pk, scope, self.broken(), error)
        else:
            return True
        return False

    def when_given_up(self, argument: str, *tasks: str) -> None:
        """Have `tell` called where a job of these tasks is given up.

        `argument` is their argument with the key of the thing.
        """

        def tell(**arguments: Any) -> None:
            with (
                row_scope.without_scope(reason=f"this {self.name} is given up", actor=WORKER),
                language_of(arguments),
                suppress(NothingThere),
            ):
                self.tell(arguments[argument], Failure(reason=self.given_up()))

        queueing.when_given_up(*tasks)(tell)

    def _tell_here(self, pk: str, scope: Scope, reason: Sentences, error: Exception) -> None:
        with row_scope.rows_of(scope):
            self.tell(pk, Failure(reason=reason, scope=scope, error=error))
