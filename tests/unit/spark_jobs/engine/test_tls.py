"""TLS in front of the engine, with certificates made here: a client with the authority gets in, nobody else does."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conf.errors import ConfigError
from conf.settings import Settings
from spark_jobs.engine.client import running_engine
from spark_jobs.engine.tls import Certificates, relay

CLIENT = """
import os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).create()
print(spark.sql("select 40 + 2").first()[0])
os._exit(0)
"""


class Authority:
    """A self-signed authority and the certificates it gives."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key, is_authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def give(self, name: str) -> tuple[Path, Path]:
        """Certificate and key for a name, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, secret = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        certificate.write_bytes(self._sign(subject, key, is_authority=False).public_bytes(serialization.Encoding.PEM))
        raw = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
            out.write(raw)
        return certificate, secret


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@contextmanager
def listening(context: ssl.SSLContext, to_port: int) -> Iterator[int]:
    """The port of a relay that runs while the block does."""
    loop = asyncio.new_event_loop()
    ready: asyncio.Future[int] = loop.create_future()
    task = loop.create_task(relay("127.0.0.1", 0, to_port, context, ready))
    port = loop.run_until_complete(ready)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(task.cancel)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def echo() -> Iterator[int]:
    """A service on loopback that says what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    while data := connection.recv(65_536):
                        connection.sendall(data)

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


def _say(port: int, context: ssl.SSLContext, text: bytes) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        secured.sendall(text)
        heard = b""
        while len(heard) < len(text) and (piece := secured.recv(65_536)):
            heard += piece
        return heard


def _refused(port: int, context: ssl.SSLContext) -> bool:
    """In TLS 1.3 a client learns of it with the first bytes it reads."""
    try:
        return _say(port, context, b"hello") == b""
    except OSError:
        return True


def test_bytes_come_through_for_who_trusts_the_authority_and_has_its_certificate(authority: Authority, tmp_path: Path) -> None:
    server, client = Certificates(*authority.give("server"), authority.file), authority.give("client")
    stranger = Authority(tmp_path, "stranger")
    known, unknown, blind = (ssl.create_default_context(cafile=str(authority.file)) for _ in range(3))
    known.load_cert_chain(*client)
    unknown.load_cert_chain(*stranger.give("someone"))
    text = os.urandom(300_000)

    with echo() as service, listening(server.context("thrift"), service) as port:
        assert _say(port, known, text) == text
        for context in (unknown, blind):
            assert _refused(port, context)
        with pytest.raises(ssl.SSLError):
            _say(port, ssl.create_default_context(cafile=str(stranger.file)), b"hello")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert plain.recv(100)[:4] != b"GET "


@pytest.mark.parametrize(
    ("change", "says"),
    [("no authority", "open to everybody"), ("open key", "not safe"), ("other key", "not usable"), ("no file", "not usable")],
)
def test_what_is_not_secure_is_refused(change: str, says: str, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.give("server")
    if change == "open key":
        key.chmod(0o644)
    other = authority.give("other")[1] if change == "other key" else key
    given = Certificates(
        tmp_path / "none.pem" if change == "no file" else certificate, other, None if change == "no authority" else authority.file
    )

    with pytest.raises(ConfigError, match=says):
        given.context("thrift")


@pytest.mark.slow
def test_spark_connect_by_tls_with_its_token_and_not_without(authority: Authority, settings: Settings, engine: None) -> None:
    state = running_engine(settings)
    assert state is not None
    context = Certificates(*authority.give("server")).context("connect")

    def ask(url: str, roots: Path) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(roots), "SPARK_CONNECT_MODE_ENABLED": "1"}
        environment.pop("SPARK_CONNECT_AUTHENTICATE_TOKEN", None)
        return subprocess.run([sys.executable, "-c", CLIENT, url], env=environment, capture_output=True, text=True, timeout=60, check=False)

    def stopped(url: str, roots: Path) -> bool:
        try:
            return "42" not in ask(url, roots).stdout
        except subprocess.TimeoutExpired:  # the client tries again and again
            return True

    with listening(context, state.connect_port) as port:
        done = ask(f"sc://localhost:{port}/;use_ssl=true;token={state.token}", authority.file)
        assert done.stdout.strip() == "42", done.stderr[-2000:]
        assert stopped(f"sc://localhost:{port}/;use_ssl=true;token=wrong", authority.file)
        assert stopped(f"sc://localhost:{port}/;use_ssl=true;token={state.token}", Authority(authority.folder, "stranger").file)
