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


@pytest.fixture(scope="session")
def paths(tmp_path_factory) -> dict[str, Path]:
    """A training and a validation set of 5 x 5 mazes, as training's settings. Tests read these files and no more."""
    return write_data(tmp_path_factory.mktemp("data"))
