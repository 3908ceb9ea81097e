"""The laboratory's presets, trained in a page and by PyTorch: where they end, what is found, and how long they take.

    python -m benchmarks.studies.page_presets     # ten minutes of a quiet core; finished runs are not repeated

Each preset is trained with ten seeds, those of the atlas and of INSTRUCTORS.md: one run in Chromium's worker right
after the same run in PyTorch on one thread, with the same mazes, first weights and order, so that only rounding parts
them. Times begin with the message or the call that starts a run, and so include its mazes. The result is
benchmarks/results/page_presets.json.
"""

import json
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Page, sync_playwright
from tqdm import tqdm

from benchmarks.commands import ROOT
from benchmarks.machine import load, machine
from benchmarks.serving import served
from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.course.laboratory.presets import PRESETS
from trm_nav.files import write_atomically

RESULT = ROOT / "benchmarks" / "results" / "page_presets.json"
COMMAND = "python -m benchmarks.studies.page_presets"
SEEDS = range(10)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
# Train once in a fresh worker. longest: the longest time that the page was kept from answering, in milliseconds.
TRAIN = """async ([settings, stopAfter]) => {
    const { diagnose } = await import("/web/diagnosis.js");
    let longest = 0;
    const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
    observer.observe({ type: "longtask" });
    const opened = performance.now(), worker = new Worker("/web/trainer/worker.js", { type: "module" });
    let first = null, stopped = null;
    const done = await new Promise((resolve) => {
        worker.onmessage = ({ data }) => {
            const now = performance.now();
            if (data.type === "point") first ??= now - opened;
            if (data.type === "point" && data.epoch === stopAfter) {
                setTimeout(() => { stopped = performance.now(); worker.postMessage({ type: "stop" }); }, 137);
            }
            if (data.type === "done" || data.type === "error") resolve({ ...data, at: now });
        };
        worker.postMessage({ type: "start", settings });
    });
    worker.terminate();
    observer.disconnect();
    const { record } = done, findings = record ? diagnose(record).map(({ name }) => name) : [done.message];
    return { train_acc: record.train_acc.at(-1) ?? null, val_acc: record.val_acc.at(-1) ?? null, findings,
             first_loss: record.train_loss[0] ?? null,
             first: first && first / 1000, total: (done.at - opened) / 1000, longest,
             stop: stopped && (done.at - stopped) / 1000 };
}"""

Run = dict[str, Any]


def main() -> None:
    runs = json.loads(RESULT.read_text())["runs"] if RESULT.exists() else []
    finished = {(run["preset"], run["seed"]) for run in runs}
    missing = [(preset, seed) for seed in SEEDS for preset in PRESETS if (preset, seed) not in finished]
    in_pytorch({"num_train": 64, "num_test": 64, "epochs": 1})  # the first run loads what the others find
    with page() as here:
        for preset, seed in tqdm(missing, unit="pair"):
            settings = {**PRESETS[preset], "seed": seed, "train_seed": 10 * seed, "test_seed": 10 * seed + 1}
            busy = load()
            runs.append({"preset": preset, "seed": seed, "load": busy, "pytorch": in_pytorch(settings),
                         "page": here.evaluate(TRAIN, [settings, None])})  # fmt: skip
            write(runs)
        stops = [here.evaluate(TRAIN, [PRESETS["Healthy"], 1 + n % 3])["stop"] for n in range(10)]
    write(runs, stops)
    report(runs, stops)


def in_pytorch(settings: dict[str, Any]) -> Run:
    """One run in this process, with the same figures as a run in the page."""
    began = time.perf_counter()
    ends: list[float] = []
    experiment = Experiment(**settings).train(lambda _: ends.append(time.perf_counter() - began))
    history = experiment.history
    return {
        "train_acc": history["train_acc"][-1] if ends else None,
        "val_acc": history["val_acc"][-1] if ends else None,
        "findings": [finding.name for finding in experiment.findings],
        "first_loss": history["train_loss"][0] if ends else None,
        "first": ends[0] if ends else None,
        "total": time.perf_counter() - began,
    }


@contextmanager
def page(more: dict[str, str] | None = None) -> Iterator[Page]:
    """An empty page in Chromium, of a server that shows a copy of trm_nav/course: edits change nothing meanwhile.

    more: the text of further files that the server shows, by name.
    """
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        sys.exit("Chromium is not installed; on Debian and Ubuntu: apt install chromium")

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        for part in ("web", "playground"):
            shutil.copytree(ROOT / "trm_nav" / "course" / part, Path(folder, part))
        for name, text in (more or {}).items():
            Path(folder, name).write_text(text, encoding="utf-8")
        with served(folder) as origin:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            here = browser.new_page()
            here.goto(f"{origin}/web/trainer/kernels.ts")  # any file of that server
            yield here
            browser.close()


def write(runs: list[Run], stops: list[float] | None = None) -> None:
    """Write the file with one line for each pair of runs, so that a diff can be read."""
    lines = ",\n".join("  " + json.dumps(rounded(run)) for run in runs)
    about = {"command": COMMAND, "machine": machine(), "stop_seconds": stops}
    head = json.dumps({**rounded(about), "runs": None}, indent=1).removesuffix("null\n}")
    write_atomically(RESULT, lambda file: file.write(f"{head}[\n{lines}\n ]\n}}\n".encode()))


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: rounded(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [rounded(inside) for inside in value]
    return round(value, 4) if isinstance(value, float) else value


def report(runs: list[Run], stops: list[float]) -> None:
    """Print the medians of every preset, with the lowest and the highest of them."""
    for preset in PRESETS:
        some = [run for run in runs if run["preset"] == preset]
        print(f"{preset}, {len(some)} seeds")
        for where in ("page", "pytorch"):
            said = sorted({run[where]["findings"][0] for run in some})
            figures = [f"{name} {spread([run[where][name] for run in some])}" for name in
                       ("train_acc", "val_acc", "first", "total")]  # fmt: skip
            print(f"  {where}: {'; '.join(figures)}; {', '.join(said)}")
        print(f"  total, page / PyTorch: {spread([run['page']['total'] / run['pytorch']['total'] for run in some])}")
    print(f"stop: {spread(stops)} s; longest task of the page: {max(run['page']['longest'] for run in runs):.0f} ms")


def spread(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.3g} ({min(known):.3g} to {max(known):.3g})" if known else "none"


if __name__ == "__main__":
    main()
