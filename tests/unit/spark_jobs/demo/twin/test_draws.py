"""Draws are pure functions: of seed, purpose and keys, whatever is drawn beside them."""

import numpy as np
from scipy import stats

from spark_jobs.demo.twin.draws import Draws

DRAWS = Draws(7)
MANY = np.arange(200_000)


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    alone = [float(DRAWS.uniform("price", person, 3)) for person in (5, 9_000, 199_999)]
    assert DRAWS.uniform("price", MANY, 3)[[5, 9_000, 199_999]].tolist() == alone


def test_seed_purpose_and_every_key_matter() -> None:
    base = DRAWS.uniform("price", MANY, 3)
    for other in (
        Draws(8).uniform("price", MANY, 3),
        DRAWS.uniform("rain", MANY, 3),
        DRAWS.uniform("price", MANY, 4),
        DRAWS.uniform("price", 3, MANY),
    ):
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.01


def test_distributions_are_what_they_say() -> None:
    assert stats.kstest(DRAWS.uniform("u", MANY), "uniform").pvalue > 1e-4
    assert stats.kstest(DRAWS.normal("n", MANY), "norm").pvalue > 1e-4
    counts = DRAWS.counts(3.5, "c", MANY)
    assert abs(counts.mean() - 3.5) < 0.02 and abs(counts.var() - 3.5) < 0.06
    picked = np.bincount(DRAWS.choice([1, 2, 5], "w", MANY), minlength=3) / len(MANY)
    assert np.allclose(picked, [0.125, 0.25, 0.625], atol=0.005)


def test_choice_by_row_equals_choice_by_hand() -> None:
    weights = np.array([[1.0, 0, 0], [0, 0, 1.0], [0.5, 0.5, 0]])
    picked = DRAWS.choice(weights[MANY[:3000] % 3], "rows", MANY[:3000])
    assert set(picked[0::3]) == {0} and set(picked[1::3]) == {2} and set(picked[2::3]) == {0, 1}
