"""
### The night: from files to published gold, for one business date

**Purpose.** One profile per customer, with tags, segments and model scores, as known at the end of the business date.

**When.** At the hour the business day ends (04:00 on the retailer's clock by default), for the day that just ended. Trigger it with another `business_date` to repeat or catch up a day: a run
replaces its own results and never sees what was delivered later.

**Reads and writes.** Reads `landing/`. Writes `bronze`, `quarantine`, `vault`, `silver`, `identity`, `gold_build` (dbt), `features`, `predictions`, `ops`, and at the
very end moves the views in `gold`, which is all that people and BI tools read.

**Triage.**
* **Any task failed:** readers still see the last good gold; `publish` is last and all-or-nothing. Mend the cause, clear the failed task.
* `ingest`: a file breaks its contract. The message names file, line and rule; `cdp quarantine list`.
* `activity`, `customers`, `metrics`: dbt. The log names the model or test; `cdp dbt build --select <model>` repeats it.
* `train` or `score` *skipped a model*: not a failure. It has too little data or no champion yet; the reason is in the task's result and `cdp status`.
* `publish` failed with *quality*: a data-quality threshold does not hold. `cdp status` shows which.
* *engine*: tried three times already. `cdp engine status`.
"""

from airflow.sdk import TaskGroup, chain, dag

from dagkit.assets import BRONZE, FEATURES, GOLD, IDENTITY, MARTS, MODELS, PREDICTIONS, SILVER
from dagkit.defaults import NIGHT_HOUR, dag_arguments, local_cron
from dagkit.tasks import step


@dag(dag_id="cdp_nightly", dag_display_name="The night", doc_md=__doc__, schedule=local_cron(minute=0, hour=NIGHT_HOUR), **dag_arguments())
def cdp_nightly() -> None:
    """The steps of a night; each needs all before it."""
    with TaskGroup("records", prefix_group_id=False, tooltip="Spark: what the sources say"):
        ingest = step("ingest", "spark_jobs.ingest.step", "New files → bronze, rejected rows → quarantine.", outlets=[BRONZE])
        silver = step(
            "silver", "spark_jobs.conform.step", "Bronze → canonical entities, one row per key.", inlets=[BRONZE], outlets=[SILVER]
        )
        identity = step("identity", "spark_jobs.identity.step", "Silver → who is who.", inlets=[SILVER], outlets=[IDENTITY])
    with TaskGroup("dbt_activity", prefix_group_id=False, tooltip="dbt: what customers did"):
        activity = step(
            "activity", "spark_jobs.marts.activity", "dbt: orders, lines, coupons, campaigns.", inlets=[SILVER, IDENTITY], outlets=[MARTS]
        )
    with TaskGroup("models", prefix_group_id=False, tooltip="ml: what customers may do next"):
        features = step("features", "ml.steps.features", "Point-in-time features of every customer.", inlets=[MARTS], outlets=[FEATURES])
        train = step("train", "ml.steps.train", "First training of models that have no champion.", inlets=[FEATURES], outlets=[MODELS])
        score = step("score", "ml.steps.score", "Scores by the champions.", inlets=[FEATURES, MODELS], outlets=[PREDICTIONS])
    with TaskGroup("dbt_customers", prefix_group_id=False, tooltip="dbt: who customers are"):
        customers = step(
            "customers", "spark_jobs.marts.customers", "dbt: tags, the 360 profile, segments.", inlets=[PREDICTIONS], outlets=[MARTS]
        )
        metrics = step("metrics", "spark_jobs.marts.metrics", "dbt: daily metrics.", inlets=[MARTS], outlets=[MARTS])
    publish = step(
        "publish", "spark_jobs.publish.step", "Moves all views of gold to this night's versions.", inlets=[MARTS], outlets=[GOLD]
    )
    chain(ingest, silver, identity, activity, features, train, score, customers, metrics, publish)


cdp_nightly()
