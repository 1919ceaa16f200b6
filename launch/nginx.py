"""Find the nginx for the test of deploy/nginx.conf, and install it where that can be done."""

import shutil

from launch import debian
from launch.problem import CannotStart


def ensure() -> str:
    """The path of the program, after installing Debian's package if need be. Raises CannotStart."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None and debian.can_install():
        debian.install("nginx-light")
        found = shutil.which("/usr/sbin/nginx")
    if found is None:
        raise CannotStart("The test of deploy/nginx.conf needs nginx, and none was found: apt install nginx-light")
    return found
