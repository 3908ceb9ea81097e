"""A seed gives the page what it gives the library: NumPy's and PyTorch's random numbers, mazes, and so the same run."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from trainer_page import COURSE, copied, opened

from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.diagnosis.findings import diagnose
from trm_nav.learning.samples import Samples
from trm_nav.mazes import dataset
from trm_nav.mazes.grids import BATCH_CELLS
from trm_nav.settings import DataSettings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SEEDS = [0, 1, 12345, 2**32 - 1]
EPSILON = float(np.finfo(np.float32).eps)
ATLAS = json.loads((COURSE / "web" / "atlas.json").read_text(encoding="utf-8"))  # runs of the library
SETS: dict[str, dict[str, Any]] = {
    "the laboratory's": dict(num_train=600, num_test=500),
    "more than a batch": dict(num_train=BATCH_CELLS // 16**2 + 100, num_test=10, grid_size=16, train_seed=7),
    "few on small grids": dict(num_train=300, num_test=100, grid_size=3, obstacle_density=0.5, test_seed=9),
    "mostly walls": dict(num_train=300, num_test=300, grid_size=5, obstacle_density=0.93, train_seed=2**32 - 1),
    "no walls": dict(num_train=50, num_test=5, grid_size=7, obstacle_density=0.0),
}


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory) -> Iterator[Page]:
    with opened(browser, copied(tmp_path_factory.mktemp("page"))) as page:
        yield page


@pytest.mark.parametrize("seed", SEEDS)
def test_numpys_random_numbers_are_drawn(page, seed):
    drawn = page.evaluate(
        """(seed) => {
            const random = new NumpyRandom(seed), list = (count, draw) => Array.from({ length: count }, draw);
            const drawn = [list(25, () => random.below(7)), list(4, () => random.double()),
                           list(6, () => random.single())];
            random.skip(1001);
            const other = random.copy(), last = () => [random.single(), random.double()];
            return [...drawn, last(), [other.single(), other.double()]];
        }""",
        seed,
    )
    rng = np.random.default_rng(seed)
    expected = [rng.integers(0, 7, 25), rng.random(4), rng.random(6, np.float32)]
    rng.random(1001, np.float32)
    last = [rng.random(1, np.float32)[0], rng.random()]
    for some, others in zip(drawn, [*expected, last, last], strict=True):
        assert some == list(others)


@pytest.mark.parametrize("seed", SEEDS)
def test_pytorchs_random_numbers_are_drawn(page, seed):
    drawn = page.evaluate(
        """(seed) => {
            const random = new TorchRandom(seed), filled = (count, fill) => {
                const numbers = new Float32Array(count);
                fill(numbers);
                return Array.from(numbers);
            };
            const order = Array.from(random.permutation(700)), turns = Array.from({ length: 9 }, () => random.below(8));
            const single = random.single(), uniform = filled(50, (numbers) => random.fillUniform(numbers, 0.3));
            const normal = [3, 16, 40].map((count) => filled(count, (numbers) => random.fillNormal(numbers, 0.02)));
            return { order, turns, single, uniform, normal, after: random.below(1000) };
        }""",
        seed,
    )
    torch.manual_seed(seed)
    assert drawn["order"] == torch.randperm(700).tolist()
    assert drawn["turns"] == torch.randint(8, (9,)).tolist()
    assert drawn["single"] == torch.rand(()).item()
    # What PyTorch makes of its words is rounded in different ways by different processors.
    assert drawn["uniform"] == pytest.approx(torch.empty(50).uniform_(-0.3, 0.3).tolist(), abs=2 * 0.3 * EPSILON)
    for numbers in drawn["normal"]:
        expected = torch.empty(len(numbers)).normal_(0, 0.02).tolist()
        assert numbers == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert drawn["after"] == torch.randint(1000, ()).item()


@pytest.mark.parametrize("name", SETS)
def test_the_mazes_and_their_labels_are_the_librarys_and_none_is_in_both_sets(page, name):
    settings = DataSettings.of(DataSettings.part_of({**DEFAULTS, **SETS[name]}))
    digests = page.evaluate(
        """async (settings) => {
            const digest = async (array) => Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", array)));
            const arrays = ({ tokens, optimal, steps, agents }) => [tokens, optimal, steps, agents];
            return Promise.all(Object.values(buildSets(settings)).flatMap(arrays).map(digest));
        }""",
        settings.plain(),
    )
    expected = []
    for part in dataset.build(settings):
        samples = Samples.of(part, "policy", torch.device("cpu"))
        expected += [samples.tokens, samples.optimal, samples.distances, samples.agents.int()]
    assert [bytes(digest) for digest in digests] == [hashlib.sha256(array.numpy()).digest() for array in expected]


def test_overfitting_in_the_page_is_the_librarys_run_until_rounding_parts_them_and_ends_as_it_does(page):
    """At the learning rate of the preset, what rounding changes grows from step to step, and differs by processor."""
    runs = [run for run in ATLAS["runs"] if run["preset"] == "Overfitting" and not run["remedies"]]
    library, ends = runs[0], [run["val_acc"][-1] for run in runs]
    settings = {**DEFAULTS, **PRESETS["Overfitting"], "patience": None}
    record = page.evaluate(
        """(settings) => {
            const run = new Training(kernels, settings);
            Array.from(run.steps());
            return run.record();
        }""",
        settings,
    )
    assert record["train_loss"][0] == pytest.approx(library["train_loss"][0], abs=0.01)
    assert record["val_loss"][0] == pytest.approx(library["val_loss"][0], abs=0.01)
    assert record["train_acc"][-1] == library["train_acc"][-1] == 1
    assert abs(record["val_acc"][-1] - library["val_acc"][-1]) < max(ends) - min(ends), "less than other seeds differ"
    assert diagnose(record)[0].name == library["finding"]
