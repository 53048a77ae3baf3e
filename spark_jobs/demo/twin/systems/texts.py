"""What customers write and what agents note, in Chinese, and what is true of it: how the writer feels and what went wrong.

A text has an opening, a core, perhaps a remark on the side and an end; then slips of typing come over it. The phrases are in phrases.py and
forms.py. The truth of a text is the issue and the sentiment it was written with; people say a little more or less than they feel, end out of
habit, and some say next to nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from spark_jobs.demo.twin.codes import Issue
from spark_jobs.demo.twin.draws import Draws, Floats, Ints
from spark_jobs.demo.twin.systems.forms import CLOSERS, OPENERS, Form
from spark_jobs.demo.twin.systems.notation import constant, joined, pick
from spark_jobs.demo.twin.systems.phrases import ASIDES, CORES, NEGATIVE, NEUTRAL, NOUNS, POSITIVE, TYPOS, VAGUE
from spark_jobs.demo.twin.truth.columns import words

CALM = 0.2  # sentiments from −CALM to CALM are neutral
VAGUE_SHARE, ASIDE_SHARE, CONTRARY_SHARE, OTHER_SHARE, TYPO_SHARE = 0.06, 0.35, 0.6, 0.15, 0.3
BLURRED, ROUTINE = 0.12, 0.35  # how far what is said, and how it ends, stray from the sentiment (standard deviations)
# What a service desk files an issue under.
CATEGORIES_OF_ISSUES = ("praise", "delivery", "quality", "delivery", "delivery", "price", "service", "question")


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts and what is true of them."""

    text: pa.StringArray
    issue: Ints
    sentiment: Floats


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

    def draw(self, draws: Draws, purpose: str, key: Ints, group: ArrayLike) -> pa.StringArray:
        """A phrase of its group for each key."""
        group = np.asarray(group, np.int64)
        place = self.first[group] + draws.integers(0, self.count[group], f"{purpose} phrase", key)
        noun = np.where(self.has_noun[place], 1 + draws.integers(0, len(NOUNS), f"{purpose} noun", key), 0)
        at = pa.array(place)
        return joined(self.heads.take(at), pick(("", *NOUNS), noun), self.tails.take(at))


_FORMS, _FEELINGS = tuple(Form), (NEGATIVE, NEUTRAL, POSITIVE)
_CORES = Pool.of(CORES[issue, feeling] for issue in Issue for feeling in _FEELINGS)
_VAGUE = Pool.of(VAGUE[feeling] for feeling in _FEELINGS)
_ASIDES = Pool.of(ASIDES[feeling] for feeling in (NEGATIVE, POSITIVE))
_OPENERS = Pool.of(OPENERS[form] for form in _FORMS)
_CLOSERS = Pool.of(CLOSERS[form, feeling] for form in _FORMS for feeling in _FEELINGS)


def feelings(sentiment: Floats) -> Ints:
    """0 negative, 1 neutral, 2 positive."""
    return np.where(sentiment < -CALM, NEGATIVE, np.where(sentiment > CALM, POSITIVE, NEUTRAL))


def write(draws: Draws, form: str, key: ArrayLike, issue: Ints, sentiment: Floats) -> Texts:
    """A text for each key about an issue, in a mood (−1 to 1).

    `form` is a word of forms.Form and the purpose of the draws: the same form and key give the same text.
    """
    key, sentiment = np.asarray(key, np.int64), np.round(sentiment, 3)
    feeling = feelings(sentiment + BLURRED * draws.normal(f"{form} blurred", key))
    ending = feelings(sentiment + ROUTINE * draws.normal(f"{form} routine", key))
    of_form = np.full(len(key), _FORMS.index(Form(form)))
    whole = joined(
        _OPENERS.draw(draws, f"{form} opener", key, of_form), _mixed(draws, form, key, issue, feeling),
        _CLOSERS.draw(draws, f"{form} closer", key, of_form * len(_FEELINGS) + ending),
    )  # fmt: skip
    vague = draws.happens(VAGUE_SHARE, f"{form} vague", key)
    whole = pc.if_else(pa.array(vague), _VAGUE.draw(draws, f"{form} vague", key, feeling), whole)
    return Texts(_mistyped(draws, form, key, whole), issue, sentiment)


def _mixed(draws: Draws, form: str, key: Ints, issue: Ints, feeling: Ints) -> pa.StringArray:
    """Cores, some with a remark on the side: praise or blame, mostly against the feeling, or another issue that matters less."""
    core = _CORES.draw(draws, f"{form} core", key, issue * len(_FEELINGS) + feeling)
    contrary = draws.happens(CONTRARY_SHARE, f"{form} contrary", key)
    praises = np.where(feeling == NEUTRAL, draws.happens(0.5, f"{form} praises", key), (feeling == POSITIVE) != contrary)
    other = (issue + draws.integers(1, len(Issue), f"{form} other", key)) % len(Issue)
    beside = _CORES.draw(draws, f"{form} beside", key, other * len(_FEELINGS) + feeling)
    aside = pc.if_else(
        pa.array(draws.happens(OTHER_SHARE, f"{form} of another", key)), beside, _ASIDES.draw(draws, f"{form} aside", key, praises)
    )
    has, before = draws.happens(ASIDE_SHARE, f"{form} has aside", key), draws.happens(0.3, f"{form} aside first", key)
    mark = constant("，", len(key))
    both = pc.if_else(pa.array(before), joined(aside, mark, core), joined(core, mark, aside))
    return pc.if_else(pa.array(has), both, core)


def _mistyped(draws: Draws, form: str, key: Ints, whole: pa.StringArray) -> pa.StringArray:
    """Some texts with a slip: a word that sounds the same, slang, no commas."""
    has, kind = draws.happens(TYPO_SHARE, f"{form} has typo", key), draws.integers(0, len(TYPOS), f"{form} typo", key)
    for number, (right, wrong) in enumerate(TYPOS):
        rows = has & (kind == number)
        if rows.any():
            whole = pc.if_else(pa.array(rows), pc.replace_substring(whole, right, wrong), whole)
    return whole


def truth_of(source: str, keys: pa.StringArray, texts: Texts) -> dict[str, pa.Table]:
    """Rows of the truth's table `texts`."""
    return {"texts": pa.table({
        "source": constant(source, len(keys)), "key": keys, "sentiment": texts.sentiment.astype(np.float64),
        "issue": words(Issue, texts.issue), "category": pick(CATEGORIES_OF_ISSUES, texts.issue),
    })}  # fmt: skip
