#!/bin/sh
# Usage: venv.sh FOLDER [PYTHON]
# Make the virtual environment FOLDER with a Python that is new enough; keep one that works already.
# What is missing is said in one sentence. Runs before anything is installed, so it is plain sh.

folder=$1
wanted=$2
new_enough='import sys; sys.exit(sys.version_info < (3, 12))'

if "$folder/bin/python" -c "$new_enough" 2>/dev/null && "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

# pyenv's stubs answer for the chosen version only; this lets them answer for every one that is installed.
if command -v pyenv >/dev/null 2>&1; then
    PYENV_VERSION="$(pyenv versions --bare 2>/dev/null | tr '\n' ':')system"
    export PYENV_VERSION
fi

found=
seen=
for candidate in ${wanted:-python3.13 python3.12 python3.14 python3 python}; do
    # A version manager's stub may exist for a version that is not installed, so each one is run.
    if "$candidate" -c "$new_enough" 2>/dev/null; then
        found=$candidate
        break
    fi
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    seen=${seen:-$version}
done

if [ -z "$found" ]; then
    echo "Stammhaus needs Python 3.12 or newer, and ${seen:+only }${seen:-none} was found${wanted:+ as $wanted}." \
        "Install it (python.org, or apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3" >&2
    exit 1
fi

if ! "$found" -m venv --clear "$folder" >/dev/null 2>&1; then
    rm -rf "$folder"
    echo "Python ($found) cannot make a virtual environment in $folder." \
        "On Debian and Ubuntu install the missing part: apt install python3-venv" >&2
    exit 1
fi
