"""
### Rights requests: what people ask of us

**Purpose.** Answers every request of access and erasure that was verified (`cdp privacy request verify`), removes exports that were long enough there to be
fetched, and warns of requests whose day is over.

**When.** Every day on the retailer's clock, three hours after the night starts. All erasures of a day are one batch: a thousand cost little more than one.

**Reads and writes.** Reads everything that names a customer. An erasure rewrites every table with the customer in it, publishes the marts anew and removes
their older versions; an access writes `exports/privacy/<request>`. States are in `ops.privacy_requests`.

**Triage.**
* *A request could not be answered*: its reason is in `cdp privacy request list`. The others are answered. Mend it and run again.
* *The erasure is not complete*: the certificate names files in which something was found, or that could not be looked into. `cdp privacy erase --resume` goes on.
* A killed run is taken up by the next one.
"""

from airflow.sdk import dag

from dagkit.assets import GOLD
from dagkit.defaults import NIGHT_HOUR, dag_arguments, local_cron
from dagkit.tasks import step


@dag(
    dag_id="cdp_privacy_requests",
    dag_display_name="Rights requests",
    doc_md=__doc__,
    schedule=local_cron(minute=0, hour=NIGHT_HOUR + 3),
    **dag_arguments(),
)
def cdp_privacy_requests() -> None:
    """Answer what was verified, in one step."""
    step("requests", "spark_jobs.privacy.requests.step", "Verified requests: exports and erasures.", inlets=[GOLD], outlets=[GOLD])


cdp_privacy_requests()
