"""Why a file on a stick is refused, each with a sentence for whoever holds it. Nothing of it was taken."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from clearing.protocol.strict import UnreadableField
from locations.text import LazyText


class RefusedStick(ValidationError):
    """A file cannot be taken from a stick. Each reason is a class of its own."""


class _WithoutDetails(RefusedStick):
    """One of which nothing more can be told than that it is so."""

    sentence: LazyText
    code_of_refusal: str

    def __init__(self) -> None:
        super().__init__(self.sentence, code=self.code_of_refusal)


class NotAStick(_WithoutDetails):
    """The file is something else."""

    sentence = gettext_lazy("This file is not one of the clearing. Choose the file that the other side has written.")
    code_of_refusal = "not_a_stick"


class WrongReceiver(_WithoutDetails):
    """It is sealed for somebody else."""

    sentence = gettext_lazy(
        "This file is for another receiver. Choose the file that was written for this place after its last pairing."
    )
    code_of_refusal = "stick_wrong_receiver"


class ForeignSender(_WithoutDetails):
    """It was not written by the one who is expected."""

    sentence = gettext_lazy(
        "This file was not written by the branch or central that is paired here. Nothing of it was taken."
    )
    code_of_refusal = "stick_foreign_sender"


class ChangedStick(_WithoutDetails):
    """Bytes of it are others than those that were written."""

    sentence = gettext_lazy(
        "The file was changed or damaged after it was written. Nothing of it was taken. "
        "Copy it once more, or let it be written anew."
    )
    code_of_refusal = "stick_changed"


class TruncatedStick(_WithoutDetails):
    """It ends too early."""

    sentence = gettext_lazy(
        "The end of the file is missing. Nothing of it was taken. "
        "Copy it once more, and eject the stick before you pull it out."
    )
    code_of_refusal = "stick_truncated"


class ReorderedStick(_WithoutDetails):
    """Pieces of it stand in another order, or twice."""

    sentence = gettext_lazy(
        "Pieces of the file stand in another order, or twice. Nothing of it was taken. Let it be written anew."
    )
    code_of_refusal = "stick_reordered"


class StickTooLarge(_WithoutDetails):
    """It holds more than it announces, or than any file of ours."""

    sentence = gettext_lazy(
        "The file holds more than it announces. Nothing of it was taken. Let it be written anew, and tell support."
    )
    code_of_refusal = "stick_too_large"


class UnknownStickVersion(RefusedStick):
    """It is in a format that this program does not know."""

    def __init__(self, version: int) -> None:
        super().__init__(
            gettext_lazy(
                "The file is in format %(version)s, which this version does not read. "
                "Bring both sides to the same version and let it be written anew."
            ),
            code="stick_version",
            params={"version": version},
        )


class UnreadableStick(RefusedStick, UnreadableField):
    """Its header or its manifest is not as any of ours."""

    sentence = gettext_lazy(
        "The file cannot be read (%(name)s). Nothing of it was taken. Copy it once more, or let it be written anew."
    )
    code_of_refusal = "stick_unreadable"
