"""Which work a night means for an entity, decided without Spark."""

from datetime import date

import pytest

from conf.contracts import SourceContract
from conf.entities import Entity
from conf.settings import Retailer
from spark_jobs.conform.contributions import Contribution, contributions, definition_hash
from spark_jobs.conform.plans import EntityPlan, LoadedFile, Mode, Taken, plan, slices

FIRST, SECOND, THIRD = (date(2024, 1, day) for day in (1, 2, 3))

PEOPLE = Entity.model_validate(
    {
        "entity": "people",
        "grain": "one row per person",
        "key": "person_id",
        "columns": [
            {"name": "person_id", "type": "string", "id": True, "description": "key"},
            {"name": "city", "type": "string", "description": "city"},
        ],
    }
)


def parts(**feeds: dict[str, str]) -> tuple[Contribution, ...]:
    contract = SourceContract.model_validate(
        {
            "source": "shop",
            "feeds": {
                name: {
                    "files": f"{name}/{{date}}.csv",
                    "format": "csv",
                    "columns": [{"name": "person", "type": "string"}, {"name": "city", "type": "string"}],
                    "maps": [{"entity": "people", "fields": fields}],
                }
                for name, fields in feeds.items()
            },
        }
    )
    return contributions({"shop": contract}, {"people": PEOPLE}, Retailer())["people"]


LOYALTY = parts(loyalty={"person_id": "person", "city": "city"})


def a_file(day: date, feed: str = "loyalty", known_on: date | None = None, rows: int = 10) -> LoadedFile:
    return LoadedFile("shop", feed, f"{feed} {known_on or day}", known_on or day, f"shop/{feed}/{day}.csv", rows)


def after(mine: tuple[Contribution, ...], *files: LoadedFile) -> list[Taken]:
    """The state once these files are in silver."""
    definition = definition_hash(PEOPLE, mine)
    return [Taken(*piece.identity, piece.delivered_to, piece.row_count, definition) for piece in slices(files, mine)]


def planned(mine: tuple[Contribution, ...], bronze: list[LoadedFile], taken: list[Taken]) -> EntityPlan:
    return plan(PEOPLE, mine, slices(bronze, mine), taken)


def test_the_first_run_builds_everything() -> None:
    assert planned(LOYALTY, [a_file(FIRST), a_file(SECOND)], []).mode is Mode.FULL


def test_without_news_there_is_nothing_to_do() -> None:
    assert planned(LOYALTY, [a_file(FIRST)], after(LOYALTY, a_file(FIRST))).mode is Mode.SKIP


def test_an_entity_without_any_file_is_left_alone() -> None:
    assert planned(LOYALTY, [], []).mode is Mode.SKIP


def test_a_newer_delivery_is_folded_onto_silver() -> None:
    night = planned(LOYALTY, [a_file(FIRST), a_file(SECOND)], after(LOYALTY, a_file(FIRST)))

    assert (night.mode, night.is_newer, [piece.known_on for piece in night.pending]) == (Mode.INCREMENTAL, True, [SECOND])


@pytest.mark.parametrize(("delivered", "known"), [(FIRST, THIRD), (SECOND, SECOND)])
def test_a_late_or_second_delivery_of_a_day_needs_the_history(delivered: date, known: date) -> None:
    late = LoadedFile("shop", "loyalty", "late", known, f"shop/loyalty/{delivered}-b.csv", 3)

    night = planned(LOYALTY, [a_file(SECOND), late], after(LOYALTY, a_file(SECOND)))

    assert (night.mode, night.is_newer) == (Mode.INCREMENTAL, False)


def test_a_feed_that_shares_its_keys_needs_the_history_but_bare_keys_do_not() -> None:
    # given a till that only names people and a loyalty system that describes them
    both = parts(loyalty={"person_id": "person", "city": "city"}, tills={"person_id": "person"})
    taken = after(both, a_file(FIRST), a_file(FIRST, "tills"))

    # when one of them delivers
    described = planned(both, [a_file(FIRST), a_file(FIRST, "tills"), a_file(SECOND)], taken)
    named = planned(both, [a_file(FIRST), a_file(FIRST, "tills"), a_file(SECOND, "tills")], taken)

    # then only the description can change rows that are there
    assert (described.is_newer, named.is_newer) == (False, True)


def test_a_date_before_the_one_silver_stands_at_rebuilds() -> None:
    night = planned(LOYALTY, [a_file(FIRST)], after(LOYALTY, a_file(FIRST), a_file(SECOND)))

    assert (night.mode, [piece.known_on for piece in night.pending]) == (Mode.FULL, [FIRST])


def test_a_changed_map_rebuilds_and_so_does_one_that_is_gone() -> None:
    taken = after(LOYALTY, a_file(FIRST))
    changed = parts(loyalty={"person_id": "person", "city": "person"})

    assert planned(changed, [a_file(FIRST)], taken).mode is Mode.FULL
    assert planned((), [], taken).mode is Mode.FULL


def test_a_slice_that_grew_is_taken_in_again_and_one_that_shrank_rebuilds() -> None:
    taken = after(LOYALTY, a_file(FIRST, rows=10))

    assert planned(LOYALTY, [a_file(FIRST, rows=11)], taken).mode is Mode.INCREMENTAL
    assert planned(LOYALTY, [a_file(FIRST, rows=9)], taken).mode is Mode.FULL


def test_describing_maps_speak_before_bare_keys_and_higher_priorities_first() -> None:
    both = parts(aaa={"person_id": "person"}, loyalty={"person_id": "person", "city": "city"})

    assert [part.feed_name for part in both] == ["loyalty", "aaa"]
