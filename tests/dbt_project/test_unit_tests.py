"""The unit tests that stand beside the models."""

import pytest

from spark_jobs.marts.runner import run_dbt
from tests.dbt_project.grocer import Grocer, day


@pytest.mark.slow
@pytest.mark.proof
def test_the_unit_tests_of_the_models_pass(grocer: Grocer) -> None:
    # dbt reads the columns of a model's inputs from the lake.
    grocer.night(1)

    results = run_dbt(grocer.settings, "test", day(1), "--select", "test_type:unit")

    assert len(results) >= 18
    assert {result.status for result in results} == {"pass"}
