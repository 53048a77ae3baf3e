"""The tiny grocer of these tests."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from conf.settings import Settings
from tests.dbt_project.grocer import Grocer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def grocer(spark: "SparkSession", settings: Settings) -> Iterator[Grocer]:
    """A grocer who has nothing yet, and leaves nothing behind."""
    grocer = Grocer(spark, settings)
    grocer.has_nothing()
    yield grocer
    grocer.has_nothing()
