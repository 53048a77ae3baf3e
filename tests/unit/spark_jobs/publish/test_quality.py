"""The gate that keeps a bad night away from people."""

import pytest

from conf.errors import QualityError
from spark_jobs.publish.quality import PassRate, check


def test_a_night_above_the_threshold_passes() -> None:
    check([PassRate("shop", 1000, 20, 20.0), PassRate("app", 0, 0, 0.0)])


def test_one_bad_source_stops_the_night_and_is_named_with_its_share() -> None:
    with pytest.raises(QualityError) as caught:
        check([PassRate("shop", 1000, 0, 20.0), PassRate("app", 200, 5, 4.0)])

    assert [finding.where for finding in caught.value.findings] == ["app"]
    assert "97.50% passed, 98.00% is needed" in str(caught.value)


def test_a_share_is_never_below_zero_when_more_rows_are_tolerated_than_came() -> None:
    small = PassRate("kiosk", 11, 1, 50.0)

    check([small])

    assert (small.least_share, PassRate("kiosk", 2, 3, 50.0).share) == (0.0, 0.0)
