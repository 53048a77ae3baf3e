"""Erasure for the command line: a session, the writer's lock, the last published date."""

from collections.abc import Sequence
from datetime import date

from conf.errors import Finding, InputError
from conf.settings import Settings
from spark_jobs.common.job import StepContext
from spark_jobs.common.session import engine_session
from spark_jobs.common.writer import one_writer
from spark_jobs.privacy.erasure.certificate import Certificate
from spark_jobs.privacy.erasure.job import erase, resume
from spark_jobs.privacy.erasure.work import open_erasures
from spark_jobs.publish import publications

RUN = "erasure"


def erase_now(settings: Settings, customer_ids: Sequence[str], business_date: date | None) -> Certificate:
    """Erase customers for a business date, by default that of the last publication.

    Raises:
        InputError: nothing was published yet, and no date is given.
        CdpError: see `erase`.
    """
    with engine_session(settings) as spark, one_writer(settings, RUN):
        day = business_date or publications.latest(StepContext(spark, settings, date.min, RUN))[0]
        if day is None:
            raise InputError("nothing was published yet", [Finding("--date", "is needed", "give the business date of the erasure")])
        return erase(StepContext(spark, settings, day, RUN), customer_ids)


def resume_all(settings: Settings) -> list[Certificate]:
    """Go on with every erasure that was begun and not finished."""
    names = open_erasures(settings)
    if not names:
        return []
    with engine_session(settings) as spark, one_writer(settings, RUN):
        return [resume(StepContext(spark, settings, date.min, RUN), name) for name in names]
