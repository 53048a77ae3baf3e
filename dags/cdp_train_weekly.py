"""
### Weekly training: challengers, judged before they replace a champion

**Purpose.** Trains a challenger of every model that is due (`retrain_after_days` in `conf/models.yml`), compares it with the champion on the same later
window, and promotes it only when every gate holds. The verdict is stored either way.

**When.** Sundays on the retailer's clock, two hours after the night starts, as of the day that night was for. A new champion scores from the next unpublished night on: a night that is run again keeps the scores
it had. Started by hand, it trains only what is due as well; after a change in `conf/models.yml`, `cdp models train`, `evaluate` and `promote` train any model.

**Reads and writes.** Reads the facts in `gold_build`, and `ops.publications`. Writes runs and versions in the model registry and `ops.model_verdicts`. Never touches gold.

**Triage.**
* *Skipped a model*: too little history for its label. Nothing to do; the reason is in the task's result.
* *Kept back*: not an error. The task's result and `reason` in `ops.model_verdicts` say which gate did not hold; `gates` and `metrics` beside it have the figures.
* Failed: the champions are untouched and nights go on. The traceback is in the task's log; `cdp models train` repeats it by hand.
"""

from airflow.sdk import dag

from dagkit.assets import MARTS, MODELS
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
    """Train, evaluate and promote, in one step."""
    step("retrain", "ml.steps.retrain", "Challengers of the models that are due, judged by their gates.", inlets=[MARTS], outlets=[MODELS])


cdp_train_weekly()
