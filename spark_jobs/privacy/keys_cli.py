"""`cdp keys`: which keys the lake has, whether they are there, and a new one in place of the old."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Keys of personal data: list, check, rotate, make tokens anew.")


@app.command("list")
def list_keys() -> None:
    """Show the keys of the lake, what each is for, and whether it is there and the right one. Exit code 1 when one is not.

    Example: cdp keys list
    """
    import sys

    from rich.console import Console
    from rich.table import Table

    from conf.errors import ConfigError
    from conf.settings import settings
    from spark_jobs.common.keys import read_register
    from spark_jobs.common.pii.normal import NORMAL_FORM_VERSION

    console = Console(highlight=False, soft_wrap=True)
    register = read_register(settings())
    if register is None:
        console.print("no key yet: the first load makes one, or takes that of CDP_KEYS__K1 or privacy.key_command")
        return
    table, missing = Table("key", "suite", "for", "is there"), 0
    for place in register.keys:
        uses = [name for name, key_id in (("tokens", register.tokens), ("encryption", register.encryption)) if key_id == place.key_id]
        try:
            place.secret()
            state = "yes"
        except ConfigError as err:
            missing += 1
            state = f"[red]{err.findings[0].where}: {err.findings[0].problem}[/red]"
        table.add_row(place.key_id, place.suite, ", ".join(uses) or "what older versions of tables hold", state)
    console.print(table)
    if register.has_old_forms:
        console.print(
            f"tokens of {register.tokens} were made of normal form {register.normal_form}, today's is {NORMAL_FORM_VERSION}: "
            "some values have two tokens; renew them with cdp keys retokenise"
        )
    if missing:
        sys.exit(1)


@app.command()
def rotate(resume: Annotated[bool, typer.Option(help="Go on with a rotation that was killed; makes no new key.")] = False) -> None:
    """Make a new key (or take the one that environment or command have for the next id) and encrypt vault, quarantine and archive anew with it.

    Tokens keep the key they were made with. Restart the engine afterwards where keys come from its environment. Example: cdp keys rotate
    """
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.common.session import engine_session
    from spark_jobs.common.writer import one_writer
    from spark_jobs.privacy.rotation import rotate as rotate_keys

    configured = settings()
    with engine_session(configured) as spark, one_writer(configured, "keys rotate"):
        done = rotate_keys(configured, spark, new_key=not resume)
    Console(highlight=False).print(
        f"{done.key_id} encrypts now: {done.vault_rows} row(s) of the vault, {done.quarantine_rows} of quarantine, "
        f"{done.archive_files} file(s) of the archive. Keep the old keys: tokens and older versions of tables need them."
    )


@app.command()
def retokenise(resume: Annotated[bool, typer.Option(help="Go on with a retokenisation that was killed.")] = False) -> None:
    """Make all tokens anew with the key that encrypts: in every table, quarantine and the vault.

    For a key that leaked, after cdp keys rotate; and for tokens of an older normal form (cdp keys list names them), which get a new key. Older versions of tables go, since they hold the old tokens. Example: cdp keys retokenise
    """
    from datetime import date

    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.common.job import StepContext
    from spark_jobs.common.session import engine_session
    from spark_jobs.common.writer import one_writer
    from spark_jobs.privacy.retokenisation import retokenise as make_anew

    configured = settings()
    with engine_session(configured) as spark, one_writer(configured, "keys retokenise"):
        done = make_anew(StepContext(spark, configured, date.min, "keys"), resume=resume)
    Console(highlight=False).print(
        f"{done.key_id} makes tokens now: {done.tokens} token(s) anew, in {done.tables} table(s) and {done.in_quarantine} in quarantine. "
        "Keep the old key: marks of who was erased need it."
    )
