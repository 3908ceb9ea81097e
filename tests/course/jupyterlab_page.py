"""A reader at work: a JupyterLab of our own, a notebook open in it, and hands on its cells and sliders.

Server and browser keep all their files in a temporary folder, speak to nothing but each other, and end with the `with`
block, or, if our process is killed before it gets there, with the process.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import distribution
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from playwright.sync_api import Browser, BrowserContext, Locator, Page, TimeoutError, sync_playwright
from quick_lessons import add_reader, quicken

# The kernel and the widgets of the environment that JupyterLab is installed in. This Python may have another prefix,
# when it finds the packages by PYTHONPATH.
WITH_WIDGETS = Path(str(distribution("jupyterlab").locate_file("jupyterlab"))).parents[3] / "share" / "jupyter"
PATIENCE = 60.0  # seconds within which the page must answer, or show that its work goes on
LONGEST_CELL = 300.0  # seconds that a cell of a quick lesson may run without another output
# Milliseconds between two looks at a page. To look at every frame would have every frame drawn.
POLLING = 100
SCREEN = {"width": 1366, "height": 900}  # a small laptop's, in pixels

# When our end of the pipe closes, for whatever reason, the server ends itself and its kernels in good order.
SERVER = """
import os, signal, sys, threading
from jupyterlab.labapp import main
threading.Thread(target=lambda: (sys.stdin.read(), os.kill(os.getpid(), signal.SIGTERM)), daemon=True).start()
main()
"""
QUIET = [  # no news, no updates, no list of extensions: nothing that asks the network
    "--ServerApp.open_browser=False",
    "--ServerApp.allow_root=True",
    "--ServerApp.terminals_enabled=False",
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=",
    "--LabApp.expose_app_in_browser=True",  # as window.jupyterapp
]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are drawn as well
}
FLAGS = [
    "--no-sandbox",  # which root needs
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

# What a picture is made of, to tell it from another one.
CONTENT = "picture => picture.src"  # a data URL
# From the next key on, look at every frame until the picture is another one and has stayed for three frames.
WATCH = """output => {
    const picture = () => output.querySelector("img"), before = picture().src, heights = [];
    let pressed, milliseconds, frames = 0;
    window.answer = null;
    output.addEventListener("keydown", () => pressed = performance.now(), {once: true, capture: true});
    const look = () => {
        if (heights.at(-1) !== output.offsetHeight) heights.push(output.offsetHeight);
        if (pressed && picture().src !== before && picture().complete && picture().naturalWidth) {
            milliseconds ??= Math.round(performance.now() - pressed);
            frames++;
        }
        if (frames < 4) requestAnimationFrame(look);
        else window.answer = {milliseconds, heights};
    };
    look();
}"""


def find_chromium() -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def jupyterlab(notebooks: Path, home: Path) -> Iterator[str]:
    """Serve a copy of a folder of lessons, without outputs, with the parameters and the reader of `quick_lessons`.

    Yields its address, with its token.

    home: an empty folder for the copy, the log, and whatever Jupyter and IPython would keep in the user's home.
    """
    lessons = home / "notebooks"
    shutil.copytree(notebooks, lessons, ignore=shutil.ignore_patterns("runs", ".*"))
    for path in lessons.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        empty(notebook)
        quicken(notebook, path.stem)
        add_reader(notebook)
        nbformat.write(notebook, path)
    for name, values in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",  # a kernel called python3 in the user's home is not ours
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    environment = {
        **os.environ,
        **{name: str(home / folder) for name, folder in places.items()},
        "JUPYTER_PATH": str(WITH_WIDGETS),
        "JUPYTER_TOKEN": token,
    }
    command = [sys.executable, "-c", SERVER, *QUIET, "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               "--ServerApp.port_retries=0", f"--ServerApp.root_dir={lessons}"]  # fmt: skip
    log = home / "jupyterlab.log"
    with log.open("wb") as lines:
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=lines, stderr=subprocess.STDOUT, env=environment, cwd=home
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for_answer(server, f"{address}/api/status?token={token}", log)
        yield f"{address}/lab?reset&token={token}"
    finally:
        server.stdin.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # it ends within seconds, or, rarely, not at all
            server.kill()  # its kernels see that they are orphans, and end
            server.wait()


def empty(notebook: NotebookNode) -> None:
    """Take the outputs out of a notebook, so that those which show later come from this run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)


def wait_for_answer(server: subprocess.Popen, address: str, log: Path) -> None:
    """Return when the server answers; raises RuntimeError, with the end of its log, if it has ended or does nothing."""
    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    written, since = 0, time.monotonic()
    while server.poll() is None and time.monotonic() - since < PATIENCE:
        if (size := log.stat().st_size) != written:
            written, since = size, time.monotonic()
        try:
            with local.open(address, timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab does not answer:\n{log.read_text()[-2000:]}")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A headless browser without a window."""
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=FLAGS) as browser:
        yield browser


@contextmanager
def open_notebook(browser: BrowserContext, address: str, name: str) -> Iterator["NotebookPage"]:
    """A notebook in JupyterLab; it and its kernel begin to end with the block, and nothing waits for them.

    One page serves all notebooks, one after the other: to load JupyterLab takes longer than to open a notebook. A page
    on which something has failed is closed, so that the next notebook gets a fresh one.
    """
    page = browser.pages[0] if browser.pages else load(browser, address)
    try:
        notebook = NotebookPage(page, name)
        yield notebook
    except BaseException:
        page.evaluate("window.notebook?.sessionContext.shutdown()")
        page.close()
        raise
    page.evaluate(
        "() => { const { notebook } = window; notebook.sessionContext.shutdown().then(() => notebook.dispose()); }"
    )


def load(browser: BrowserContext, address: str) -> Page:
    """A page with JupyterLab, and no notebook open in it."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(address)
    loaded = "performance.getEntriesByType('resource').length"
    wait(page, "window.jupyterapp?.shell.currentWidget", lambda: f"the page has loaded {page.evaluate(loaded)} files")
    return page


def wait(page: Page, condition: str, state: Callable[[], str], patience: float = PATIENCE) -> None:
    """Wait until a JavaScript function returns something true, for as long as the state goes on changing.

    Raises AssertionError, which tells the state, once it has stayed the same for `patience` seconds.
    """
    seen, since = state(), time.monotonic()
    while True:
        with suppress(TimeoutError):
            page.wait_for_function(condition, timeout=1000, polling=POLLING)
            return
        if (now := state()) != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > patience:
            raise AssertionError(f"nothing has changed for {patience:.0f} s; the page still says:\n{seen}")


class NotebookPage:
    """A notebook in JupyterLab, and what a reader does with it."""

    def __init__(self, page: Page, name: str):
        self.page = page
        page.evaluate(
            """async name => {
                window.notebook = null;
                window.notebook = await jupyterapp.commands.execute("docmanager:open", {path: name});
            }""",
            name,
        )
        kernel = "window.notebook.sessionContext.session?.kernel?.status"
        self.wait(f"{kernel} == 'idle'", lambda: f"the kernel of {name} is {page.evaluate(kernel)}")
        self.outside = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")

    def wait(self, condition: str, state: Callable[[], str], patience: float = PATIENCE) -> None:
        """Wait as `wait` does, on this page."""
        wait(self.page, condition, state, patience)

    def run_all(self) -> float:
        """Run > Run All Cells, as far as it gets; the seconds that took."""
        started = time.monotonic()
        self.command("notebook:run-all-cells")
        loading = self.page.get_by_text("Loading widget")
        self.wait(
            "[...document.images].every(one => one.complete) && !document.body.innerText.includes('Loading widget')",
            lambda: f"{loading.count()} widgets are loading",
        )
        return time.monotonic() - started

    def command(self, name: str) -> None:
        """Have JupyterLab do what a menu entry does, and wait until it is done."""
        self.page.evaluate(
            "name => { window.done = false; jupyterapp.commands.execute(name).finally(() => window.done = true) }", name
        )
        self.wait("window.done", self.progress, LONGEST_CELL)

    def progress(self) -> str:
        """Which cells have been run, which are waiting, and how much they have printed, in words."""
        return self.page.evaluate("""() => {
            const widgets = window.notebook.content.widgets.filter(cell => cell.model.type === "code");
            const running = widgets.filter(cell => cell.promptNode?.innerText.includes("*"));
            const output = widgets.map(cell => cell.outputArea.node.innerText.length).reduce((a, b) => a + b, 0);
            return `${running.length} of ${widgets.length} cells are to be run, the first of them is ` +
                `${running[0]?.model.sharedModel.source.slice(0, 200)}; ${output} letters of output`;
        }""")

    def execute(self, code: str) -> None:
        """Run code in the notebook's kernel, without a cell and without counting it."""
        self.page.evaluate(
            """code => window.notebook.sessionContext.session.kernel
                .requestExecute({code, store_history: false}).done.then(() => null)""",
            code,
        )

    @property
    def cells(self) -> list[dict]:
        """The cells as JupyterLab has them now, with sources and outputs, as in a notebook's file."""
        return self.page.evaluate("window.notebook.content.model.toJSON().cells")

    def cell(self, index: int) -> Locator:
        """A cell as it stands on the page."""
        return self.outside.locator(".jp-Notebook-cell").nth(index)

    def with_sliders(self) -> list[Locator]:
        """The outputs in which a picture follows the sliders above it; the laboratory's waits for its buttons."""
        picture = ".jp-OutputArea-output:has(.noUi-handle):has(img)"
        return self.outside.locator(f"{picture}:not(:has(.trm-laboratory))").all()

    def sliders(self, output: Locator) -> int:
        """How many sliders stand in an output."""
        return output.locator(".noUi-handle").count()

    def too_wide(self, part: str) -> list[int]:
        """The numbers of the cells in which such a part would have to be scrolled sidewards to be seen."""
        return self.outside.locator(".jp-Notebook-cell").evaluate_all(
            """(cells, part) => cells.flatMap((cell, number) =>
                [...cell.querySelectorAll(part)].some(box => box.scrollWidth > box.clientWidth + 1) ? [number] : [])""",
            part,
        )

    def pictures_without_words(self) -> list[int]:
        """The numbers of the cells with a picture in their output that has no text alternative."""
        return self.outside.locator(".jp-Notebook-cell").evaluate_all(
            """cells => cells.flatMap((cell, number) => {
                const pictures = [...cell.querySelectorAll(".jp-OutputArea-output img")];
                return pictures.some(picture => !picture.alt.trim()) ? [number] : [];
            })"""
        )

    def move(self, output: Locator, slider: int) -> dict:
        """Press an arrow key on a slider and wait until its picture is another one.

        Returns the slider's label, whether the picture is different, the milliseconds that took, and the heights in
        pixels that the output had on the way. Without a new picture within half a minute, it is not different.
        """
        handle, picture = output.locator(".noUi-handle").nth(slider), output.locator("img").first
        label = output.locator(".widget-hslider label").nth(slider).inner_text()
        before = picture.evaluate(CONTENT)
        output.evaluate(WATCH)
        handle.focus()
        at_its_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        handle.press("ArrowLeft" if at_its_end else "ArrowRight")
        with suppress(TimeoutError):
            self.page.wait_for_function("window.answer", timeout=30_000)
        answer = self.page.evaluate("window.answer") or {}
        return {"slider": label, "changed": picture.evaluate(CONTENT) != before, **answer}

    def retype(self, index: int, line: int, text: str) -> None:
        """Replace a line of a cell by typing over it, as a reader does."""
        self.cell(index).locator(".cm-line").nth(line).click()
        self.page.keyboard.press("Home")
        self.page.keyboard.press("Shift+End")
        self.page.keyboard.insert_text(text)

    def run_through(self, first: int, last: int) -> None:
        """Run some cells in order, as far as it gets."""
        self.page.evaluate(
            """([first, last]) => {
                const content = window.notebook.content;
                content.deselectAll(); content.activeCellIndex = first; content.extendContiguousSelectionTo(last);
            }""",
            [first, last],
        )
        self.command("notebook:run-cell")

    def screenshots(self, keep: Callable[..., None], name: str) -> None:
        """Scroll through the notebook and keep what shows, screen by screen, as name-01 and so on."""
        last, height = self.outside.locator(".jp-Notebook-cell").last, self.outside.evaluate("box => box.clientHeight")
        self.outside.evaluate("box => box.scrollTop = 0")
        length = last.evaluate("cell => cell.getBoundingClientRect().bottom") - self.outside.bounding_box()["y"]
        for number, top in enumerate(range(0, int(length) - 60, height - 60), start=1):
            self.outside.evaluate("(box, top) => box.scrollTop = top", top)
            keep(self.outside, f"{name}-{number:02}")
