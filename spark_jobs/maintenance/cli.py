"""`cdp upgrade`: bring a lake that an older release made to the format of this one."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from spark_jobs.maintenance.upgrade import Upgraded

app = typer.Typer()
out = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False)


@app.command()
def upgrade(
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Upgrade a copy, show what would change, leave the lake as it is.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Skip the confirmation.")] = False,
    remove_backup: Annotated[bool, typer.Option("--remove-backup", help="Remove the backups of earlier upgrades.")] = False,
) -> None:
    """Upgrade a lake of an older release to the format of this one. Makes a backup first; run it again when it was killed.

    Example: cdp upgrade --rehearse
    """
    from conf.settings import settings
    from spark_jobs.maintenance import backup
    from spark_jobs.maintenance import upgrade as upgrades

    configured = settings()
    version = upgrades.needs_upgrade(configured)
    backups = configured.lake.root / "backups"
    if remove_backup:
        if version is None:
            backup.remove(backups)
        out.print("no backups are left" if version is None else f"the lake has format {version}: its backups are kept until it is upgraded")
        return
    if version is None:
        out.print("the lake has the format of this release: there is nothing to upgrade")
        return
    if not rehearse and not yes:
        typer.confirm(f"Upgrade {configured.lake.root} from format {version}? A backup is made first", abort=True)
    with notes.status("upgrading") as status:
        work = upgrades.rehearse if rehearse else upgrades.upgrade
        done = work(configured, version, lambda text: status.update(f"{text} …"))
    _show(done, is_rehearsal=rehearse)


def _show(done: "Upgraded", *, is_rehearsal: bool) -> None:
    table = Table("step", "table", "rows", "what", "seconds")
    for step in done.steps:
        if not step.changes:
            table.add_row(step.name, "", "", "nothing to change", f"{step.seconds}")
        for place, change in enumerate(step.changes):
            rows = "" if change.rows is None else f"{change.rows:,}"
            table.add_row(step.name if place == 0 else "", change.table, rows, change.what, f"{step.seconds}" if place == 0 else "")
    out.print(table, markup=False)
    if is_rehearsal:
        out.print("This was a rehearsal on a copy; the lake is as it was. Upgrade it with: cdp upgrade")
        return
    out.print(f"The lake is upgraded. Its backup is {done.backup}; it holds personal data: remove it with cdp upgrade --remove-backup.")
    if done.published_on is not None:
        out.print(f"Build its tables again: cdp run --date {done.published_on}")
