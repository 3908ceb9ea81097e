"""Seeds reach every library, random states come back, and a run says what it ran on."""

import importlib.metadata
import random
import sys

import numpy as np
import pytest
import torch

from trm_nav import set_seed
from trm_nav.learning.reproducibility import provenance, random_states, restore_random_states


def draws():
    """From all three libraries, of several kinds: a normal draw leaves NumPy and Python with half of the next."""
    return [random.random(), random.gauss(0, 1), np.random.rand(), np.random.normal(), np.random.randint(10**9),
            torch.rand(3).tolist(), torch.randn(17).tolist(), torch.randperm(9).tolist()]  # fmt: skip


def test_one_seed_seeds_all_three_libraries():
    set_seed(5)
    first = draws()
    set_seed(5)
    assert draws() == first
    set_seed(6)
    assert not any(one == other for one, other in zip(draws(), first, strict=True))


@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1])
def test_a_seed_gives_what_each_library_gives_for_it(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    expected = draws()
    set_seed(seed)
    assert draws() == expected


def test_random_states_come_back_through_a_file_that_holds_plain_values(tmp_path):
    set_seed(1)
    draws()
    np.random.normal(), random.gauss(0, 1)  # an odd number of them, so that half a pair is waiting
    torch.save(random_states(), tmp_path / "states.pt")
    following = [draws() for _ in range(3)]
    set_seed(2)
    restore_random_states(torch.load(tmp_path / "states.pt", weights_only=True))
    assert [draws() for _ in range(3)] == following


def test_random_states_are_taken_without_a_draw_and_are_not_changed_by_later_ones():
    set_seed(1)
    expected = draws()
    set_seed(1)
    states = random_states()
    assert draws() == expected
    restore_random_states(states)
    assert draws() == expected


def test_states_of_gpus_that_are_not_here_are_passed_over():
    states = random_states()
    elsewhere = [torch.zeros(16, dtype=torch.uint8)] * (torch.cuda.device_count() + 1)
    expected = draws()
    restore_random_states({**states, "cuda": elsewhere})
    assert draws() == expected


def test_provenance_tells_command_versions_and_platform(monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "trm_nav.train", "--train-path", "my data/train.pt"])
    told = provenance()
    assert told["command"] == "python -m trm_nav.train --train-path 'my data/train.pt'"
    assert told["versions"]["python"].split(".") == list(map(str, sys.version_info[:3]))
    assert told["versions"]["numpy"] == np.__version__
    assert told["versions"]["trm_nav"] == importlib.metadata.version("trm_nav")
    assert told["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert told["platform"]
