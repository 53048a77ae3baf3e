"""Promises that the platform makes later. The baseline is measured already, so that it is known what has to be beaten."""

from tests.evaluation.lake import Lake
from tests.evaluation.promise import Detail, Figure, Promise

NOT_YET = "not made yet; the baseline is measured on the truth: "


def replenishment(lake: Lake) -> Promise:
    """When a customer buys from a category again."""
    title = ("The next purchase of a category", "品类补货周期")
    error, n = lake.row(
        """
        with gaps as (
            select category, date_diff('day', purchased_on, next_purchased_on) as gap from truth_category_purchases where next_purchased_on is not null
        ), usual as (select category, median(gap) as usual from gaps group by 1)
        select avg(abs(gap - usual)), count(*) from gaps join usual using (category)
        """
    )
    return Promise(
        "replenishment",
        *title,
        (Figure("days off, mean", None, baseline=error, unit="days", n=n),),
        NOT_YET + "the category's median gap",
        False,
    )


def tags(lake: Lake) -> Promise:
    """Tags that say what is true of a customer."""
    rows = lake.rows(
        f"""
        with held as (
            select tag, value, count(*) as persons from truth_tags
            where valid_from <= date '{lake.as_of}' and (valid_to is null or valid_to > date '{lake.as_of}') group by all
        )
        select tag, max(persons) / sum(persons), sum(persons)::bigint from held group by 1 order by 1
        """
    )
    figures = tuple(Figure(f"{tag} right", None, baseline=most, n=n) for tag, most, n in rows)
    return Promise("tags", "Tags are true", "标签准确率", figures, NOT_YET + "the most frequent value", False)


def tiers(lake: Lake) -> Promise:
    """The tier that a customer deserves."""
    if "tiers" not in lake.truth_tables:
        return Promise("tiers", "Tiers are right", "等级准确率", note="the truth has no tiers", is_made=False)
    most, n = lake.row(
        f"""
        with held as (
            select tier, count(*) as persons from truth_tiers
            where valid_from <= date '{lake.as_of}' and (valid_to is null or valid_to > date '{lake.as_of}') group by 1
        )
        select max(persons) / sum(persons), sum(persons)::bigint from held
        """
    )
    return Promise(
        "tiers",
        "Tiers are right",
        "等级准确率",
        (Figure("tier right", None, baseline=most, n=n),),
        NOT_YET + "everybody has the most frequent tier",
        False,
    )


def uplift(lake: Lake) -> Promise:
    """Who buys because of a campaign."""
    effect, spread, n = lake.row(
        "select avg(effect), avg(abs(effect - (select avg(effect) from truth_treatment_effects))), count(*) from truth_treatment_effects"
    )
    figures = (Figure("error of the effect, mean", None, baseline=spread, unit="number", n=n),)
    note = NOT_YET + f"the same effect for everybody, {effect:.3f} of the chance to buy" if n else "the truth has no campaigns"
    return Promise("uplift", "Who is moved by a campaign", "营销增益", figures if n else (), note, False)


def attribution(lake: Lake) -> Promise:
    """What each channel really brought."""
    rows = lake.rows(
        f"select channel, sum(orders), sum(sum(orders)) over () from truth_channel_contribution where day <= date '{lake.as_of}' group by 1 order by 2 desc"
    )
    error = sum(abs(caused - total / len(rows)) for _, caused, total in rows) / len(rows) if rows else None
    figures = (Figure("error of the orders that a channel caused, mean", None, baseline=error, unit="number", n=len(rows)),) if rows else ()
    truth = Detail("what is true", ("channel", "orders caused"), tuple((channel, round(caused, 1)) for channel, caused, _ in rows))
    return Promise("attribution", "What a channel brings", "渠道归因", figures, NOT_YET + "every channel brings the same", False, (truth,))


def texts(lake: Lake) -> Promise:
    """Reason and mood of what customers write."""
    if "texts" not in lake.truth_tables:
        return Promise("texts", "Reasons and moods of texts", "文本原因与情感", note="the truth has no texts", is_made=False)
    reason, mood, n = lake.row(
        """
        with counted as (
            select (select max(c) from (select count(*) as c from truth_texts group by issue)) as reason,
                greatest(count_if(sentiment > 0), count_if(sentiment <= 0)) as mood, count(*) as n from truth_texts
        )
        select reason / n, mood / n, n from counted
        """
    )
    figures = (Figure("reason right", None, baseline=reason, n=n), Figure("mood right (good or bad)", None, baseline=mood, n=n))
    return Promise("texts", "Reasons and moods of texts", "文本原因与情感", figures, NOT_YET + "the most frequent reason and mood", False)
