"""
### Hourly ingest: files that arrived → bronze → silver

**Purpose.** What a source delivers is in silver within the hour, typed, checked and without personal data.

**When.** Every hour, five past, on the retailer's clock, for the retailer's day the hour belongs to. Skips itself while `cdp_nightly` runs, which does the same work for its own date.

**Reads and writes.** Reads new files in `landing/`. Writes `bronze.*`, `quarantine.*`, `vault.pii`, `silver.*`, `ops.ingest_manifest`.
A file that is already loaded is skipped before it is read, so an hour without news costs seconds.

**Triage.**
* `ingest` failed with *changed content under a known name* or *too many rejected rows*: nothing of that file is in bronze. The message names file,
  line and rule. Mend the file or the mapping in `conf/sources/`, then clear the task. See what was rejected: `cdp quarantine list`.
* `ingest` or `silver` failed with *engine*: it was tried three times. `cdp engine status`, then clear the task.
* Nothing to mend in the tables, ever: every step can be run again for the same date.
"""

from airflow.sdk import chain, dag

from dagkit.assets import BRONZE, SILVER
from dagkit.defaults import dag_arguments, day_in_progress, local_cron
from dagkit.tasks import step

NIGHT = "cdp_nightly"


@dag(
    dag_id="cdp_hourly_ingest",
    dag_display_name="Hourly ingest",
    doc_md=__doc__,
    schedule=local_cron(minute=5),
    **dag_arguments(day_in_progress),
)
def cdp_hourly_ingest() -> None:
    """Two tasks in a row."""
    chain(
        step("ingest", "spark_jobs.ingest.step", "New files → bronze, rejected rows → quarantine.", outlets=[BRONZE], unless_running=NIGHT),
        step(
            "silver",
            "spark_jobs.conform.step",
            "Bronze → canonical entities, one row per key.",
            inlets=[BRONZE],
            outlets=[SILVER],
            unless_running=NIGHT,
        ),
    )


cdp_hourly_ingest()
