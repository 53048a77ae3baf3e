"""Promises about people: who is the same person, who leaves, what they will be worth."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from conf.models import load_models
from spark_jobs.common.crypto import key_reference
from tests.evaluation.intervals import auc, mean, ratio, share
from tests.evaluation.lake import Lake
from tests.evaluation.promise import Detail, Figure, Promise

# Namespace of a customer key → the identifier of the truth that it is. Keys of guests are tokens of phone numbers.
KEYS = {"twin_member": "member_id", "twin_card": "loyalty_card", "twin_wecom": "wecom_id", "twin_guest": "phone"}


def identity(lake: Lake) -> Promise:
    """Keys of one person belong to one customer, and keys of two persons never do (docs: pairwise and B-cubed figures)."""
    keys = _keys_of_persons(lake)
    if keys.empty:
        return Promise(
            "identity", "One customer for each person", "一人一档", note="no customer key of the lake is in the truth", is_made=False
        )
    keys["cluster"] = clusters(keys)
    together, same_customer, same_person = (
        pairs_by_cluster(keys, names) for names in (["customer_id", "person_id"], ["customer_id"], ["person_id"])
    )
    precision, recall = ratio(together, same_customer), ratio(together, same_person)
    sizes = keys.groupby("cluster").size().to_numpy()
    b_precision, b_recall = (ratio(pd.Series(each).groupby(keys.cluster.to_numpy()).sum().to_numpy(), sizes) for each in b_cubed(keys))
    alone = float((1 / keys.groupby("person_id").person_id.transform("size")).mean())  # B-cubed recall of every key for itself
    customers = keys.groupby("customer_id").person_id.nunique()
    return Promise(
        "identity", "One customer for each person", "一人一档",
        (
            Figure("pairwise precision", *precision, baseline=None, n=int(same_customer.sum())),
            Figure("pairwise recall", *recall, baseline=0.0, n=int(same_person.sum())),
            Figure("B-cubed precision", *b_precision, baseline=1.0, n=len(keys)),
            Figure("B-cubed recall", *b_recall, baseline=alone, n=len(keys)),
            Figure("customers that are several persons", *share(int((customers > 1).sum()), len(customers)), baseline=0.0, n=len(customers)),
        ),
        "intervals over groups of customers and persons that hang together; baseline: every key is a customer of its own; keys of guests that several persons could have are left out",
        details=(_by_namespace(keys),),
    )  # fmt: skip


def pairs(sizes: np.ndarray) -> int:
    """Pairs within groups of these sizes."""
    sizes = np.asarray(sizes, np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def pairs_by_cluster(keys: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Pairs of keys that share the values of `names`, for each cluster in order."""
    sizes = keys.groupby(["cluster", *names]).size()
    return (sizes * (sizes - 1) // 2).groupby(level=0).sum().to_numpy()


def clusters(keys: pd.DataFrame) -> np.ndarray:
    """A number for each key: that of the customers and persons that hang together with it."""
    customer, customers = pd.factorize(keys.customer_id)
    person, persons = pd.factorize(keys.person_id)
    size = len(customers) + len(persons)
    edges = coo_array((np.ones(len(keys), np.int8), (customer, len(customers) + person)), shape=(size, size))
    labels = connected_components(edges, directed=False)[1]
    found: np.ndarray = labels[customer]
    return found


def b_cubed(keys: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall of each key (Bagga and Baldwin, "Algorithms for scoring coreference chains", 1998)."""
    both = keys.groupby(["customer_id", "person_id"]).person_id.transform("size").to_numpy()
    customer = keys.groupby("customer_id").customer_id.transform("size").to_numpy()
    person = keys.groupby("person_id").person_id.transform("size").to_numpy()
    return both / customer, both / person


def _keys_of_persons(lake: Lake) -> pd.DataFrame:
    """The lake's customer keys with customer and person; a key that several persons could have is left out."""
    kinds = ", ".join(f"'{kind}'" for kind in set(KEYS.values()))
    told = lake.frame(f"select distinct identifier_type, value, person_id from truth_identifiers where identifier_type in ({kinds})")
    is_phone = told.identifier_type == "phone"
    keyring = key_reference(lake.settings).open()
    told.loc[is_phone, "value"] = [keyring.token("phone", value) for value in told.loc[is_phone, "value"]]
    told = told[told.groupby(["identifier_type", "value"]).person_id.transform("nunique") == 1]
    known = lake.frame("select source, source_key, customer_id from dim_customer_ids")
    known["identifier_type"] = known.source.map(KEYS)
    return known.merge(told, left_on=["identifier_type", "source_key"], right_on=["identifier_type", "value"])


def _by_namespace(keys: pd.DataFrame) -> Detail:
    rows = keys.groupby("source").agg(keys=("source_key", "size"), customers=("customer_id", "nunique"), persons=("person_id", "nunique"))
    return Detail(
        "by kind of key",
        ("keys of", "keys", "customers", "persons"),
        tuple((str(name), *map(int, row)) for name, row in zip(rows.index, rows.to_numpy(), strict=True)),
    )


def _persons_of_customers(lake: Lake) -> pd.DataFrame:
    """The person of each customer who is one person."""
    keys = _keys_of_persons(lake)
    single = keys.groupby("customer_id").person_id.agg(["nunique", "first"])
    return single[single["nunique"] == 1].rename(columns={"first": "person_id"})[["person_id"]].reset_index()


def churn(lake: Lake) -> Promise:
    """Customers who leave within the horizon have a high churn score before."""
    horizon = lake.settings.retailer.churn_horizon_days
    scored = _scored(lake, "churn_score", "recency_days")
    title = ("Churn is seen before it happens", "流失预警")
    if scored is None or scored.empty:
        return Promise("churn", *title, note="no champion scores churn on this night", is_made=False)
    if (known := lake.days_after_as_of) is not None and known < horizon:
        note = f"the simulation ends {known} days after {lake.as_of}: who leaves within {horizon} days is not known; simulate longer, or score an earlier night"
        return Promise("churn", *title, note=note, is_made=False)
    # A person is as much there as the liveliest of their customers.
    scored = scored.groupby("person_id").agg(churn_score=("churn_score", "min"), recency_days=("recency_days", "min")).reset_index()
    lake.add("scored_customers", scored)
    rows = lake.frame(
        f"""
        select scored.*, churned_on is not null and churned_on <= date '{lake.as_of}' + {horizon} as leaves
        from scored_customers scored join truth_churn churn using (person_id)
        where churned_on is null or churned_on > date '{lake.as_of}'
        """
    )
    if rows.empty:
        return Promise("churn", *title, note="nobody who has a score is in the truth and still there", is_made=False)
    tenth = max(len(rows) // 10, 1)
    caught, by_recency = (expected_in_top(rows[name], rows.leaves, tenth) for name in ("churn_score", "recency_days"))
    leavers = int(rows.leaves.sum())
    return Promise(
        "churn", *title,
        (
            Figure("AUC", *auc(rows.churn_score, rows.leaves), baseline=auc(rows.recency_days, rows.leaves)[0], unit="number", n=len(rows)),
            Figure("leavers among the tenth with the highest score", *share(round(caught), tenth), baseline=by_recency / tenth, n=tenth),
            Figure("leavers found in that tenth", *share(round(caught), leavers), baseline=by_recency / max(leavers, 1), n=leavers),
        ),
        f"who really leaves within {horizon} days of {lake.as_of}; baseline: days since the last order alone",
    )  # fmt: skip


def expected_in_top(scores: pd.Series, hits: pd.Series, count: int) -> float:
    """Hits among the `count` highest scores; of equal scores at the border as many as chance would take."""
    border = scores.nlargest(count).iloc[-1]
    above, tied = scores > border, scores == border
    return float(hits[above].sum() + hits[tied].mean() * (count - int(above.sum())))


def lifetime_value(lake: Lake) -> Promise:
    """Expected spend is what is spent."""
    title = ("Lifetime value is what customers spend", "客户生命周期价值")
    horizon = load_models()["clv"].label.horizon_days
    scored = _scored(lake, "clv_amount::double", "recency_days")
    if scored is None or scored.empty:
        return Promise("clv", *title, note="no champion scores CLV on this night", is_made=False)
    known = (
        lake.rows(f"select distinct as_of from truth_lifetime_values where horizon_days = {horizon} order by 1")
        if "lifetime_values" in lake.truth_tables
        else []
    )
    if (lake.as_of,) not in known:
        dates = ", ".join(str(day) for (day,) in known) or "no date (the simulation is too short)"
        return Promise(
            "clv", *title, note=f"the truth knows what is spent in {horizon} days after {dates}; this night is {lake.as_of}", is_made=False
        )
    # What is expected of a person is what is expected of all their customers.
    lake.add("valued_customers", scored.groupby("person_id").clv_amount.sum().reset_index())
    rows = lake.frame(
        f"""
        select clv_amount::double as expected, amount::double as spent
        from valued_customers join truth_lifetime_values using (person_id) where as_of = date '{lake.as_of}' and horizon_days = {horizon}
        """
    )
    error = np.abs(rows.expected - rows.spent)
    mean_error = float(np.abs(rows.spent - rows.spent.mean()).mean())
    return Promise(
        "clv", *title,
        (
            Figure("mean absolute error", *mean(error), baseline=mean_error, unit="money", n=len(rows)),
            Figure("total expected over total spent", float(rows.expected.sum() / rows.spent.sum()), baseline=1.0, unit="number", n=len(rows)),
            Figure("rank correlation", float(stats.spearmanr(rows.expected, rows.spent).statistic), baseline=0.0, unit="number", n=len(rows)),
        ),
        "baseline: everybody spends the mean",
    )  # fmt: skip


def _scored(lake: Lake, score: str, recency: str) -> pd.DataFrame | None:
    """Customers with a score on the last night, and their person."""
    columns = {row[0] for row in lake.rows("describe dim_customers")}
    name = score.partition("::")[0]
    if name not in columns:
        return None
    days = recency if recency in columns else f"date_diff('day', last_order_on, date '{lake.as_of}')"
    found = lake.frame(f"select customer_id, {score} as {name}, {days} as recency_days from dim_customers where {name} is not null")
    return found.merge(_persons_of_customers(lake), on="customer_id")
