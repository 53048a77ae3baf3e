"""Log events: few fixed names with key=value, never a customer's value."""

import logging
import sys
from datetime import date
from enum import StrEnum

from conf.settings import Settings


class Event(StrEnum):
    """Everything the platform logs."""

    WAITING = "waiting"
    STARTED = "started"
    READ = "read"
    QUARANTINED = "quarantined"
    WRITTEN = "written"
    SKIPPED = "skipped"
    PROMOTED = "promoted"
    PUBLISHED = "published"
    FINISHED = "finished"
    FAILED = "failed"


def log_event(logger: logging.Logger, event: Event, **fields: str | int | float | date) -> None:
    """Log one event as `event key=value …`."""
    level = {Event.FAILED: logging.ERROR, Event.WAITING: logging.WARNING}.get(event, logging.INFO)
    logger.log(level, "%s", " ".join([event.value, *(f"{key}={_value(value)}" for key, value in fields.items())]))


def set_up_logging(settings: Settings) -> None:
    """Send the platform's events to stderr at the configured level, and keep libraries to warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%H:%M:%S"))
    for package in ("spark_jobs", "ml"):
        logger = logging.getLogger(package)
        logger.handlers = [handler]
        logger.setLevel(settings.logging.level)
        logger.propagate = False
    quiet_clients()


def quiet_clients() -> None:
    """Spark's client logs each refused statement as a page of JSON; the error itself says it in one line."""
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "pyspark.sql.connect.client.logging"):
        logging.getLogger(name).disabled = True


def _value(value: str | int | float | date) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f'"{text}"' if " " in text else text
