"""Settings and data sets that all tests share."""

import gc
from pathlib import Path

import pytest
from installed import missing

# Those that a worker had better not begin last.
LONGEST = ("[05_diagnostics]", "[07_wave]", "test_no_page_has_a_fault", "test_nothing_breaks", "test_eight_workers")


# Here and below, what is large is imported where it is needed: the process that hands the tests to pytest-xdist's
# workers needs neither, and the workers wait for it.
def pytest_collectstart(collector: pytest.Collector) -> None:
    """Before the tests are collected, say how Hypothesis is to search for counterexamples."""
    if not isinstance(collector, pytest.Session):
        return
    import hypothesis

    # How long an example takes says more about the machine than about the code.
    hypothesis.settings.register_profile(
        "trm_nav", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], database=None
    )
    hypothesis.settings.load_profile("trm_nav")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", action="store_true", help="keep what a reader sees in a browser, as pictures in runs/browser/"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let long tests start first, in whatever order they come otherwise: one that starts last keeps one worker waiting.

    Each of pytest-xdist's workers begins with an equal share of the tests, in their order, and later takes some of the
    last ones from another. So the last worker begins with the notebooks in JupyterLab, which it opens once for all of
    them, the one before it with the other tests in a browser, and the rest with the slow ones. Of four workers and
    more, the last half share the notebooks.
    """
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    items.sort(key=lambda item: not any(name in item.name for name in LONGEST))
    notebooks, pages, slow, fast = ([item for item in items if length(item) == rank] for rank in range(4))
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    readers = max(1, workers // 2)
    for reader in range(readers):
        shares[-1 - reader] += notebooks[reader::readers]
    shares[-1 - readers % workers] += pages
    others = max(1, workers - readers - 1)
    for worker in range(others):
        shares[worker] += slow[worker::others]
    given = 0
    for worker, share in enumerate(shares):
        wanted = (worker + 1) * len(items) // workers - worker * len(items) // workers - len(share)
        wanted = max(0, wanted)
        share += fast[given : given + wanted]
        given += wanted
    items[:] = sum(shares, [])


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what is there before the first test: modules, and thousands of tests."""
    gc.collect()
    gc.freeze()


def length(item: pytest.Item) -> int:
    """Which of four kinds a test is, from the longest to the shortest."""
    if "lab" in getattr(item, "fixturenames", ()):
        return 0
    if item.get_closest_marker("browser") is not None:
        return 1
    return 2 if item.get_closest_marker("slow") or item.path.suffix == ".ipynb" else 3


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A training and a validation set of 5 x 5 mazes, as training's settings. Tests read these files and no more."""
    from tiny import write_data

    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium without a window: a Playwright Browser."""
    from jupyterlab_page import chromium, find_chromium

    path = find_chromium()
    if path is None:
        missing("no Chromium is installed to try the pages in; on Debian and Ubuntu, run: apt install chromium")
    with chromium(path) as browser:
        yield browser


@pytest.fixture(scope="module")
def browser(chromium):
    """A window of its own without a page, which remembers nothing of earlier ones: a Playwright BrowserContext."""
    from jupyterlab_page import PATIENCE, SCREEN

    with chromium.new_context(viewport=SCREEN) as context:
        context.set_default_timeout(1000 * PATIENCE)
        yield context
