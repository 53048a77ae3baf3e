"""
### Weekly training: challengers, judged before they replace a champion

**Purpose.** Trains a challenger of every registered model, compares it with the champion on the same later window, and promotes it only when every
gate holds. The verdict is stored either way.

**When.** Sundays on the retailer's clock, two hours after the night starts, as of the day that night was for; the next night scores with the new champions. Trigger it by hand after a change in `conf/models.yml`.

**Reads and writes.** Reads `gold_build` facts and `identity`. Writes runs and versions in the model registry and `ops.model_verdicts`. Never touches gold.

**Triage.**
* *Skipped a model*: too little history for its label. Nothing to do; the reason is in the task's result.
* *Kept back*: not an error. `cdp models list` shows which gate did not hold, beside the baseline and the linear model.
* Failed: the champions are untouched and nights go on. The traceback is in the task's log; `cdp models train` repeats it by hand.
"""

from airflow.sdk import chain, dag

from dagkit.assets import FEATURES, GOLD, MODELS
from dagkit.defaults import NIGHT_HOUR, dag_arguments, local_cron
from dagkit.tasks import step


@dag(
    dag_id="cdp_train_weekly",
    dag_display_name="Weekly training",
    doc_md=__doc__,
    schedule=local_cron(minute=0, hour=NIGHT_HOUR + 2, weekday=0),
    **dag_arguments(),
)
def cdp_train_weekly() -> None:
    """Features, then train, evaluate and promote."""
    chain(
        step("features", "ml.steps.features", "Point-in-time features of every customer.", inlets=[GOLD], outlets=[FEATURES]),
        step("retrain", "ml.steps.retrain", "Challengers of every model, judged by their gates.", inlets=[FEATURES], outlets=[MODELS]),
    )


cdp_train_weekly()
