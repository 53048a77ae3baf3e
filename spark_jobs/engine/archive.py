"""The class-data archive: classes of a warmed-up engine as one memory-mapped file, so that the next engine starts in half the time."""

import hashlib
from pathlib import Path

from conf.settings import PROJECT_ROOT
from spark_jobs.engine.java import java_version

FOLDER = PROJECT_ROOT / "build" / "cds"


def archive_file(home: Path, jars: list[Path]) -> Path:
    """Where the archive for this Java and these jars lies."""
    content = hashlib.sha256()
    for jar in sorted(jars):
        content.update(f"{jar.name}:{jar.stat().st_size}".encode())
    return FOLDER / f"java-{java_version(home)}-{content.hexdigest()[:12]}.jsa"


def java_option(home: Path, jars: list[Path]) -> str:
    """The JVM option that uses the archive; empty when it was never recorded."""
    file = archive_file(home, jars)
    return f"-XX:SharedArchiveFile={file}" if file.is_file() else ""
