"""Settings and data sets that all tests share."""

from pathlib import Path

import hypothesis
import pytest
from tiny import write_data

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile(
    "trm_nav", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], database=None
)
hypothesis.settings.load_profile("trm_nav")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", action="store_true", help="keep what a reader of a lesson sees in a browser, in runs/browser/"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long tests start first, in whatever order they come otherwise: one that starts last keeps one worker waiting.

    Whole lessons are the longest. The browser's stand together, so that one worker opens JupyterLab for all of them.
    """

    def turn(item: pytest.Item) -> tuple[bool, ...]:
        slow = item.get_closest_marker("slow") is not None
        whole_lesson = item.path.suffix == ".ipynb" or (slow and item.path.name == "test_notebooks.py")
        return not whole_lesson, item.get_closest_marker("browser") is None, not slow, item.path.parent.name != "course"

    items.sort(key=turn)


@pytest.fixture(scope="session")
def paths(tmp_path_factory) -> dict[str, Path]:
    """A training and a validation set of 5 x 5 mazes, as training's settings. Tests read these files and no more."""
    return write_data(tmp_path_factory.mktemp("data"))
