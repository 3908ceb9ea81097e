"""How fast the pages answer in a browser, beside what is wanted of them.

    make site && python -m benchmarks.studies.page_speed     # four minutes of a quiet machine

Chromium opens every page of the book, and the laboratory and the playground, as a reader does. A page of the book has
been opened when its scripts have run and its pictures are there, with nothing kept from an earlier visit; this with all
cores of the machine, and all else with one. Times of the laboratory begin with the message that starts a run and end
with the message that tells of an epoch or of the end. A step of the playground is a press of *Step* and the picture of
it. Everything is repeated, and the median of its repetitions counts: on a machine with other guests, single ones are
disturbed. The result is benchmarks/results/page_speed.json.
"""

import argparse
import json
import os
import statistics
import sys
from typing import Any

from playwright.sync_api import Page

from benchmarks.commands import ROOT
from benchmarks.machine import load, machine
from benchmarks.serving import served
from benchmarks.studies.page_presets import page, rounded
from trm_nav.files import write_bytes

RESULT = ROOT / "benchmarks" / "results" / "page_speed.json"
BOOK = ROOT / "build" / "site"
COMMAND = "python -m benchmarks.studies.page_speed"
REPEATS = 3
STOPS = 10
SHOWN = 120  # steps of the playground
WANTED = {  # the figure, what it must not exceed or, for a rate, fall below, and what it is
    "opened": (1, "seconds until a page of the book has been opened"),
    "first_point": (1, "seconds until the first epoch of a preset shows"),
    "overfitting": (5, "seconds until *Overfitting* has ended"),
    "healthy": (20, "seconds until *Healthy* has ended"),
    "stop": (0.1, "seconds from *Stop* to the end of a run"),
    "longest_task": (0.05, "seconds of the longest task of a page, while it does not answer"),
    "steps": (30, "steps a second of the playground at 64 x 64"),
}
RATES = ("steps",)

HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
PAGES = {
    "laboratory.html": f"""{HEAD}<link rel="stylesheet" href="web/page.css">
<link rel="stylesheet" href="web/curves.css"><link rel="stylesheet" href="web/laboratory.css">
<div id="laboratory"></div>
<script type="module" src="web/laboratory.js"></script>""",
    "playground.html": f"""{HEAD}<link rel="stylesheet" href="playground/playground.css">
<div id="playground"></div>""",
    "weights.json": (ROOT / "site" / "playground" / "weights.json").read_text(encoding="utf-8"),
}
# Notes when a worker is told something or tells something, and how long the page's tasks take.
NOTE = """
window.noted = [];
window.tasks = [];
new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });
const note = (type, epoch) => noted.push({ type, epoch, at: performance.now() });
window.Worker = class extends Worker {
    constructor(...args) {
        super(...args);
        this.addEventListener("message", ({ data }) => note(data.type, data.epoch));
    }
    postMessage(message) {
        note(message.type);
        super.postMessage(message);
    }
};"""
# Presses Stop and waits for the end of the run.
STOP = """async () => {
    const stop = Array.from(document.querySelectorAll("button")).find((button) => button.textContent === "Stop");
    noted.length = 0;
    stop.click();
    while (!noted.some(({ type }) => type === "done")) await new Promise((done) => setTimeout(done, 1));
    const at = (type) => noted.find((one) => one.type === type).at;
    return (at("done") - at("stop")) / 1000;
}"""
# Opens a maze of 64 x 64, shows it step by step, waiting for the picture of every step, and only then, while nobody
# waits for the page, takes the time of its solution alone.
STEPS = """async ([kind, most]) => {
    const mazes = await import("/playground/mazes.js"), { solve, readWeights } = await import("/playground/network.js");
    const { mount } = await import("/playground/playground.js"), { uniform } = await import("/web/trainer/random.js");
    const weights = await (await fetch("/weights.json")).json(), random = uniform(0), size = 64;
    const maze = kind === "perfect" ? mazes.perfectMaze(size, random) : mazes.randomMaze(size, 0.3, random);
    const here = document.getElementById("playground");
    const button = (name) => Array.from(here.querySelectorAll("button")).find((one) => one.textContent === name);
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    await drawn();
    const { setMaze, remove } = mount(here, { weights });
    await drawn();
    setMaze(mazes.writeMaze(maze));
    await drawn();
    button("Start over").click();
    await drawn();
    const first = performance.now();
    for (let step = 0; step < most; step++) {
        button("Step").click();
        await drawn();
    }
    const last = performance.now();
    await new Promise((done) => setTimeout(done, 200));
    const longest = Math.max(0, ...tasks.filter(([began]) => began < last).map(([, duration]) => duration));
    const began = performance.now(), { recursions } = solve(readWeights(weights), maze);
    const solved = (performance.now() - began) / 1000;
    remove();
    return { kind, recursions, solved, steps: (1000 * most) / (last - first), longest_task: longest / 1000 };
}"""

Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=REPEATS, help="how often each run is trained (default: 3)")
    repeats = parser.parse_args().repeats
    if not (BOOK / "index.html").exists():
        sys.exit("the book is not built: run `make site`")
    busy = load()
    with page() as here:
        book = [openings(here) for _ in range(repeats)]
    on_one_core()
    with page(PAGES) as here:
        here.add_init_script(NOTE)
        origin = here.url.partition("/web")[0]
        runs = [laboratory(here, origin, preset) for preset in ("Overfitting", "Healthy") for _ in range(repeats)]
        stops = [stop(here, origin, after) for after in range(STOPS)]
        steps = [playground(here, origin, kind) for kind in ("random", "perfect") for _ in range(repeats)]
    measured = figures(book, runs, stops, steps)
    about = {"command": COMMAND, "machine": machine(), "cores": 1, "load": busy}
    content = {**about, "figures": measured, "book": book, "runs": runs, "stops": stops, "playground": steps}
    write_bytes(RESULT, (json.dumps(rounded(content), indent=1) + "\n").encode())
    report(measured)


def on_one_core() -> None:
    """Let this process, and the browser that it starts, use one core; where the system cannot, as many as there are."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def openings(here: Page) -> Figures:
    """Seconds until each page of the book has been opened, by a browser that has never seen it."""
    browser = here.context.browser
    assert browser is not None
    seconds = {}
    with served(BOOK) as origin:
        for path in sorted(BOOK.rglob("*.html")):
            name = path.relative_to(BOOK).as_posix()
            with browser.new_context() as context:
                reader = context.new_page()
                reader.goto(f"{origin}/{name}")
                ended = reader.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            seconds[name] = ended / 1000
    return seconds


def opened(here: Page, address: str) -> None:
    here.goto("about:blank")  # so that another fragment is another page
    here.goto(address)


def laboratory(here: Page, origin: str, preset: str) -> Figures:
    """One run of a preset, from an address that starts it."""
    opened(here, f"{origin}/laboratory.html#preset={preset}&train")
    here.wait_for_function("noted.some(({ type }) => type === 'done')", timeout=600_000)
    here.wait_for_timeout(500)  # what the end of the run leaves to do
    start, first, end = here.evaluate(
        """() => ["start", "point", "done"].map((type) => noted.find((one) => one.type === type).at / 1000)"""
    )
    tasks = here.evaluate("tasks")
    while_training = [duration for began, duration in tasks if began > 1000 * start]
    return {
        "preset": preset,
        "first_point": first - start,
        "total": end - start,
        "longest_task": max(while_training, default=0) / 1000,
        "longest_task_while_loading": max((one[1] for one in tasks), default=0) / 1000,
    }


def stop(here: Page, origin: str, after: int) -> float:
    """Seconds until *Stop* has ended a run of *Healthy*, pressed at another moment of an epoch each time."""
    opened(here, f"{origin}/laboratory.html#preset=Healthy&train")
    here.wait_for_function("noted.some(({ type }) => type === 'point')", timeout=60_000)
    here.wait_for_timeout(73 * after)
    return float(here.evaluate(STOP))


def playground(here: Page, origin: str, kind: str) -> Figures:
    """Steps a second in a maze of 64 x 64, with random walls or perfect."""
    opened(here, f"{origin}/playground.html")
    measured: Figures = here.evaluate(STEPS, [kind, SHOWN])
    return measured


def figures(
    book: list[dict[str, float]], runs: list[Figures], stops: list[float], steps: list[Figures]
) -> dict[str, list[float]]:
    """Each figure of WANTED, a value for each page, preset or kind of maze: the median of its repetitions."""

    def medians(measured: list[Figures], case: str, figure: str, only: str | None = None) -> list[float]:
        cases = [only] if only else list(dict.fromkeys(one[case] for one in measured))
        return [statistics.median(one[figure] for one in measured if one[case] == which) for which in cases]

    return {
        "opened": [statistics.median(seconds[name] for seconds in book) for name in book[0]],
        "first_point": medians(runs, "preset", "first_point"),
        "overfitting": medians(runs, "preset", "total", "Overfitting"),
        "healthy": medians(runs, "preset", "total", "Healthy"),
        "stop": stops,  # each of them: nothing repeats the moment of a press
        "longest_task": medians(runs, "preset", "longest_task") + medians(steps, "kind", "longest_task"),
        "steps": medians(steps, "kind", "steps"),
    }


def met(name: str, values: list[float]) -> bool:
    """Whether the worst value of a figure is as wanted."""
    limit, _ = WANTED[name]
    return min(values) > limit if name in RATES else max(values) <= limit


def report(measured: dict[str, list[float]]) -> None:
    """Print the worst value of each figure beside what is wanted."""
    for name, values in measured.items():
        wanted, what = WANTED[name]
        worst = min(values) if name in RATES else max(values)
        print(f"{what}: {worst:.3g}; wanted {wanted}: {'met' if met(name, values) else 'NOT met'}")


if __name__ == "__main__":
    main()
