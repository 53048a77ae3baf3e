#!/usr/bin/env bash
# Set-up: from a machine with Python 3.11 and git to a project that runs. Called by every Makefile target that needs it.
#
#   Python 3.11 → Java 17 or 21 → .venv from requirements.lock → Delta jars → start-up archive → Airflow's database
#
# Each step says what is there and does only what is missing, so a second call takes about a second and an interrupted one
# goes on where it stopped. Everything lands in .venv/, build/ and lake/, which git ignores. Written for the bash 3.2 of macOS.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly VENV=.venv
readonly BUILD=build
readonly STAMP=$VENV/.cdp-setup
readonly BOOTSTRAP=$BUILD/bootstrap

say() { printf '  %s\n' "$*"; }
doing() { printf '→ %s\n' "$*"; }

# fail PROBLEM REMEDY…: one problem, one remedy per line, and the end.
fail() {
    printf '\n✗ %s\n' "$1" >&2
    shift
    printf '  → %s\n' "$@" >&2
    exit 1
}

is_macos() { [ "$(uname -s)" = Darwin ]; }
has_apt() { command -v apt-get >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# ---------------------------------------------------------------------------------------------------------------------
# What the system must bring: Python 3.11 with its venv module, and Java 17 or 21

is_python_311() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in "${CDP_PYTHON:-}" python3.11 python3 python "$HOME/.local/bin/python3.11" \
        /opt/homebrew/bin/python3.11 /usr/local/bin/python3.11 /usr/bin/python3.11; do
        if [ -n "$candidate" ] && is_python_311 "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    return 1
}

# java_major HOME: 17 for a Java home of version 17.0.15; fails when it is no Java home.
java_major() {
    local version=""
    [ -x "$1/bin/java" ] || return 1
    [ ! -r "$1/release" ] || version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
    [ -n "$version" ] || version=$("$1/bin/java" -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')
    [ -n "$version" ] && printf '%s\n' "$version"
}

is_java_for_spark() {
    case "$(java_major "$1" 2>/dev/null || true)" in 17 | 21) return 0 ;; *) return 1 ;; esac
}

java_of_path() {
    local program
    program=$(command -v java 2>/dev/null) || return 0
    # Asked, not guessed from the link: a version manager puts a script there. (macOS has a stub that only fails.)
    "$program" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p'
}

java_homes() {
    local version
    printf '%s\n' "${JAVA_HOME:-}" "$(cat "$BUILD/java_home" 2>/dev/null || true)"
    java_of_path || true
    for version in 17 21; do
        ! is_macos || /usr/libexec/java_home -v "$version" 2>/dev/null || true
        printf '%s\n' /usr/lib/jvm/*"$version"* "$HOME"/.sdkman/candidates/java/"$version"* \
            /opt/homebrew/opt/openjdk@"$version"/libexec/openjdk.jdk/Contents/Home \
            /usr/local/opt/openjdk@"$version"/libexec/openjdk.jdk/Contents/Home
    done
}

find_java() {
    local home
    while IFS= read -r home; do
        if [ -n "$home" ] && is_java_for_spark "$home"; then
            printf '%s\n' "$home"
            return 0
        fi
    done < <(java_homes)
}

# The Java this distribution has: 17 on Debian 12 and Ubuntu 22.04/24.04, 21 on Debian 13.
debian_java() {
    local version
    for version in 17 21; do
        if apt-cache show "openjdk-$version-jre-headless" >/dev/null 2>&1; then
            printf 'openjdk-%s-jre-headless\n' "$version"
            return 0
        fi
    done
    printf 'openjdk-17-jre-headless\n'
}

# need_packages NAME…: system packages for Debian and Ubuntu; installed when we are root, else the command to type.
need_packages() {
    if ! is_root; then
        fail "missing on this machine: $*" "type this, then call make again:" "sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    fi
    doing "installing $* with apt-get"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >"$BUILD/apt.log" 2>&1 ||
        fail "apt-get could not install $* (see $BUILD/apt.log)" "$(grep -E '^(E|W):' "$BUILD/apt.log" | tail -n 1 || true)" "install them by hand, then call make again"
}

check_system() {
    local packages="" python_name=python3.11
    PYTHON=$(find_python) || fail "Python 3.11 is not on this machine (CDP_PYTHON may name it)" \
        "Debian 12, Ubuntu 22.04:  sudo apt-get install -y python3.11 python3.11-venv" \
        "macOS:                    brew install python@3.11" \
        "any other:                install uv (docs.astral.sh/uv), then: uv python install 3.11"
    JAVA_HOME=$(find_java)
    if has_apt && { [ -z "$JAVA_HOME" ] || ! has_venv_module; }; then
        if is_root; then
            doing "updating the list of system packages"
            apt-get update -qq </dev/null >/dev/null 2>&1 || say "apt-get update failed; going on with the list that is there"
        fi
        has_venv_module || packages="$python_name-venv"
        [ -n "$JAVA_HOME" ] || packages="$packages $(debian_java)"
        # shellcheck disable=SC2086 # a list of words on purpose
        need_packages $packages
        JAVA_HOME=$(find_java)
    fi
    has_venv_module || fail "$PYTHON cannot make virtual environments (no ensurepip module)" "install the venv package that belongs to this Python"
    [ -n "$JAVA_HOME" ] || fail "Java 17 or 21 is not on this machine" \
        "macOS:   brew install openjdk@17" \
        "Fedora:  sudo dnf install -y java-17-openjdk-headless" \
        "or set JAVA_HOME to a Java 17 or 21 that is there"
    export JAVA_HOME
    printf '%s\n' "$JAVA_HOME" >"$BUILD/java_home"
    say "Python: $("$PYTHON" -c 'import platform; print(platform.python_version())') ($PYTHON)"
    say "Java: $(java_major "$JAVA_HOME") ($JAVA_HOME)"
}

# Debian splits ensurepip out of Python; once uv is there, nobody needs it.
has_venv_module() {
    has_uv || "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# ---------------------------------------------------------------------------------------------------------------------
# The virtual environment, exactly as requirements.lock says

has_uv() { "$BOOTSTRAP/bin/python" -m uv --version >/dev/null 2>&1; }
uv() { "$BOOTSTRAP/bin/python" -m uv "$@"; }

# uv itself comes from the lock file too, checked by its hash; pip only ever installs this one package.
bootstrap_uv() {
    ! has_uv || return 0
    doing "getting uv, the installer"
    rm -rf "$BOOTSTRAP"
    "$PYTHON" -m venv "$BOOTSTRAP"
    sed -n '/^uv==/,/[^\\]$/p' requirements.lock >"$BUILD/uv.lock"
    "$BOOTSTRAP/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$BUILD/uv.lock" ||
        fail "uv could not be installed" "check the network or pip's index (pip config list), then call make again"
}

# uv does not read pip's configuration: a company's index or a nearby mirror would be ignored.
use_pips_index() {
    local index
    export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1} # certificates of the system, so that a company's own are known
    [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] || return 0
    index=${PIP_INDEX_URL:-$("$BOOTSTRAP/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
}

# Folder, Python, the lock file and what pyproject.toml says of the project itself: when these are the same, so is the environment.
fingerprint() {
    pwd
    "$PYTHON" - <<'PYTHON'
import hashlib, pathlib, sys, tomllib

described = tomllib.loads(pathlib.Path("pyproject.toml").read_text(encoding="utf-8"))
project = repr((described["build-system"], described["project"], described["tool"]["setuptools"]))
print(sys.version.split()[0], hashlib.sha256(pathlib.Path("requirements.lock").read_bytes() + project.encode()).hexdigest())
PYTHON
}

install_packages() {
    local wanted quiet=""
    wanted=$(fingerprint)
    [ -t 1 ] || quiet=--quiet # progress bars for a person, no list of 230 packages in a log
    if [ "$(cat "$STAMP" 2>/dev/null || true)" = "$wanted" ] && [ -x "$VENV/bin/cdp" ]; then
        say "Packages: as requirements.lock says"
        return 0
    fi
    bootstrap_uv
    use_pips_index
    # An environment that was moved here, or of another Python, would call programs of its old place.
    if [ "$(head -n 1 "$STAMP" 2>/dev/null || true)" != "$(pwd)" ] || ! is_python_311 "$VENV/bin/python"; then
        uv venv --quiet --clear --python "$PYTHON" "$VENV"
        pwd >"$STAMP"
    fi
    doing "installing the packages of requirements.lock (the first time about 1 GB is downloaded)"
    uv pip sync ${quiet:+"$quiet"} --python "$VENV/bin/python" --require-hashes requirements.lock ||
        fail "the packages could not be installed" "check the network or the index (UV_DEFAULT_INDEX), then call make again: what arrived is kept"
    uv pip install --python "$VENV/bin/python" --quiet --no-deps --no-build-isolation --editable . ||
        fail "the project itself could not be installed into $VENV" "the lines above say why"
    printf '%s\n' "$wanted" >"$STAMP"
    ! is_macos || "$VENV/bin/python" -c 'import xgboost' >/dev/null 2>&1 || fail "xgboost does not load" "macOS: brew install libomp, then call make again"
}

# ---------------------------------------------------------------------------------------------------------------------
# What would otherwise cost the first night its time

# Classes of a warmed-up engine in one file: the next engine starts in half the time. Without it everything works, slower.
record_archive() {
    if ! ls "$BUILD"/cds/*.jsa >/dev/null 2>&1; then
        [ "${CDP_START_UP_ARCHIVE:-}" != skip ] || return 0
        doing "recording the engine's start-up archive (about a minute, once)"
    fi
    "$VENV/bin/python" -m spark_jobs.engine.record_archive 2>"$BUILD/archive.log" ||
        say "start-up archive: not recorded (see $BUILD/archive.log); the engine works, it starts some seconds slower"
}

prepare_airflow() {
    "$VENV/bin/python" - >"$BUILD/airflow.log" 2>&1 <<'PYTHON' || fail "Airflow's database could not be made (see $BUILD/airflow.log)" "$(tail -n 1 "$BUILD/airflow.log")"
from importlib.metadata import version

from conf.settings import settings

home, release = settings().lake.airflow, version("apache-airflow")
if not (home / f"database-{release}").exists():
    from spark_jobs.nightly.airflow_home import prepare_airflow

    prepare_airflow(settings())
print(f"{release}, its database is in {home}")
PYTHON
    say "Airflow: $(tail -n 1 "$BUILD/airflow.log")"
}

# ---------------------------------------------------------------------------------------------------------------------

main() {
    local started=$SECONDS
    mkdir -p "$BUILD"
    doing "set-up"
    check_system
    install_packages
    "$VENV/bin/python" -m spark_jobs.engine.jars
    record_archive
    prepare_airflow
    say "Ready after $((SECONDS - started)) s."
}

main "$@"
