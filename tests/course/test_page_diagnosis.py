"""The diagnosis in a page says word for word what the library says."""

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from benchmarks.serving import served
from benchmarks.studies.faults.runs import PARTS, histories
from trm_nav.course.web import tables
from trm_nav.diagnosis.findings import diagnose
from trm_nav.diagnosis.history import CURVES
from trm_nav.diagnosis.remedies import REMEDIES

WEB = Path(tables.__file__).parent
SEEDS = 400
FORMATS = {".0%": lambda x: f"{x:.0%}", ".1f": lambda x: f"{x:.1f}", ".2f": lambda x: f"{x:.2f}",
           ".3f": lambda x: f"{x:.3f}", "repr": repr,
           ".3g": lambda x: repr(float(f"{x:.3g}")) if 0 < x < 100 else None}  # fmt: skip
# The page gets each history once, as JSON text, and what is asked of it: its first epochs, and whether it has finished.
SAY = """([lines, questions]) => {
    const curves = ["train_loss", "train_acc", "val_loss", "val_acc"];
    const said = ({ name, epoch, evidence, heading, remedies }) =>
        [name, epoch, evidence, heading, remedies.map((remedy) => remedy.text)];
    return lines.map((line, i) => questions[i].map(([epochs, finished]) => {
        const history = JSON.parse(line);
        for (const name of curves) history[name] = history[name].slice(0, epochs);
        return diagnose(history, finished).map(said);
    }));
}"""
Question = tuple[int, bool]  # the number of epochs, and whether the run has finished


def test_the_tables_of_the_page_are_those_of_the_library():
    assert tables.RESULT.read_text(encoding="utf-8") == tables.text(), "run: python -m trm_nav.course.web.tables"


def test_every_setting_that_a_remedy_changes_is_in_the_tables():
    def names(value: Any) -> Iterator[str]:
        for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
            if key == "setting":
                yield inside
            elif key == "changes":
                yield from inside
            elif isinstance(inside, dict | list | tuple):
                yield from names(inside)

    assert set(names(tables.tables()["remedies"])) <= set(tables.READ)


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Page]:
    with served(WEB) as address:
        page, errors = browser.new_page(), []
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(f"{address}/diagnosis.json")  # any page of that server
        page.evaluate("""async () => {
            Object.assign(window, await import("/diagnosis.js"), await import("/diagnosis_numbers.js"));
        }""")
        yield page
    assert not errors


def require_the_same(page: Page, asked: list[tuple[dict[str, Any], list[Question]]]) -> set[str]:
    """The page says the same of every history. Returns the names of what was found."""
    lines, questions = [json.dumps(plain(history)) for history, _ in asked], [some for _, some in asked]
    found = set()
    for (history, some), answers in zip(asked, page.evaluate(SAY, [lines, questions]), strict=True):
        for (epochs, finished), answer in zip(some, answers, strict=True):
            cut = {**history, **{name: history[name][:epochs] for name in CURVES}}
            findings = diagnose(cut, finished)
            assert answer == [
                [one.name, one.epoch, one.evidence, one.heading, list(map(str, one.remedies))] for one in findings
            ], cut
            found |= {one.name for one in findings}
    return found


def plain(value: Any) -> Any:
    """A history without NaN and infinity, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: plain(inside) for name, inside in value.items()}
    return [plain(inside) for inside in value] if isinstance(value, list | tuple) else value


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_of_every_committed_history_and_its_beginnings_the_page_says_the_same(page, part):
    asked = []
    for run in histories(part):
        run["config"] = {name: run["config"][name] for name in tables.READ if name in run["config"]}
        epochs = len(run["val_loss"])
        beginnings = [(some, some % 2 == 1) for some in range(1, epochs, 5)]
        asked.append((run, [(epochs, True), (epochs, False), *beginnings]))
    assert len(require_the_same(page, asked)) >= 8


def random_history(seed: int) -> dict[str, Any]:
    """A history of any length and shape: noisy, constant, rising, broken, huge; with settings or without."""
    rng = np.random.default_rng(seed)
    epochs = int(rng.choice([1, 2, 3, 4, 5, 6, 9, 20, 60, 129, 300]))
    course = np.geomspace(rng.uniform(0.2, 3), rng.choice([1e-5, 0.02, 0.3, 1, 2]), epochs)
    made: dict[str, Any] = {}
    for part in ("train", "val"):
        loss = course * np.exp(rng.choice([0, 0.003, 0.05, 0.4]) * rng.standard_normal(epochs))
        loss += rng.choice([0, 0, 0.5]) * np.linspace(0, 1, epochs) ** 2 + rng.choice([0, 0, 0, 0.2]) * (
            np.arange(epochs) % 2
        )
        loss = np.full(epochs, loss[0]) if rng.random() < 0.1 else loss
        loss[rng.random(epochs) < 0.5 * (rng.random() < 0.1)] = rng.choice([math.nan, math.inf, 1e300, -1e308, 8])
        accuracy = (1 - course / rng.uniform(1.2, 3) + rng.choice([0, 0.03]) * rng.standard_normal(epochs)).clip(0, 1)
        digits = int(rng.choice([2, 4, 17]))
        made[f"{part}_loss"] = [round(value, digits) if abs(value) < 10 else value for value in loss.tolist()]
        made[f"{part}_acc"] = np.round(accuracy if rng.random() < 0.9 else np.ones(epochs), 3).tolist()
    if rng.random() < 0.1:
        made["train_acc"] = made["val_acc"] = [0.32] * epochs
    if rng.random() < 0.8:
        made["chance"] = {part: {"loss": float(rng.choice([0.05, 1.2, 1.2, 1.15, 0.9])),
                                 "acc": float(rng.choice([0.3, 0.4]))} for part in ("train", "val")}  # fmt: skip
    made["diverged"] = bool(rng.random() < 0.03)
    return {**made, **random_settings(random.Random(seed))}


def random_settings(rng: random.Random) -> dict[str, Any]:
    values = {
        "lr": [1e-7, 0.00017, 3.125e-4, 0.005, 0.01, 0.3, 3.0, 20.0, None, "high"],
        "dropout": [0.0, 0.1, 0.25, 0.6, 1.5],
        "weight_decay": [0.0, 0.01, 0.1, 10.0],
        "dim": [1, 7, 8, 31, 32, 256, 4096, 5000],
        "depth": [1, 2, 4, 64],
        "augment": [True, False, None],
        "supervision": ["policy", "action", "none"],
        "mixing": ["mlp", "conv"],
        "epochs": [1, 20, 100_000],
        "batch_size": [1, 64, 1_000_000],
        "momentum": [0.9],
    }
    config = {name: rng.choice(some) for name, some in values.items() if rng.random() < 0.7}
    return {"config": config, "mazes": rng.choice([None, 0, 1, 300, 40_000, 5_000_000, 10_000_000])}


@pytest.mark.browser
@pytest.mark.slow
def test_of_random_histories_the_page_says_the_same_and_every_finding_is_among_them(page):
    made = [random_history(seed) for seed in range(SEEDS)]
    found = require_the_same(page, [(history, [(300, seed % 5 > 0)]) for seed, history in enumerate(made)])
    assert found == set(REMEDIES)


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_prints_numbers_as_python_does_halves_included(page):
    rng = np.random.default_rng(0)
    halves = [sixteenth / 16 for sixteenth in range(-640, 640)]
    any_size = (10.0 ** rng.uniform(-12, 12, 300) * rng.choice([-1, 1], 300)).tolist()
    numbers = [*halves, *any_size, -0.0, 0.045, 1.005, 998.5, 123456.0, 1e16, 1e22, 5e-324]
    printed = page.evaluate(
        """(numbers) => numbers.map((x) => [
            filled("{x:.0%}", {x}), ...[1, 2, 3].map((digits) => fixed(x, digits)), repr(x),
            x > 0 && x < 100 ? repr(significant(x, 3)) : null])""",
        numbers,
    )
    for x, words in zip(numbers, printed, strict=True):
        assert words == [form(x) for form in FORMATS.values()], x
