"""The report of a study: what was tried, the best first; what mattered; and whether the winner is as good as it looked.

It is a folder in the study's with results.json, table.txt, four pictures, and a notebook that shows them.
"""

import json
import math
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import TrialState

from trm_nav import command_lines
from trm_nav.errors import UserError
from trm_nav.files import write_bytes
from trm_nav.learning.checkpoint import load_model
from trm_nav.learning.loss import count_right
from trm_nav.learning.samples import Samples
from trm_nav.mazes import dataset
from trm_nav.mazes.dataset import Dataset
from trm_nav.mazes.symmetry import maze_keys
from trm_nav.settings import DataSettings, TrainSettings
from trm_nav.text import aligned, short

from .study import Study

FOLDER = "report"
CONFIDENCE = 1.96  # standard deviations of the normal distribution on either side: 95%


def interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95% confidence interval of a share that was measured on `count` mazes."""
    z2 = CONFIDENCE**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(share * (1 - share) * z2 + z2 * z2 / 4) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def results(study: Study) -> dict[str, Any]:
    """A study as plain values: what was asked, and a row for each configuration, the best first."""
    validation = dataset.load(study.question.fixed["val_path"])
    rows = [
        {
            "number": row.number,
            "state": row.state,
            "settings": row.settings,
            "val_acc": None if math.isnan(row.value) else row.value,
            **{name: row.about[name] for name in ABOUT if name in row.about},
        }
        for row in study.rows()
    ]
    rows.sort(key=lambda row: (row["state"] != "complete", -(row["val_acc"] or 0), row["number"]))
    return {
        "study": study.optuna.study_name,
        "asked": study.question.record(),
        "space": {name: distribution_to_json(each) for name, each in study.question.space.items()},
        "validation_mazes": len(validation),
        "rows": rows,
    }


ABOUT = ("val_loss", "best_epoch", "epochs", "seconds", "parameters", "problem")  # of a row, where they are known


def in_memory(found: Mapping[str, Any]) -> optuna.Study:
    """The complete trials of `results` as a study, for what Optuna computes and draws."""
    study = optuna.create_study(direction="maximize", study_name=found["study"])
    space: dict[str, BaseDistribution] = {name: json_to_distribution(text) for name, text in found["space"].items()}
    for row in sorted(complete(found), key=lambda row: row["number"]):
        study.add_trial(
            optuna.create_trial(
                state=TrialState.COMPLETE, value=row["val_acc"], params=row["settings"], distributions=space
            )
        )
    return study


def complete(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of the configurations that ended with a result, the best first."""
    return [row for row in found["rows"] if row["state"] == "complete"]


def importances(found: Mapping[str, Any]) -> dict[str, float]:
    """The share of each setting in what makes a trial good, the largest first; empty where it cannot be told."""
    try:
        return optuna.importance.get_param_importances(in_memory(found))
    except (ValueError, RuntimeError):  # fewer than two trials, or all equally good
        return {}


def table(found: Mapping[str, Any]) -> str:
    """The results as lines of text, the best first, with the settings that were searched."""
    names = list(found["space"])
    lines = [["trial", "val acc", "95% interval", *names, "epochs", "seconds", "parameters"]]
    for row in found["rows"]:
        accuracy, between = row["state"], ""
        if row["state"] == "complete":
            low, high = interval(row["val_acc"], found["validation_mazes"])
            accuracy, between = f"{row['val_acc']:.4f}", f"{low:.4f} to {high:.4f}"
        settings = [short(row["settings"].get(name, "-")) for name in names]
        cost = [short(row.get("epochs", "-")), _seconds(row.get("seconds")), _count(row.get("parameters"))]
        lines.append([str(row["number"]), accuracy, between, *settings, *cost])
    return aligned(lines)


def reproducing(study: Study, row: Mapping[str, Any]) -> str:
    """The command line that trains a configuration again, with lesson 04 and the same data, bit for bit."""
    fixed = study.question.fixed
    train_set, val_set = dataset.load(fixed["train_path"]), dataset.load(fixed["val_path"])
    data = DataSettings(
        **train_set.sampling.model_dump(), num_train=len(train_set), num_test=len(val_set),
        train_seed=train_set.seed, test_seed=val_set.seed, augment=train_set.augment,
    ).model_dump(mode="json", exclude={"output_dir"})  # fmt: skip
    given = {name: value for name, value in (fixed | row["settings"]).items() if name not in command_lines.FOLLOWING}
    training = TrainSettings.of(given).model_dump(mode="json", exclude=command_lines.FOLLOWING)
    folder = f"runs/{study.optuna.study_name}-{row['number']}"
    return shlex.join(command_lines.notebook(data, training, folder))


def final_test(study: Study, row: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """A configuration's best model on mazes on which nothing was chosen.

    Raises UserError if these are not mazes that can be compared, or are those that were trained or chosen on.
    """
    final = dataset.load(path)
    model = load_model(study.folder_of(row["number"]) / "best.pt")
    if final.grid_size != model.grid_size:
        raise UserError(
            f"the mazes in {path} are {final.grid_size} x {final.grid_size}, and those of the study "
            f"{model.grid_size} x {model.grid_size}"
        )
    seen = [maze_keys(dataset.load(study.question.fixed[name]).mazes) for name in ("train_path", "val_path")]
    if shared := int(np.isin(maze_keys(final.mazes), np.concatenate(seen)).sum()):
        raise UserError(
            f"{shared} of the {len(final)} mazes in {path}, perhaps rotated or reflected, were trained or validated "
            "on; make others with the data, `num_final=1000` of scripts/generate_dataset.py"
        )
    accuracy = _accuracy(model, final)
    low, high = interval(accuracy, len(final))
    return {
        "mazes": len(final),
        "test_acc": accuracy,
        "interval": [low, high],
        "optimism": row["val_acc"] - accuracy,
    }


def _accuracy(model: Any, mazes: Dataset) -> float:
    """The share of mazes in which the model's action at the agent's cell is optimal, as `val_acc` is measured."""
    samples, right = Samples.of(mazes, "policy", torch.device("cpu")), 0.0
    with torch.no_grad():
        for index in torch.arange(len(samples)).split(256):
            batch = samples[index]
            right += count_right(model(batch.tokens), batch.optimal, batch.agents).item()
    return right / len(samples)


def write(study: Study, test: Path | None = None) -> str:
    """Write the report. Returns it as text: the table, what mattered, the best trial, and how to repeat it.

    test: a data set on which nothing was chosen; it is looked at only here, by the best model alone.
    Raises UserError if no configuration has a result yet.
    """
    found = results(study)
    if not complete(found):
        raise UserError(
            f"no trial of the study {study.optuna.study_name} has a result yet; go on with the search first"
        )
    best = complete(found)[0]
    found["importances"] = importances(found)
    found["best"] = {"number": best["number"], "command": reproducing(study, best)}
    if test is not None:
        found["test"] = final_test(study, best, test)
    folder = study.folder / FOLDER
    folder.mkdir(exist_ok=True)
    text = in_words(found)
    write_bytes(folder / "results.json", (json.dumps(found, indent=1) + "\n").encode())
    write_bytes(folder / "table.txt", (text + "\n").encode())

    from .report_notebook import write_notebook

    write_notebook(folder)
    return text


def in_words(found: Mapping[str, Any]) -> str:
    """All of a report that is text."""
    lines = [table(found), ""]
    if found["importances"]:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in found["importances"].items())
        lines.append(f"What made a difference: {shares}")
    lines.append(f"Best: trial {found['best']['number']}. To train it again:")
    lines.append(found["best"]["command"])
    if "test" in found:
        lines.append(_in_words_of_the_test(found))
    return "\n".join(lines)


def _in_words_of_the_test(found: Mapping[str, Any]) -> str:
    test, best = found["test"], complete(found)[0]
    low, high = test["interval"]
    points = 100 * test["optimism"]
    too_good = f"{points:.2f} points too good" if points > 0 else f"{-points:.2f} points too low"
    return (
        f"On {test['mazes']:,} mazes on which nothing was chosen: {test['test_acc']:.4f} "
        f"(95%: {low:.4f} to {high:.4f}). "
        f"The validation accuracy of the best of {len(complete(found))} trials, {best['val_acc']:.4f}, was {too_good}."
    )


def pareto(rows: Iterable[Mapping[str, Any]], cost: str) -> list[Mapping[str, Any]]:
    """The rows that no other beats in both accuracy and cost, the cheapest first."""
    front: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda row: (row[cost], -row["val_acc"])):
        if not front or row["val_acc"] > front[-1]["val_acc"]:
            front.append(row)
    return front


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
