"""One JupyterLab for all tests that open a notebook in it, and pictures of what a reader sees."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "runs" / "browser"


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory) -> "Iterator[tuple[BrowserContext, str, Path]]":
    """A browser, the address of JupyterLab, and the folder that it shows, with the lessons as tests run them."""
    from jupyterlab_page import SCREEN, jupyterlab

    home = tmp_path_factory.mktemp("jupyterlab")
    with jupyterlab(ROOT / "notebooks", home) as address, chromium.new_context(viewport=SCREEN) as browser:
        yield browser, address, home / "notebooks"


@pytest.fixture(scope="session")
def keep(pytestconfig) -> Callable[..., None]:
    """keep(what, name): with the option --screenshots, a page or a part of it as runs/browser/name.png."""

    def screenshot(what, name: str, **how) -> None:
        if pytestconfig.getoption("screenshots"):
            what.screenshot(path=KEPT / f"{name}.png", animations="disabled", **how)

    return screenshot
