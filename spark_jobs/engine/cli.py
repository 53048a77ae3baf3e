"""`cdp engine`: start, stop and inspect the Spark engine of the lake."""

import contextlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from conf.errors import EngineError, Finding
from conf.settings import Settings, settings
from spark_jobs.engine.lock import ClientLease, EngineLock, EngineState

app = typer.Typer(
    no_args_is_help=True,
    help="Start, stop and inspect the Spark engine.\n\nExample: [bold]cdp engine up[/bold], then [bold]cdp sql 'show tables'[/bold].",
)
out = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, soft_wrap=True)


@app.command()
def up() -> None:
    """Start the engine and leave it running; returns when Spark Connect and SQL answer."""
    from spark_jobs.engine import server

    configured = _own_engine()
    if _keep_on_demand_engine(configured):
        return
    with notes.status("starting the engine") as status:
        state = server.start(configured, progress=lambda text: status.update(f"starting the engine: {text}"))
    out.print(f"engine up: pid {state.pid}, SQL on localhost:{state.thrift_port}, Spark Connect on localhost:{state.connect_port}")


@app.command()
def down() -> None:
    """Stop the engine; does nothing when there is none."""
    from spark_jobs.engine import server

    with notes.status("stopping the engine"):
        pid = server.stop(_own_engine())
    out.print(f"engine down (was pid {pid})" if pid else "no engine was running")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Show whether the engine runs, where it listens and what it uses; exit code 1 when it does not run."""
    facts = _facts(settings())
    if as_json:
        out.print_json(json.dumps(facts))
    else:
        table = Table(show_header=False, box=None, padding=(0, 2))
        for name, value in facts.items():
            table.add_row(f"[bold]{name.replace('_', ' ')}[/bold]", str(value))
        out.print(table)
    if facts["state"] not in ("up", "remote"):
        raise typer.Exit(1)


@app.command()
def expose(
    service: Annotated[str, typer.Argument(help="connect (Spark Connect) or thrift (SQL).")],
    certificate: Annotated[Path, typer.Option(help="PEM file of the server's certificate, with its chain.")],
    key: Annotated[Path, typer.Option(help="PEM file of its key, mode 0600.")],
    client_ca: Annotated[Path | None, typer.Option(help="PEM file of the authority whose clients are let in; needed for thrift.")] = None,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "0.0.0.0",  # noqa: S104  # beyond loopback is what it is for
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 15443,
) -> None:
    """Let machines beyond this one reach the running engine, by TLS alone; ends with Ctrl-C. The engine itself goes on listening on loopback.

    Example: cdp engine expose connect --certificate server.pem --key server.key
    """
    import asyncio

    from spark_jobs.engine.client import running_engine
    from spark_jobs.engine.tls import PROTOCOLS, Certificates, relay

    if service not in PROTOCOLS:
        raise EngineError(f"there is no service {service!r}", [Finding("service", "unknown", f"use one of {', '.join(PROTOCOLS)}")])
    context = Certificates(certificate, key, client_ca).context(service)
    state = running_engine(_own_engine())
    if state is None:
        raise EngineError("no engine is running", [Finding("engine", "is down", "start it: cdp engine up")])
    notes.print(f"{service} of the engine at {address}:{port} by TLS; Ctrl-C ends it")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(relay(address, port, state.connect_port if service == "connect" else state.thrift_port, context))


def _own_engine() -> Settings:
    configured = settings()
    if configured.spark.remote:
        finding = Finding("spark.remote", configured.spark.remote, "unset CDP_SPARK__REMOTE to use an engine of this lake")
        raise EngineError("the engine is somebody else's", [finding])
    return configured


def _keep_on_demand_engine(configured: Settings) -> bool:
    """Turn an engine that a command started for itself into one that stays; False when there is no such engine."""
    lock = EngineLock(configured.lake.engine)
    state = lock.running()
    if state is None or not state.on_demand:
        return False
    lease = ClientLease(configured.lake.engine / "clients")  # nobody is the last one while we hold this
    try:
        state = lock.running()
        if state is None:
            return False
        state.with_ready(on_demand=False).save(lock.state_file)
    finally:
        lease.close()
    out.print(f"a command had started an engine for itself (pid {state.pid}); it stays up now")
    return True


def _facts(configured: Settings) -> dict[str, object]:
    """What `status` shows."""
    if configured.spark.remote:
        return {"state": "remote", "spark_connect": configured.spark.remote.partition("/;")[0]}
    lock = EngineLock(configured.lake.engine)
    holder = lock.holder()
    state = EngineState.load(lock.state_file)
    if holder is None:
        return {"state": "down", "lake": str(configured.lake.root)}
    if state is None or not state.ready:
        facts = {"pid": holder[0], "since": holder[1], "lake": str(configured.lake.root)}
        if lock.is_starting():
            return {"state": "starting"} | facts
        remedy = "the command that started it was killed; the next command completes the start, `cdp engine down` stops it"
        return {"state": "start interrupted"} | facts | {"remedy": remedy}
    return {"state": "up" if _answers(state) else "not answering"} | _running_facts(state, configured)


def _answers(state: EngineState) -> bool:
    from spark_jobs.engine.thrift import port_answers

    return port_answers(state.thrift_port) and port_answers(state.connect_port)


def _running_facts(state: EngineState, configured: Settings) -> dict[str, object]:
    import psutil

    facts = asdict(state)
    seconds = (datetime.now(UTC) - datetime.fromisoformat(state.started_at)).total_seconds()
    try:
        used = f"{psutil.Process(state.pid).memory_info().rss / 2**30:.1f} GiB"
    except psutil.Error:
        used = "unknown"
    shown = {
        name: facts[name]
        for name in ("pid", "connect_port", "thrift_port", "started_at", "spark_version", "driver_memory", "warehouse", "on_demand")
    }
    return shown | {"up_seconds": round(seconds), "memory_used": used, "log": str(configured.lake.engine / "log" / "engine.log")}
