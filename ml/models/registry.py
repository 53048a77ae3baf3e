"""The model registry: the one place that talks to MLflow. Versions, their evaluation, and the aliases challenger and champion."""

import json
import logging
import os
from dataclasses import dataclass
from datetime import date
from typing import Any

from conf.models import Model
from conf.settings import Settings

CHALLENGER = "challenger"
CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version of a model; `promoted_on` is the first business date that it is champion of, `judged_by` a hash of the gates of its verdict."""

    name: str
    version: str
    run_id: str
    trained_on: date
    fingerprint: str
    promoted_on: date | None
    evaluation: dict[str, Any] | None
    question: str | None = None
    judged_by: str | None = None

    def answers(self, model: Model) -> bool:
        """True when it was trained for the label that the register asks for now; a version that does not say so is believed."""
        return self.question in (None, model.label.question)


class ModelRegistry:
    """MLflow's tracking and registry at the configured address; SQLite and files under the lake unless configured."""

    def __init__(self, settings: Settings) -> None:
        for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
            os.environ[name] = "true"
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        for name in ("mlflow.store.db.utils", "mlflow.tracking._model_registry.client", "mlflow.utils.environment", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        import mlflow

        # A tracking server places artifacts itself; a bare database would put them into the working directory.
        self._has_server = settings.mlflow_uri.startswith(("http://", "https://", "databricks"))
        self._folder = settings.lake.mlflow
        if not self._has_server:
            self._folder.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(settings.mlflow_uri)
        mlflow.set_registry_uri(settings.mlflow_uri)
        self._client = mlflow.MlflowClient(settings.mlflow_uri, settings.mlflow_uri)

    def add_challenger(
        self, name: str, model: Model, booster: Any, *, trained_on: date, fingerprint: str, facts: dict[str, Any]
    ) -> Version:
        """Log a trained booster as a new version and point `challenger` to it.

        Args:
            name: registered name.
            model: its register entry, logged with the run.
            booster: the fitted XGBoost booster.
            trained_on: business date of the training.
            fingerprint: hash of everything that decides the booster.
            facts: rows, dates and importances of the training; figures about customers as a whole, never about one.
        """
        import mlflow.xgboost
        import xgboost

        with mlflow.start_run(experiment_id=self._experiment(name), run_name=f"{name} {trained_on}") as run:
            mlflow.log_params(
                {"rounds": model.estimator.rounds, **model.estimator.params, **model.label.model_dump(), **model.split.model_dump()}
            )
            mlflow.log_dict(model.model_dump(mode="json"), "register_entry.json")
            mlflow.log_dict(facts, "training.json")
            info = mlflow.xgboost.log_model(
                booster,
                name="model",
                model_format="ubj",
                signature=_signature(booster.feature_names),
                pip_requirements=[f"xgboost=={xgboost.__version__}"],
            )
        tags = {"trained_on": trained_on.isoformat(), "fingerprint": fingerprint, "question": model.label.question}
        version = self._register(name, info.model_id, run.info.run_id, tags)
        self.point(name, CHALLENGER, version.version)
        return version

    def facts(self, version: Version) -> dict[str, Any]:
        """The facts a version was added with: which dates and rows it was trained on."""
        import mlflow.artifacts

        found: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/training.json")
        return found

    def add_evaluation(self, version: Version, evaluation: dict[str, Any]) -> None:
        """Store an evaluation with the version, and its figures as metrics of the version's run."""
        from mlflow.entities import Metric
        from mlflow.utils.time import get_current_time_millis

        self._tag(version.name, version.version, {"evaluation": json.dumps(evaluation, sort_keys=True)})
        stamp = get_current_time_millis()
        metrics = [
            Metric(f"{who}.{name}", value, stamp, 0) for who, figures in evaluation["metrics"].items() for name, value in figures.items()
        ]
        self._client.log_batch(version.run_id, metrics=metrics)
        self._client.log_dict(version.run_id, evaluation, "evaluation.json")

    def add_verdict(self, version: Version, verdict: dict[str, Any], judged_by: str) -> None:
        """Store a verdict with the version and its run."""
        outcome = "promoted" if verdict["promoted"] else "kept back"
        self._tag(version.name, version.version, {"verdict": outcome, "verdict_reason": verdict["reason"], "judged_by": judged_by})
        self._client.log_dict(version.run_id, verdict, "verdict.json")

    def promote(self, version: Version, champion_from: date) -> None:
        """Point `champion` to the version and remember the first business date that it is champion of."""
        self._tag(version.name, version.version, {"promoted_on": champion_from.isoformat()})
        self.point(version.name, CHAMPION, version.version)

    def point(self, name: str, alias: str, version: str) -> None:
        self._client.set_registered_model_alias(name, alias, version)

    def by_alias(self, name: str, alias: str) -> Version | None:
        """The version an alias points to, or None; a registry that does not answer is an error, never "no version"."""
        number = self._aliases(name).get(alias)
        return None if number is None else self.version(name, str(number))

    def newest(self, name: str) -> Version | None:
        """The version registered last, whether or not an alias points to it."""
        return max(self._versions(name), key=lambda version: int(version.version), default=None)

    def version(self, name: str, version: str) -> Version:
        return _version(self._client.get_model_version(name, version))

    def champion_on(self, name: str, on: date) -> Version | None:
        """The champion of a business date: the current one, or for an earlier date the last one promoted for it or before."""
        current = self.by_alias(name, CHAMPION)
        if current is None or (current.promoted_on is not None and current.promoted_on <= on):
            return current
        earlier = [version for version in self._versions(name) if version.promoted_on is not None and version.promoted_on <= on]
        return max(earlier, key=lambda version: (version.promoted_on, int(version.version)), default=None)

    def load(self, version: Version) -> Any:
        """The booster of a version."""
        import mlflow.xgboost

        return mlflow.xgboost.load_model(f"models:/{version.name}/{version.version}")

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = None if self._has_server else (self._folder / "artifacts" / name).as_uri()
        return str(self._client.create_experiment(name, artifact_location=location))

    def _register(self, name: str, model_id: str, run_id: str, tags: dict[str, str]) -> Version:
        """A new version with its tags in one call: a version that is there is complete, wherever a run was killed."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as err:
            if err.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return _version(self._client.create_model_version(name, f"models:/{model_id}", run_id, tags=tags, model_id=model_id))

    def _aliases(self, name: str) -> dict[str, str]:
        from mlflow.exceptions import MlflowException

        try:
            found: dict[str, str] = self._client.get_registered_model(name).aliases
        except MlflowException as err:
            if err.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}
        return found

    def _versions(self, name: str) -> list[Version]:
        """All versions that were registered here; one without our tags is somebody else's."""
        return [_version(found) for found in self._client.search_model_versions(f"name = '{name}'") if "fingerprint" in found.tags]

    def _tag(self, name: str, version: str, tags: dict[str, str]) -> None:
        for key, value in tags.items():
            self._client.set_model_version_tag(name, version, key, value)


def _version(found: Any) -> Version:
    tags = found.tags
    return Version(
        name=found.name,
        version=str(found.version),
        run_id=found.run_id,
        trained_on=date.fromisoformat(tags["trained_on"]),
        fingerprint=tags["fingerprint"],
        promoted_on=date.fromisoformat(tags["promoted_on"]) if "promoted_on" in tags else None,
        evaluation=json.loads(tags["evaluation"]) if "evaluation" in tags else None,
        question=tags.get("question"),
        judged_by=tags.get("judged_by"),
    )


def _signature(features: list[str]) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, DataType, Schema

    return ModelSignature(Schema([ColSpec(DataType.float, name) for name in features]), Schema([ColSpec(DataType.float, "score")]))
