"""How long the playground takes to answer: from a click on a cell until the policy is drawn again, in Chromium.

    python -m benchmarks.studies.playground

Prints a table of medians and slowest answers over 40 clicks for each grid size. Needs the tests' environment and
Chromium; `CHROMIUM` names another browser than the one on the path. The network is the tests' certified wave.
"""

import mimetypes
import os
import shutil
import statistics
import sys
from typing import Any
from urllib.parse import urlsplit

import torch
from playwright.sync_api import Route, sync_playwright

from benchmarks.commands import ROOT
from benchmarks.machine import machine
from benchmarks.markdown import table
from trm_nav.course.playground.weights import weights
from trm_nav.course.playground.widget import FOLDER
from trm_nav.errors import UserError
from trm_nav.learning.model import create_model

SIZES = (8, 16, 32, 64, 101)
CLICKS = 40
ADDRESS = "http://127.0.0.1/playground/"  # answered from the package's folder, by no server
PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="playground.css"><div id="here"></div>
<script type="module">
    import { mount } from "./playground.js";
    import { randomMaze, writeMaze } from "./mazes.js";
    window.ask = async ([weights, size, clicks]) => {
        const here = document.getElementById("here");
        const playground = mount(here, { weights, maze: writeMaze(randomMaze(size, 0.3)) });
        const canvas = here.querySelector("canvas"), frame = () => new Promise(requestAnimationFrame);
        const times = [];
        for (let click = 0; click < clicks; click++) {
            await frame(); await frame();
            const box = canvas.getBoundingClientRect();
            const at = { clientX: box.x + (0.05 + 0.9 * Math.random()) * box.width, pointerId: 1, bubbles: true,
                         clientY: box.y + (0.05 + 0.9 * Math.random()) * box.height, isPrimary: true, buttons: 1 };
            const started = performance.now();
            canvas.dispatchEvent(new PointerEvent("pointerdown", at));
            canvas.dispatchEvent(new PointerEvent("pointerup", { ...at, buttons: 0 }));
            await frame();  // the playground has asked for this frame before, and has drawn in it
            await new Promise((done) => {  // after the frame
                const channel = new MessageChannel();
                channel.port1.onmessage = done;
                channel.port2.postMessage(0);
            });
            times.push(performance.now() - started);
        }
        playground.remove();
        return times;
    };
</script>"""


def main() -> None:
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise UserError("no Chromium was found; name one with CHROMIUM=path")
    model = create_model(dim=8, depth=1, mixing="cross", halting=True, binary=True)
    model.load_state_dict(torch.load(ROOT / "tests" / "waves.pt", weights_only=True))
    shown = weights(model)
    rows = []
    with sync_playwright() as driver, driver.chromium.launch(executable_path=browser, args=["--no-sandbox"]) as opened:
        page = opened.new_page(viewport={"width": 1366, "height": 768})
        page.route(f"{ADDRESS}**", _answer)
        page.goto(ADDRESS)
        page.wait_for_function("'ask' in window")
        for size in SIZES:
            times = sorted(page.evaluate("options => ask(options)", [shown, size, CLICKS]))
            rows.append([f"{size} x {size}", f"{statistics.median(times):.0f}", f"{times[-1]:.0f}"])
    print(f"{machine()}\n")
    print(*table(["maze", "median, ms", "slowest, ms"], rows), sep="\n")


def _answer(route: Route) -> Any:
    name = urlsplit(route.request.url).path.rpartition("/")[2]
    if not name:
        return route.fulfill(body=PAGE, content_type="text/html")
    return route.fulfill(path=FOLDER / name, content_type=mimetypes.guess_type(name)[0])


if __name__ == "__main__":
    sys.exit(main())
