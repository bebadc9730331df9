# Sourced by the other scripts, from the checkout's root. make_venv EXTRA... gives a virtual
# environment in .venv with mmtwin installed (editable), its engine compiled and these extras.
# It is made once and reused until what it was made from changes: the Python, the packages asked
# for, the engine's sources. Needs python3 >= 3.11 with venv, and gcc for a compiled engine.
# PYTHON=... names another interpreter.

VENV=.venv
LOG=$VENV/install.log

say() { printf '%s\n' "mmtwin: $*" >&2; }

# The first interpreter that is new enough and can make virtual environments.
find_python() {
    for candidate in "${PYTHON:-python3}" /usr/bin/python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "needs Python 3.11 or newer with venv (Debian: apt-get install python3 python3-venv)"
    return 1
}

# Runs a command with its output in the log, which is shown if it fails.
quietly() {
    "$@" >>"$LOG" 2>&1 && return
    tail -n 40 "$LOG" >&2
    say "failed: $* (all of its output: $LOG)"
    return 1
}

# compiler PYTHON: the path of the C compiler that it builds extensions with; fails without one.
compiler() {
    command -v "${CC:-$("$1" -c 'import sysconfig as s; print(s.get_config_var("CC").split()[0])')}"
}

# What an installation depends on, as one hash.
fingerprint() {
    {
        echo "$@"
        "$1" -c 'import sys; print(sys.version, sys.base_prefix)'
        compiler "$1" || true
        cat pyproject.toml setup.py scripts/venv.sh
        find src -name '*.pyx' -o -path 'src/mmtwin/mm/*.py' | LC_ALL=C sort | xargs cat
    } | sha256sum | cut -d ' ' -f 1
}

# Debian's python3 comes without Python.h, and its gcc, installed without recommended packages,
# without the C library's headers. What is missing is fetched with apt, without root, and unpacked
# into the environment: nothing is installed.
provide_headers() {
    local gcc version packages="" files=$PWD/$VENV/headers
    gcc=$(compiler "$VENV/bin/python") || return 0
    version=$("$VENV/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    has_python_h || packages="libpython$version-dev"
    can_link "$gcc" || packages="$packages libc6-dev libcrypt-dev linux-libc-dev"
    [ -n "$packages" ] || return 0
    if [ ! -d "$files" ]; then
        # shellcheck disable=SC2086
        fetch_packages "$files" $packages >>"$LOG" 2>&1 || return 0
    fi
    local libraries multiarch
    multiarch=$("$gcc" -print-multiarch)
    libraries=$files/usr/lib/$multiarch
    [ ! -e "$libraries/libc.so" ] || sed -i "s# /usr/lib/# $files/usr/lib/#g" "$libraries/libc.so"
    CPATH=$files/usr/include/python$version:$files/usr/include:$files/usr/include/$multiarch
    export CPATH LIBRARY_PATH="$libraries"
}

has_python_h() {
    "$VENV/bin/python" - <<'END'
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))
END
}

can_link() {
    echo '#include <stdio.h>' | "$1" -shared -fPIC -x c - -o /dev/null 2>/dev/null
}

# fetch_packages DIR PACKAGE...: with the lists that apt has, else with lists of our own.
fetch_packages() {
    local files=$1 state=$1/apt ok
    shift
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    local own=(-o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache"
        -o Debug::NoLocking=1 -o "APT::Sandbox::User=$(id -un)")
    (
        cd "$state"
        apt-get download "$@" ||
            { apt-get "${own[@]}" update && apt-get "${own[@]}" download "$@"; }
    ) && for package in "$state"/*.deb; do dpkg-deb -x "$package" "$files" || break; done
    ok=$?
    rm -rf "$state"
    [ $ok = 0 ] || rm -rf "$files"
    return $ok
}

# make_venv [EXTRA]...: afterwards $VENV/bin/python runs mmtwin.
make_venv() {
    local python extras stamp now
    python=$(find_python)
    extras=$(IFS=,; echo "$*")
    stamp=$VENV/installed.${extras:-plain}
    now=$(fingerprint "$python" "$extras" "${MMTWIN_DEBUG_ENGINE:-}")
    [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return
    say "installing into $VENV${extras:+ with [$extras]}, and compiling the engine (a minute or two)"
    "$VENV/bin/python" -c '' 2>/dev/null || "$python" -m venv --clear "$VENV"
    : >"$LOG"
    provide_headers
    quietly "$VENV/bin/python" -m pip install --disable-pip-version-check \
        --editable ".${extras:+[$extras]}"
    report_engine
    echo "$now" >"$stamp"
}

# The one line that says that there is no compiled engine, and why.
report_engine() {
    "$VENV/bin/python" -c 'import mmtwin.mm._engine' 2>/dev/null && return
    local why="the compiler's output is in $LOG"
    compiler "$VENV/bin/python" >/dev/null || why="there is no C compiler"
    say "no compiled engine ($why): runs interpreted, about 100 times slower"
}
