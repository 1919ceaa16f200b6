"""Find the LibreOffice for the tests that open our files with it, and install it where that can be done."""

import shutil

from launch import debian
from launch.problem import CannotStart


def ensure() -> str:
    """The path of the program, after installing Debian's package if need be. Raises CannotStart."""
    found = shutil.which("soffice")
    if found is None and debian.can_install():
        debian.install("libreoffice-calc")
        found = shutil.which("soffice")
    if found is None:
        raise CannotStart("The test of formulas needs LibreOffice, and none was found: apt install libreoffice-calc")
    return found
