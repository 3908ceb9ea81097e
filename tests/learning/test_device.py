"""The processor's state while training, and the number of threads that a model gets when none is asked for."""

import os
import subprocess
import sys

import pytest
import torch

from trm_nav.learning.device import MOST_THREADS, default_threads, flushes_denormals, processor_set
from trm_nav.settings import ModelSettings

needs_flushing = pytest.mark.skipif(
    not torch.set_flush_denormal(False), reason="this processor cannot take denormal numbers as 0"
)
WIDE, NARROW = ModelSettings(dim=64), ModelSettings(dim=32)
LOCAL = ModelSettings(dim=64, mixing="conv")


@pytest.fixture(autouse=True)
def as_before():
    threads = torch.get_num_threads()
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)


def smallest_product() -> float:
    """The product of two float32 numbers that is too small for full precision."""
    return (torch.tensor([1e-30]) * torch.tensor([1e-10])).item()


@needs_flushing
def test_denormals_are_zero_inside_and_kept_outside():
    assert smallest_product() > 0 and not flushes_denormals()
    with processor_set(None):
        assert smallest_product() == 0 and flushes_denormals()
    assert smallest_product() > 0 and not flushes_denormals()


@needs_flushing
def test_the_state_before_is_restored_also_when_nested_and_after_an_error():
    torch.set_flush_denormal(True)
    with processor_set(1):
        with processor_set(2):
            assert (torch.get_num_threads(), flushes_denormals()) == (2, True)
        assert (torch.get_num_threads(), flushes_denormals()) == (1, True)
    assert flushes_denormals()
    torch.set_flush_denormal(False)
    threads = torch.get_num_threads()
    with pytest.raises(KeyError), processor_set(threads + 1):
        raise KeyError
    assert (torch.get_num_threads(), flushes_denormals()) == (threads, False)


def test_only_wide_dense_models_get_a_second_thread_and_only_if_waiting_threads_sleep(monkeypatch):
    torch.set_num_threads(4)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    assert [default_threads(model) for model in (WIDE, NARROW, LOCAL)] == [MOST_THREADS, 1, 1]
    torch.set_num_threads(1)
    assert default_threads(WIDE) == 1
    torch.set_num_threads(4)
    for policy in ("ACTIVE", ""):
        monkeypatch.setenv("OMP_WAIT_POLICY", policy)
        assert default_threads(WIDE) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("imports", "given", "policy"),
    [
        ("trm_nav", None, "PASSIVE"),
        ("torch, trm_nav", None, None),  # torch has made its choice by then
        ("trm_nav", "ACTIVE", "ACTIVE"),
    ],
)
def test_importing_the_package_asks_for_sleeping_threads_where_torch_can_still_follow(imports, given, policy):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    code = f"import os, {imports}; print(os.environ.get('OMP_WAIT_POLICY'))"
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{policy}\n"
