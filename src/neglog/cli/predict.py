"""``neglog predict``: a saved model applied to new rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from neglog.cli.options import as_json, examples, print_json, quiet
from neglog.cli.talk import talk
from neglog.cli.writing import require_writable
from neglog.errors import UsageError

if TYPE_CHECKING:
    from neglog.data import Table
    from neglog.losses.declared import Declared
    from neglog.models import Model

__all__ = ["command"]


@click.command(
    "predict",
    short_help="Apply a saved model to new rows.",
    epilog=examples(
        "neglog predict cancer.neglog new.csv -o predictions.csv",
        "neglog predict growth.neglog new.parquet --interval 0.9 --json",
    ),
)
@click.argument("model")
@click.argument("data")
@click.option("--output", "-o", metavar="FILE", help="Write to a file instead of standard output.")
@click.option(
    "--interval",
    metavar="SHARE",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Add the ends of an interval that holds this share of the targets, such as 0.9.",
)
@as_json
@quiet
def command(
    model: str, data: str, output: str | None, interval: float | None, as_json: bool
) -> None:
    """Predict the target of every row of DATA with a MODEL that neglog fit saved.

    Prints CSV with one line for each row of DATA, in its order: the mean of the target (of successes | trials the
    expected share, of an event or an interval the mean of the time or number itself), or the probability of each
    class and the most probable one; of a loss without a likelihood the score and the label it decides for, or the
    fitted value. A row that lacks a value has empty cells.
    """
    with talk.phase("starting"):
        if output is not None:
            require_writable(
                output, {"the model that is read": model, "the table that is read": data}
            )
        with talk.phase(f"reading {model}"):
            from neglog.models import load

            fitted = load(model)
        with talk.phase(f"reading {data}"):
            from neglog.data import read

            table = read(data)
        with talk.phase("predicting"):
            columns, missing = _predictions(fitted, table, interval)
        text = "" if as_json else _csv(columns)
        if output is not None:
            from neglog.data.writing import write_text

            if as_json:
                import json

                text = json.dumps(_records(columns), ensure_ascii=False) + "\n"
            write_text(output, text)
    if output is None:
        if as_json:
            print_json(_records(columns))
        else:
            click.echo(text, nl=False)
    else:
        talk.say(f"Wrote {table.n_rows:,} predictions to {output}.")
    if missing:
        talk.warn(
            f"{missing:,} of {table.n_rows:,} rows have no prediction, because a value that the model "
            "needs is missing in them; their cells are empty."
        )


def _predictions(model: Model, table: Table, interval: float | None) -> tuple[dict[str, Any], int]:
    """Return the columns to print, aligned with the rows of the table, and how many rows have none."""
    import numpy as np

    from neglog.families.family import Family

    if not isinstance(model.family, Family):
        return _of_a_loss(model, model.family, table, interval)
    raw, rows = model.raw_prediction(table)
    law = model.distribution_of_raw(raw)
    kind, coding = model.family.target.kind, model.coding
    columns: dict[str, Any] = {}

    def put(name: str, values: Any, empty: Any = np.nan) -> None:
        full = np.full(table.n_rows, empty, dtype=object if empty is None else np.float64)
        full[rows] = values
        columns[name] = full

    if kind in ("Binary", "Label"):
        if interval is not None:
            raise UsageError(
                f"--interval asks for quantiles, which the classes of {model.family.name} do not have."
            )
        if kind == "Binary":
            p = np.asarray(law.mean, dtype=np.float64)
            p = np.column_stack([1 - p, p])
        else:
            p = law.probabilities
        names = coding.class_names or ("0", "1")
        for k in range(1 if kind == "Binary" else 0, p.shape[1]):
            put(f"p_{names[k]}", p[:, k])
        labels = coding.labels or (0, 1)
        best = p.argmax(axis=1)
        put(f"predicted_{coding.name}", [_label(labels[k]) for k in best], None)
    elif kind == "CountOf":
        if interval is not None:
            raise UsageError(
                "--interval asks for quantiles of the successes, which depend on how many trials there are; a model "
                f"of {coding.name} predicts their share. In Python: model.predict_distribution(new).quantile(0.9), "
                "where new holds the trials too; else .given(n=10) before the quantile."
            )
        put("share", law.given(n=1).mean)
    else:
        put("mean", law.mean)
        if interval is not None:
            put("low", law.quantile((1 - interval) / 2))
            put("high", law.quantile((1 + interval) / 2))
    return columns, table.n_rows - len(rows)


def _of_a_loss(
    model: Model, loss: Declared[...], table: Table, interval: float | None
) -> tuple[dict[str, Any], int]:
    """Return the score and the label that it decides for, or what was fitted: a loss knows no law."""
    import numpy as np

    if interval is not None:
        raise UsageError(
            f"--interval asks for quantiles of the target; {loss.name} is a loss without a likelihood, which has none. "
            "Leave it out, or fit a family (neglog fit --family)."
        )
    raw, rows = model.raw_prediction(table)
    if loss.target.kind == "Label":
        shares = model.predict(table)
        names, labels = model.coding.class_names, np.full(table.n_rows, None, dtype=object)
        best = model.coding.decode(shares[rows].argmax(axis=1)).tolist()
        labels[rows] = [_label(each) for each in best]
        columns = {f"fitted_{name}": shares[:, k] for k, name in enumerate(names)}
        return columns | {f"predicted_{model.coding.name}": labels}, table.n_rows - len(rows)
    if model.loss is None or not model.loss.decides:
        return {"fitted": model.predict(table)}, table.n_rows - len(rows)
    score = np.full(table.n_rows, np.nan)
    score[rows] = raw
    labels = np.full(table.n_rows, None, dtype=object)
    labels[rows] = [_label(each) for each in model.coding.decode((raw > 0).astype(int)).tolist()]
    columns = {"score": score, f"predicted_{model.coding.name}": labels}
    return columns, table.n_rows - len(rows)


def _label(label: Any) -> Any:
    """Return a label as it is written: true, not True; 2, not 2.0."""
    if isinstance(label, bool):
        return str(label).lower()
    if isinstance(label, float) and label.is_integer():
        return int(label)
    return label


def _records(columns: dict[str, Any]) -> list[dict[str, Any]]:
    names = list(columns)
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    return [
        {
            name: None if isinstance(value, float) and value != value else value
            for name, value in zip(names, row, strict=True)
        }
        for row in rows
    ]


def _csv(columns: dict[str, Any]) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    cells = [
        [
            "" if v is None or v != v else repr(v) if isinstance(v, float) else v
            for v in column.tolist()
        ]
        for column in columns.values()
    ]
    writer.writerows(zip(*cells, strict=True))
    return out.getvalue()
