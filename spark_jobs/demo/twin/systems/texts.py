"""Texts that customers write, and what is true of them: how the writer feels and what went wrong.

A text has an opening, a core, perhaps a remark on the side and an end; then typing errors come over it. Some say next to nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.demo.twin.codes import Issue
from spark_jobs.demo.twin.draws import Draws, Floats, Ints
from spark_jobs.demo.twin.systems.forms import CLOSERS, OPENERS, Form
from spark_jobs.demo.twin.systems.notation import constant, pick
from spark_jobs.demo.twin.systems.phrases import ASIDES, CORES, NEGATIVE, NEUTRAL, NOUNS, POSITIVE, TYPOS, VAGUE
from spark_jobs.demo.twin.truth.columns import words

FEELINGS = ("negative", "neutral", "positive")
CALM = 0.2  # sentiments from −CALM to CALM are neutral
VAGUE_SHARE, ASIDE_SHARE, CONTRARY_SHARE, TYPO_SHARE = 0.06, 0.35, 0.6, 0.3
_MOODS = np.array([0.3, -0.45, -0.6, -0.5, -0.45, -0.4, -0.6, 0.1])  # mean sentiment of who writes about an issue


@dataclass(frozen=True, slots=True)
class Pool:
    """Phrases in groups; of each the part before the thing that was bought, and the part after it."""

    heads: pa.StringArray
    tails: pa.StringArray
    has_noun: np.ndarray
    first: Ints
    count: Ints

    @staticmethod
    def of(groups: Iterable[tuple[str, ...]]) -> "Pool":
        """A pool of groups, which are numbered from 0."""
        groups = list(groups)
        count = np.array([len(group) for group in groups], np.int64)
        split = [phrase.partition("@") for group in groups for phrase in group]
        heads, tails = (pa.array([each[part] for each in split], pa.string()) for part in (0, 2))
        return Pool(heads, tails, np.array([bool(each[1]) for each in split]), np.cumsum(count) - count, count)

    def draw(self, draws: Draws, purpose: str, key: Ints, group: Ints) -> pa.StringArray:
        """A phrase of its group for each key."""
        place = self.first[group] + draws.integers(0, self.count[group], f"{purpose} phrase", key)
        noun = np.where(self.has_noun[place], 1 + draws.integers(0, len(NOUNS), f"{purpose} noun", key), 0)
        at = pa.array(place)
        return pc.binary_join_element_wise(self.heads.take(at), pick(("", *NOUNS), noun), self.tails.take(at), "")


_FEELINGS = (NEGATIVE, NEUTRAL, POSITIVE)
_CORES = Pool.of(CORES[issue, feeling] for issue in Issue for feeling in _FEELINGS)
_VAGUE = Pool.of(VAGUE[feeling] for feeling in _FEELINGS)
_ASIDES = Pool.of(ASIDES[feeling] for feeling in (NEGATIVE, POSITIVE))
_OPENERS = Pool.of(OPENERS[form] for form in Form)
_CLOSERS = Pool.of(CLOSERS[form, feeling] for form in Form for feeling in _FEELINGS)


def feelings(sentiment: Floats) -> Ints:
    """0 negative, 1 neutral, 2 positive."""
    return np.where(sentiment < -CALM, NEGATIVE, np.where(sentiment > CALM, POSITIVE, NEUTRAL))


def moods(draws: Draws, purpose: str, key: Ints, issue: Ints) -> Floats:
    """How people feel who write about an issue: −1 to 1."""
    drawn: Floats = np.clip(_MOODS[issue] + 0.36 * draws.normal(f"{purpose} mood", key), -1, 1).round(3)
    return drawn


def texts(draws: Draws, purpose: str, key: Ints, issue: Ints, sentiment: Floats, form: Form) -> pa.StringArray:
    """A text for each key about an issue, with a sentiment of −1 to 1, written in a form."""
    feeling, of_form = feelings(sentiment), np.full(len(key), int(form))
    core = _CORES.draw(draws, f"{purpose} core", key, issue * len(_FEELINGS) + feeling)
    core = _mixed(draws, purpose, key, feeling, core)
    parts = (
        _OPENERS.draw(draws, f"{purpose} opener", key, of_form), core,
        _CLOSERS.draw(draws, f"{purpose} closer", key, of_form * len(_FEELINGS) + feeling),
    )  # fmt: skip
    whole = pc.binary_join_element_wise(*parts, "")
    vague = draws.happens(VAGUE_SHARE, f"{purpose} vague", key)
    whole = pc.if_else(pa.array(vague), _VAGUE.draw(draws, f"{purpose} vague", key, feeling), whole)
    return _mistyped(draws, purpose, key, whole)


def _mixed(draws: Draws, purpose: str, key: Ints, feeling: Ints, core: pa.StringArray) -> pa.StringArray:
    """Some cores with a remark on the side, more often against the feeling than with it, before or after the core."""
    contrary = draws.happens(CONTRARY_SHARE, f"{purpose} contrary", key)
    praises = np.where(feeling == NEUTRAL, draws.happens(0.5, f"{purpose} praises", key), (feeling == POSITIVE) != contrary)
    aside = _ASIDES.draw(draws, f"{purpose} aside", key, praises.astype(np.int64))
    has = draws.happens(ASIDE_SHARE, f"{purpose} has aside", key)
    before = draws.happens(0.3, f"{purpose} aside first", key)
    mark = constant("，", len(key))
    after, ahead = (pc.binary_join_element_wise(left, mark, right, "") for left, right in ((core, aside), (aside, core)))
    return pc.if_else(pa.array(has), pc.if_else(pa.array(before), ahead, after), core)


def _mistyped(draws: Draws, purpose: str, key: Ints, whole: pa.StringArray) -> pa.StringArray:
    """Some texts with a slip: a word that sounds the same, slang, no commas."""
    slips = np.where(
        draws.happens(TYPO_SHARE, f"{purpose} mistypes", key), draws.integers(0, len(TYPOS), f"{purpose} typo", key), len(TYPOS)
    )
    for each in np.unique(slips[slips < len(TYPOS)]).tolist():
        right, wrong = TYPOS[each]
        whole = pc.if_else(pa.array(slips == each), pc.replace_substring(whole, right, wrong), whole)
    return whole


def texts_truth(source: str, key: pa.StringArray, issue: Ints, sentiment: Floats, category: pa.StringArray) -> dict[str, pa.Table]:
    """What is true of texts, as the truth table `texts`.

    Columns: `source`, `key` (as the row is numbered in the file), `sentiment` (negative, neutral, positive), `sentiment_score` (−1 to 1),
    `issue` (what went wrong: a word of codes.Issue), `category` (what the system says it is about; may be wrong; null where it says nothing).
    """
    return {"texts": pa.table({
        "source": constant(source, len(key)), "key": key, "sentiment": pick(FEELINGS, feelings(sentiment)),
        "sentiment_score": pa.array(sentiment, pa.float64()), "issue": words(Issue, issue), "category": category,
    })}  # fmt: skip


def drawn_phrases(groups: Iterable[tuple[str, ...]]) -> Callable[[Draws, str, Ints, Ints], pa.StringArray]:
    """Phrases of a system's own, such as answers: a function of draws, purpose, keys and groups."""
    return Pool.of(groups).draw
