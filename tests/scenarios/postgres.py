"""A PostgreSQL of the test's own: Debian's server on a free port of loopback, in a folder that is thrown away."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

USER, PASSWORD = "reader", "a secret of the test"


def binaries() -> Path | None:
    """Folder of the server's programs; None when it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(name) for name in [shutil.which("initdb")] if name]
    return found[-1].parent if found else None


class Postgres:
    """A running server."""

    def __init__(self, folder: Path, port: int, become: Sequence[str]) -> None:
        self.port, self._folder, self._become = port, folder, become

    @property
    def url(self) -> str:
        return f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        """Run statements as the reader."""
        programs = binaries()
        assert programs is not None
        command = [
            str(programs / "psql"),
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            USER,
            "postgres",
        ]
        for statement in statements:
            command += ["-c", statement]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PGPASSWORD": PASSWORD})


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server, and stop it by its pid. It refuses to run as root, so that then it runs as nobody."""
    programs = binaries()
    assert programs is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    become: list[str] = []
    if os.geteuid() == 0:
        become = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data = folder / "data"
    init = [
        *become,
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        USER,
        "-A",
        "scram-sha-256",
        f"--pwfile={secret}",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(init, check=True, capture_output=True, cwd=folder)
    start = [*become, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(folder)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(start, stdout=log, stderr=log, cwd=folder)
    try:
        ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
        for _ in range(60):
            if subprocess.run(ready, check=False).returncode == 0:
                break
            if server.poll() is not None:
                raise AssertionError((folder / "log").read_text())
        yield Postgres(folder, port, become)
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
