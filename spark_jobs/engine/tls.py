"""TLS in front of the engine: Spark Connect and Thrift listen on loopback alone, this is what listens beyond it.

Spark Connect's server knows no TLS of its own; Thrift's would need a Java keystore with its password in the configuration. So one small relay does
it for both: it ends TLS (1.2 or later), asks for a client's certificate where one is demanded, and hands the bytes on to loopback.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from conf.errors import ConfigError, Finding

PIECE = 1 << 16
CONNECT, THRIFT = "connect", "thrift"
PROTOCOLS = {CONNECT: ["h2"], THRIFT: []}


@dataclass(frozen=True)
class Certificates:
    """PEM files: the server's certificate and key, and the authority whose clients are let in (none: any client)."""

    certificate: Path
    key: Path
    client_authority: Path | None = None

    def context(self, service: str) -> ssl.SSLContext:
        """How connections are secured.

        Raises:
            ConfigError: a file is missing, readable by others, or does not fit; or nobody would be asked who they are.
        """
        if service == THRIFT and self.client_authority is None:
            remedy = "name --client-ca: Thrift itself asks nobody who they are"
            raise ConfigError("the SQL endpoint would be open to everybody", [Finding("--client-ca", "is missing", remedy)])
        if self.key.is_file() and self.key.stat().st_mode & 0o077:
            raise ConfigError("the TLS key is not safe", [Finding(str(self.key), "other users can read it", f"chmod 600 {self.key}")])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if PROTOCOLS[service]:
            context.set_alpn_protocols(PROTOCOLS[service])
        try:
            context.load_cert_chain(self.certificate, self.key)
            if self.client_authority is not None:
                context.load_verify_locations(self.client_authority)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as err:
            finding = Finding(
                str(self.certificate), f"cannot be used with its key ({type(err).__name__})", "give PEM files that belong together"
            )
            raise ConfigError("the TLS certificate is not usable", [finding]) from None
        return context


async def relay(address: str, port: int, to_port: int, context: ssl.SSLContext, ready: asyncio.Future[int] | None = None) -> None:
    """Listen on an address until cancelled, and hand every connection on to a port of loopback.

    Args:
        address: where to listen.
        port: 0 takes a free one.
        to_port: the engine's port.
        context: of `Certificates`.
        ready: gets the port when it listens.
    """

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", to_port)
        except OSError:
            writer.close()  # the engine is down
            return
        await asyncio.gather(_hand_on(reader, inner_writer), _hand_on(inner_reader, writer))

    server = await asyncio.start_server(accepted, address, port, ssl=context)
    if ready is not None:
        ready.set_result(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one side to the other until one of them ends."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError, ssl.SSLError):
        writer.close()
        await writer.wait_closed()
