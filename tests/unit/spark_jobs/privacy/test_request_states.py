"""A request goes only where it may, and an open one is overdue from the day after its day."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.errors import InputError
from spark_jobs.privacy.requests.states import FOLLOWS, Kind, Request, State, check_step

RECEIVED = Request("r1", 1, Kind.ACCESS, "c_1", State.RECEIVED, date(2024, 3, 1), date(2024, 3, 16), "ann")


@given(st.lists(st.sampled_from(list(State)), max_size=12))
def test_no_way_leads_to_an_answer_without_verification_or_out_of_an_end(way: list[State]) -> None:
    request, passed = RECEIVED, [State.RECEIVED]
    for state in way:
        if state in FOLLOWS[request.state]:
            check_step(request, state)
            request = replace(request, state=state)
            passed.append(state)
        else:
            with pytest.raises(InputError, match=request.request_id):
                check_step(request, state)

    assert State.DONE not in passed or State.VERIFIED in passed
    assert sum(not FOLLOWS[state] for state in passed) <= 1
    assert passed[-1] is request.state


@pytest.mark.parametrize(
    ("state", "days", "overdue"),
    [(State.RECEIVED, 15, False), (State.VERIFIED, 16, True), (State.FAILED, 40, True), (State.DONE, 40, False)],
)
def test_only_an_open_request_can_be_overdue(state: State, days: int, overdue: bool) -> None:
    assert replace(RECEIVED, state=state).is_overdue(date(2024, 3, 1) + timedelta(days=days)) is overdue
