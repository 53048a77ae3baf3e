"""Training of a week: every model whose last training is as old as its cadence. Nights that were are not scored anew: a new champion begins with the next."""

from conf.models import chosen_models
from ml.models.registry import ModelRegistry
from ml.steps.promote import next_night
from ml.steps.train import is_due, train_models
from spark_jobs.common.job import StepContext, StepReport


def run(ctx: StepContext) -> StepReport:
    """Retrain what is due on the business date."""
    registry = ModelRegistry(ctx.settings)
    due = {name: model for name, model in chosen_models(ctx.settings).items() if is_due(registry, name, model, ctx.business_date)}
    return train_models(ctx, registry, due, "retrain", champion_from=next_night(ctx))
