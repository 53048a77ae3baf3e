"""The registry: which champion a night has, and what is no answer."""

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.settings import Mlflow, Settings
from ml.models.registry import CHALLENGER, CHAMPION, ModelRegistry
from tests.unit.ml.challengers import DAY, a_challenger

if TYPE_CHECKING:
    from mlflow import MlflowClient

TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
def client(registry: ModelRegistry, own: Settings) -> "MlflowClient":
    """MLflow itself, for what our registry does not do."""
    from mlflow import MlflowClient

    return MlflowClient(own.mlflow_uri, own.mlflow_uri)


def test_a_night_keeps_its_champion_when_a_later_one_is_promoted(registry: ModelRegistry, own: Settings) -> None:
    # given a champion since the night, and another one from the next night on
    first, second = (a_challenger(registry, own, "keeps", seed=seed) for seed in (1, 2))
    registry.promote(first, DAY)
    registry.promote(second, TOMORROW)

    # when the champions of the nights are asked for
    champions = [registry.champion_on("keeps", DAY + timedelta(days=days)) for days in (-1, 0, 1, 2)]

    # then each night has the one it was scored with
    assert [champion and champion.version for champion in champions] == [None, "1", "2", "2"]


def test_a_registry_that_does_not_answer_is_not_a_registry_without_champions(
    registry: ModelRegistry, own: Settings, registry_file: Path, tmp_path: Path
) -> None:
    # given a champion, in a registry whose database has come to harm
    registry.promote(a_challenger(registry, own, "harmed"), DAY)
    harmed = shutil.copy(registry_file, tmp_path / "mlflow.db")
    broken = ModelRegistry(own.model_copy(update={"mlflow": Mlflow(tracking_uri=f"sqlite:///{harmed}")}))
    assert broken.by_alias("harmed", CHAMPION) is not None
    with sqlite3.connect(harmed) as database:
        database.execute("alter table registered_models rename to away")

    # when it is asked, then it says that it cannot answer
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="no such table"):
        broken.champion_on("harmed", DAY)


def test_a_model_or_an_alias_that_is_not_there_is_none(registry: ModelRegistry, own: Settings) -> None:
    # given a model that was trained and never promoted
    a_challenger(registry, own, "unpromoted")

    # when and then
    assert registry.by_alias("unpromoted", CHAMPION) is None
    assert registry.by_alias("unheard_of", CHAMPION) is None
    assert registry.newest("unheard_of") is None


def test_a_version_that_somebody_else_registered_disturbs_no_night(registry: ModelRegistry, own: Settings, client: "MlflowClient") -> None:
    # given a champion from tomorrow on, one before it, and a version without our tags between them
    registry.promote(a_challenger(registry, own, "stranger", seed=1), DAY)
    client.create_model_version("stranger", own.lake.root.as_uri())
    registry.promote(a_challenger(registry, own, "stranger", seed=2), TOMORROW)

    # when the night is run again
    champion = registry.champion_on("stranger", DAY)

    # then
    assert champion and champion.version == "1"


def test_a_training_that_was_killed_before_its_version_became_challenger_makes_no_second_version(
    registry: ModelRegistry, own: Settings, client: "MlflowClient"
) -> None:
    # given a version with its facts that no alias points to
    killed = a_challenger(registry, own, "killed")
    client.delete_registered_model_alias("killed", CHALLENGER)

    # when the training is run again
    again = a_challenger(registry, own, "killed")

    # then it is the same version, challenger now, and knows what it was trained on
    assert again == killed == registry.by_alias("killed", CHALLENGER)
    assert again.version == "1"
    assert registry.facts(again)["rows"] == 300
    assert registry.load(again).feature_names


def test_a_version_is_registered_with_its_facts_in_one_call(registry: ModelRegistry, own: Settings, registry_file: Path) -> None:
    # given a database that cannot store an alias, as if the run were killed before it
    trigger = "create trigger kill before insert on registered_model_aliases begin select raise(abort, 'killed'); end"
    with sqlite3.connect(registry_file) as database:
        database.execute(trigger)

    # when a version is trained
    try:
        with pytest.raises(Exception, match="killed"):
            a_challenger(registry, own, "at_once")
    finally:
        with sqlite3.connect(registry_file) as database:
            database.execute("drop trigger kill")

    # then it is complete
    newest = registry.newest("at_once")
    assert newest and newest.version == "1" and newest.trained_on == DAY
