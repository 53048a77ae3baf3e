"""`cdp evaluate`: what the platform made of the twin, beside what is true."""

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="Score what the platform made of the twin against the truth.")


@app.command()
def evaluate(
    only: Annotated[list[str] | None, typer.Argument(help="Promises to score, such as identity; default: all.", show_default=False)] = None,
    truth: Annotated[Path | None, typer.Option(help="Folder of the truth; default: truth in the twin's lake.")] = None,
    details: Annotated[bool, typer.Option("--details", help="Also the tables by source, channel and kind.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write the figures for scripts.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page for a browser.")] = None,
) -> None:
    """A table per promise: the platform's figure with its confidence interval, and what a trivial answer would have reached.

    Without --conf the lake of conf/twin is scored, as of its last published night. Example: cdp evaluate --details
    """
    from rich.console import Console

    from conf.errors import ConfigError, Finding
    from conf.settings import CONF_DIR, settings
    from tests.evaluation import report
    from tests.evaluation.lake import opened
    from tests.evaluation.scores import PROMISES, score

    os.environ.setdefault("CDP_CONF", str(CONF_DIR / "twin"))
    if unknown := sorted(set(only or ()) - set(PROMISES)):
        raise ConfigError("there is no such promise", [Finding(name, "is not known", f"one of {', '.join(PROMISES)}") for name in unknown])
    with opened(settings(), truth or settings().lake.root / "truth") as lake:
        promises, as_of = score(lake, tuple(only or ())), lake.as_of
    if as_json is not None:
        _write(as_json, report.as_json(promises, as_of) + "\n")
    if html is not None:
        _write(html, report.page(promises, as_of, settings().retailer.name))
    report.show(Console(highlight=False), promises, as_of, with_details=details)


def _write(file: Path, text: str) -> None:
    from conf.errors import Finding, InputError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as err:
        raise InputError(
            "the figures cannot be written", [Finding(str(file), type(err).__name__, "name a file in a folder that is there")]
        ) from None
