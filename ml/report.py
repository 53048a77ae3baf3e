"""How good the champions are: the figures of their evaluation, as rows and as the tables of docs/models.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conf.errors import CdpError, Finding
from conf.models import Model
from ml.models.registry import CHAMPION, ModelRegistry

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
NAMES = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "lift_at_10pct": "Lift@10 %",
    "brier": "Brier",
    "calibration_error": "Calibration error",
    "rank_correlation": "Rank correlation",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "total_error": "Total error",
}
WHO = {"challenger": "XGBoost", "champion": "champion before it", "baseline": "baseline", "linear": "linear model"}


def summary(registry: ModelRegistry, models: Mapping[str, Model]) -> list[dict[str, Any]]:
    """One row per model with a champion, with the figures of the evaluation it was promoted on."""
    rows = []
    for name, model in models.items():
        version = registry.by_alias(name, CHAMPION)
        if version is None or version.evaluation is None:
            continue
        found = version.evaluation
        rows.append({
            "model": name,
            "title": model.title,
            "description": model.description,
            "baseline": model.baseline.column,
            "version": version.version,
            "trained_as_of": f"{found['trained_as_of'][0]} … {found['trained_as_of'][-1]} ({len(found['trained_as_of'])} dates)",
            "train_rows": found["train_rows"],
            "judged_as_of": ", ".join(found["evaluated_as_of"]),
            "rows": found["rows"],
            "outcome_mean": found["outcome_mean"],
            "metrics": {who: found["metrics"][who] for who in WHO if who in found["metrics"]},
            "calibration": found["calibration"],
        })  # fmt: skip
    return rows


def figures(metrics: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """One row per score with every metric of the task in a fixed order; None where a score has no such metric."""
    columns = [name for name in NAMES if name in metrics["challenger"]]
    return [
        {"score": who} | {NAMES[name]: f"{metrics[who][name]:.4g}" if name in metrics[who] else None for name in columns}
        for who in WHO
        if who in metrics
    ]


def markdown(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown: for each model what was measured on whom, the figures, and calibration by tenths."""
    return "\n\n".join(_section(row) for row in rows)


def replace_figures(file: Path, figures: str) -> None:
    """Put the figures between the markers of a Markdown file.

    Raises:
        CdpError: the file is missing or has no markers.
    """
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if BEGIN not in text or END not in text:
        raise CdpError("the figures have no place", [Finding(str(file), "no markers in it", f"add a line {BEGIN} and a line {END}")])
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    file.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}", encoding="utf-8")


def _section(row: dict[str, Any]) -> str:
    metrics = row["metrics"]
    columns = [name for name in NAMES if name in metrics["challenger"]]
    about = (
        f"{row['description']} Trained as of {row['trained_as_of']} on {row['train_rows']:,} rows; judged as of {row['judged_as_of']} on "
        f"{row['rows']:,} customers, mean outcome {row['outcome_mean']:.4g}."
    )
    lines = [
        f"### {row['title']} (`{row['model']}`)",
        "",
        about,
        "",
        "| | " + " | ".join(NAMES[column] for column in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for who, values in metrics.items():
        label = f"`{row['baseline']}` alone" if who == "baseline" else WHO[who]
        lines.append(f"| {label} | " + " | ".join(_figure(column, values.get(column)) for column in columns) + " |")
    tenths = row["calibration"]
    lines += [
        "",
        "| Tenth of the score | " + " | ".join(str(number) for number in range(1, len(tenths) + 1)) + " |",
        "|---|" + "---:|" * len(tenths),
    ]
    lines += [f"| mean {key} | " + " | ".join(f"{tenth[key]:.3g}" for tenth in tenths) + " |" for key in ("forecast", "observed")]
    return "\n".join(lines)


def _figure(column: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:+.1%}" if column == "total_error" else f"{value:.3f}" if column not in ("mae", "rmse") else f"{value:.2f}"
