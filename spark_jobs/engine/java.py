"""Which Java the engine runs on."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from conf.errors import EngineError, Finding
from conf.settings import PROJECT_ROOT

SUPPORTED = (17, 21)
REMEDY = "install a Java 17 or 21 runtime (Debian/Ubuntu: apt-get install openjdk-17-jre-headless), or set JAVA_HOME to one"


def _candidates() -> list[tuple[str, Path]]:
    """Places to look, as (what a person calls it, Java home)."""
    found: list[tuple[str, Path]] = []
    if home := os.environ.get("JAVA_HOME"):
        found.append(("JAVA_HOME", Path(home)))
    recorded = PROJECT_ROOT / "build" / "java_home"
    if recorded.is_file():
        found.append(("build/java_home", Path(recorded.read_text(encoding="utf-8").strip())))
    if on_path := shutil.which("java"):
        found.append(("PATH", Path(on_path).resolve().parent.parent))
    return found


@cache
def java_home() -> Path:
    """The first Java that Spark runs on: JAVA_HOME, else what the set-up recorded, else the one on PATH.

    Raises:
        EngineError: there is none; the findings say what was looked at.
    """
    candidates = _candidates()
    findings = []
    for name, home in candidates:
        problem = _problem(home)
        if problem is None:
            return home
        findings.append(Finding(name, problem, REMEDY))
    if not candidates:
        raise EngineError("there is no Java", [Finding("JAVA_HOME, build/java_home, PATH", "no java found", REMEDY)])
    raise EngineError("there is no Java that Spark runs on", findings)


def _problem(home: Path) -> str | None:
    """Why Spark cannot run on this Java home, or None."""
    java = home / "bin" / "java"
    if not java.is_file():
        return f"{java} is not there"
    version = java_version(home)
    return None if int(version.split(".")[0]) in SUPPORTED else f"{home} is Java {version}"


@cache
def java_version(home: Path) -> str:
    """Version of a Java home such as `17.0.15`; read from its release file, else asked for."""
    release = home / "release"
    if release.is_file() and (match := re.search(r'^JAVA_VERSION="([\d.]+)', release.read_text(encoding="utf-8"), re.MULTILINE)):
        return match[1]
    answer = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=20, check=False)
    if match := re.search(r'version "([\d.]+)', answer.stderr + answer.stdout):
        return match[1]
    raise EngineError("this Java does not tell its version", [Finding(str(home), "java -version gave no version", REMEDY)])
