"""The jars the engine is started with: which they are, where they lie, and how set-up gets them through Spark's own resolver.

Set-up runs `python -m spark_jobs.engine.jars`. Starting the engine only reads the folder: it never touches the network.
"""

import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from rich.console import Console

from conf.errors import CdpError, EngineError, Finding
from conf.settings import PROJECT_ROOT

log = logging.getLogger(__name__)

JARS_DIR = PROJECT_ROOT / "build" / "jars"
MIRROR_VARIABLE = "CDP_MAVEN_MIRROR"
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 2.0
ATTEMPT_SECONDS = 300

# Everything else that Delta's metadata names is inside pyspark already, or serves catalogues we do not use.
_EXCLUDED = "org.apache.*:*,org.antlr:*,org.checkerframework:*,com.*:*,io.unitycatalog:*,io.delta:delta-kernel-*"
_ACCESS_ERROR = re.compile(r"Server access error at url (?P<url>\S+) \((?P<reason>.+)\)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Jar:
    """One file from a Maven repository, pinned by its content."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


JARS = (
    Jar("io.delta", "delta-spark_4.2_2.13", "4.4.0", "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead"),
    Jar("io.delta", "delta-storage", "4.4.0", "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc"),
    # Reads tables of PostgreSQL; drivers of other databases are the retailer's own (docs/sources.md).
    Jar("org.postgresql", "postgresql", "42.7.8", "2a32a9dcbc42d67a50ad3a0de5efd102c8d2be46720045f2cbd6689f160ab7c7"),
)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _problem(jar: Jar, file: Path) -> str | None:
    """What is wrong with the file that should be this jar, or None."""
    if not file.is_file():
        return "not there"
    return None if _digest(file) == jar.sha256 else "its sha256 is not the one the project expects"


def jar_paths(folder: Path = JARS_DIR) -> list[Path]:
    """The jars to start Spark with, present and byte for byte the ones the project was tested with.

    Raises:
        EngineError: a jar is missing or altered.
    """
    findings = [
        Finding(str(folder / jar.file_name), problem, "run `make setup`")
        for jar in JARS
        if (problem := _problem(jar, folder / jar.file_name))
    ]
    if findings:
        raise EngineError("the jars are not set up", findings)
    return [folder / jar.file_name for jar in JARS]


def _without_login(url: str) -> str:
    """The address as it may be shown: no user name, no password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def proxy_options(environ: Mapping[str, str]) -> list[str]:
    """Java options for the proxy that command line tools read from `https_proxy` and `no_proxy`; Java itself ignores those."""
    proxy = urlsplit(environ.get("https_proxy") or environ.get("HTTPS_PROXY") or "")
    if not proxy.hostname:
        return []
    port = proxy.port or (443 if proxy.scheme == "https" else 80)
    options = [
        f"-D{scheme}.proxy{key}={value}" for scheme in ("http", "https") for key, value in (("Host", proxy.hostname), ("Port", port))
    ]
    direct = [host.strip() for host in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",") if host.strip()]
    patterns = "|".join(f"*{host}" if host.startswith(".") else host for host in direct)
    return [*options, f"-Dhttp.nonProxyHosts={patterns}"] if patterns else options


def _resolver_environment(spark_home: Path) -> dict[str, str]:
    """Our pyspark and no other Spark; the mirror takes the place of Maven Central."""
    dropped = {"SPARK_CONF_DIR", "HADOOP_CONF_DIR", "SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "PYSPARK_DRIVER_PYTHON"}
    environment = {key: value for key, value in os.environ.items() if key not in dropped}
    environment |= {"SPARK_HOME": str(spark_home), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror:
        environment["DEFAULT_ARTIFACT_REPOSITORY"] = mirror.rstrip("/") + "/"
    return environment


def _resolver_problem(output: str) -> str:
    """The one line of the resolver's output that says what went wrong."""
    if refused := _ACCESS_ERROR.search(output):
        return f"{urlsplit(refused['url']).hostname or 'the repository'} did not answer: {refused['reason']}"
    if "not found" in output:
        return "the repository does not have them"
    lines = [line.strip() for line in output.splitlines() if "xception" in line or "rror" in line]
    return (lines or ["Spark's resolver ended without a message"])[-1][:300]


def _resolve(scratch: Path) -> Mapping[Jar, Path]:
    """Let Spark's resolver download the jars below `scratch`.

    Raises:
        EngineError: the resolver failed or took too long.
    """
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise EngineError("pyspark is not installed", [Finding("the virtual environment", "it has no pyspark", "run `make setup`")])
    spark_home = Path(spec.origin).parent
    nothing = scratch / "nothing.py"
    nothing.write_text("", encoding="utf-8")
    # A home of its own: the resolver reads ~/.m2 first, and a half-filled one makes it fail.
    java_options = [f'-Duser.home="{scratch}"', *proxy_options(os.environ)]
    command = [str(spark_home / "bin" / "spark-submit"), "--master", "local[1]", "--driver-java-options", " ".join(java_options)]
    command += ["--conf", f"spark.jars.ivy={scratch / 'ivy'}", "--conf", "spark.ui.enabled=false"]
    command += ["--packages", ",".join(jar.coordinate for jar in JARS), "--exclude-packages", _EXCLUDED, str(nothing)]
    try:
        done = subprocess.run(
            command,
            env=_resolver_environment(spark_home),
            capture_output=True,
            text=True,
            timeout=ATTEMPT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"no answer within {ATTEMPT_SECONDS} s") from None
    if done.returncode != 0:
        raise EngineError(_resolver_problem(done.stdout + done.stderr))
    return {jar: scratch / "ivy" / "jars" / f"{jar.group}_{jar.file_name}" for jar in JARS}


def _fetch_once(folder: Path) -> None:
    """One attempt. A file appears in `folder` only whole and checked."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="resolve-", dir=folder.parent) as name:
        for jar, file in _resolve(Path(name)).items():
            problem = _problem(jar, file)
            if problem:
                raise EngineError(f"{jar.coordinate}: {problem}")
            arrived = folder / f".{jar.file_name}.part"
            shutil.copyfile(file, arrived)
            arrived.replace(folder / jar.file_name)


def _remedy() -> str:
    if os.environ.get(MIRROR_VARIABLE):
        return f"check that {MIRROR_VARIABLE} is the root of a Maven 2 repository with io.delta and org.postgresql in it (https://… or file:///…), then run `make setup` again"
    return (
        f"check the network, or set {MIRROR_VARIABLE} to a mirror (https://… or file:///…) and run `make setup` again; "
        f"behind a proxy set https_proxy; without any network copy the files to {JARS_DIR}"
    )


def fetch_jars(folder: Path = JARS_DIR, pause: Callable[[float], None] = time.sleep) -> list[Path]:
    """Get the jars unless they are there already, with a few attempts and growing pauses.

    Raises:
        EngineError: they could not be had; the findings say why and what to do.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return jar_paths(folder)
        except EngineError:
            log.debug("event=jars_missing folder=%s attempt=%d", folder, attempt)
        try:
            _fetch_once(folder)
        except EngineError as err:
            where = _without_login(os.environ.get(MIRROR_VARIABLE) or "Maven Central")
            log.warning("event=jars_not_fetched repository=%s attempt=%d of=%d reason=%s", where, attempt, ATTEMPTS, err.message)
            if attempt == ATTEMPTS:
                raise EngineError("the jars could not be fetched", [Finding(where, err.message, _remedy())]) from err
            pause(FIRST_PAUSE_SECONDS * 3 ** (attempt - 1))
    return jar_paths(folder)


def main() -> int:
    """Fetch what is missing and say what is there. Returns the process exit code."""
    logging.basicConfig(format="  %(message)s", level=logging.WARNING)
    try:
        files = fetch_jars()
    except CdpError as err:
        Console(stderr=True, soft_wrap=True).print(str(err), style="red", markup=False, highlight=False)
        return err.exit_code
    Console(soft_wrap=True).print(f"  Jars: {', '.join(file.name for file in files)} (sha256 checked)", markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
