"""The steps that bring a lake from each format version to the next, in order. A later release adds its own under its version."""

from conf.errors import CdpError
from spark_jobs.common.job import StepContext
from spark_jobs.common.keys import register_of
from spark_jobs.common.pii.normal import NORMAL_FORM_VERSION
from spark_jobs.maintenance.changes import Change, Step
from spark_jobs.maintenance.old_identifiers import find_old_identifiers
from spark_jobs.maintenance.retype import retype_tables
from spark_jobs.marts import standing
from spark_jobs.publish import publications


def steps_between(version: int, target: int) -> list[Step]:
    """Steps from a version (exclusive) to another (inclusive)."""
    return [step for to in range(version + 1, target + 1) for step in STEPS[to]]


def rebuild_marts(ctx: StepContext) -> list[Change]:
    """The next run builds the incremental marts with a full refresh; people read the published versions until then."""
    standing.forget(ctx.settings)
    return [Change("gold_build.*", "built again from silver by the next run")]


def renew_views(ctx: StepContext) -> list[Change]:
    """Make the views of gold again, and note the versions they show."""
    views = publications.refresh_views(ctx)
    return [Change("gold.*", f"{views} views made again")] if views else []


def check_tokens(ctx: StepContext) -> list[Change]:
    """Tokens of an older normal form are renewed by a command of their own: it makes a new key."""
    try:
        register = register_of(ctx.settings)
    except CdpError:  # keys that are not here are no reason to stop: nothing is encrypted
        return [Change("vault.pii", "the keys are not here; check the tokens afterwards: cdp keys list")]
    if not register.has_old_forms:
        return []
    found = f"tokens have normal form {register.normal_form}, today's is {NORMAL_FORM_VERSION}; afterwards: cdp keys retokenise"
    return [Change("vault.pii", found)]


STEPS: dict[int, tuple[Step, ...]] = {
    2: (
        Step("types", "bring columns to the types of this release", retype_tables),
        Step("marts", "let the next run build the marts again", rebuild_marts),
        Step("views", "make the views of gold again", renew_views),
        Step("tokens", "look for tokens of an older normal form", check_tokens),
        Step("identifiers", "look for keys that are cleaned from now on", find_old_identifiers),
    ),
}
