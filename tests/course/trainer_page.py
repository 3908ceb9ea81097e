"""The scripts of the trainer in an empty page of a plain web server, for the tests that call them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

import trm_nav.course
from benchmarks.serving import served

COURSE = Path(trm_nav.course.__file__).parent
TRAINER = COURSE / "web" / "trainer"
# What the modules export are names in the page; `kernels` are those of WebAssembly.
LOAD = """async () => {
    for (const name of ["memory", "training", "exported", "symmetry", "mazes", "loss", "model", "optimizer", "random",
                        "numpy_random", "torch_random"]) {
        Object.assign(window, await import(`/web/trainer/${name}.js`));
    }
    window.kernels = await loadKernels();
}"""


def copied(to: Path) -> Path:
    """The scripts of the course, copied into a folder that a server can show. Returns the folder."""
    for part in ("web", "playground"):
        shutil.copytree(COURSE / part, to / part)
    return to


@contextmanager
def opened(browser: BrowserContext, folder: Path) -> Iterator[Page]:
    """A page with the scripts of that folder. At the end, nothing may have failed in it."""
    with served(folder) as address:
        page, errors = browser.new_page(), []
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(f"{address}/web/trainer/kernels.ts")  # any page of that server
        page.evaluate(LOAD)
        try:
            yield page
        finally:
            page.close()
    assert not errors
