"""When a model is trained again."""

from datetime import timedelta

from conf.settings import Settings
from ml.models.registry import ModelRegistry
from ml.steps.train import is_due
from tests.unit.ml.challengers import DAY, a_challenger, a_model

TOMORROW = DAY + timedelta(days=1)


def test_a_model_that_was_kept_back_is_due_when_its_gates_change(registry: ModelRegistry, own: Settings) -> None:
    # given a challenger that the gates of its night kept back
    model = a_model()
    kept_back = a_challenger(registry, own, "kept_back")
    registry.add_verdict(kept_back, {"promoted": False, "reason": "kept back", "gates": []}, model.gates.digest)

    # when the gates stay, and when one of them changes
    eased = model.model_copy(update={"gates": model.gates.model_copy(update={"max_calibration_error": 0.5})})

    # then
    assert not is_due(registry, "kept_back", model, TOMORROW)
    assert is_due(registry, "kept_back", eased, TOMORROW)


def test_a_champion_is_not_due_when_gates_change(registry: ModelRegistry, own: Settings) -> None:
    model = a_model()
    champion = a_challenger(registry, own, "promoted_before")
    registry.add_verdict(champion, {"promoted": True, "reason": "every gate held", "gates": []}, model.gates.digest)
    registry.promote(champion, DAY)

    eased = model.model_copy(update={"gates": model.gates.model_copy(update={"max_calibration_error": 0.5})})

    assert not is_due(registry, "promoted_before", eased, TOMORROW)


def test_a_challenger_that_was_never_judged_is_due(registry: ModelRegistry, own: Settings) -> None:
    a_challenger(registry, own, "never_judged")

    assert is_due(registry, "never_judged", a_model(), TOMORROW)


def test_nothing_is_due_before_its_last_training(registry: ModelRegistry, own: Settings) -> None:
    a_challenger(registry, own, "trained_later")

    assert not is_due(registry, "trained_later", a_model(), DAY - timedelta(days=1))
