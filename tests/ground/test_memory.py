"""Work that cannot fit into the memory is refused, and running out of it is one sentence."""

import subprocess
import sys

import psutil
import pytest
import torch

from trm_nav import memory
from trm_nav.errors import UserError


def test_what_needs_more_than_there_is_is_refused_with_both_numbers():
    total = psutil.virtual_memory().total
    with pytest.raises(UserError, match=r"^the plan would need about .*B of memory, and .*B are free; shorten it$"):
        memory.require(2 * total, "the plan", "shorten it")
    memory.require(1000, "the plan", "shorten it")


def test_no_more_is_available_than_the_machine_has():
    assert 0 < memory.available() <= psutil.virtual_memory().total


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep to this limit")
def test_a_limit_on_the_process_counts():
    program = (
        "import psutil, resource; from trm_nav import memory;"
        f"limit = psutil.Process().memory_info().vms + {2**27};"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit));"
        "print(memory.available())"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 0 < int(ran.stdout) <= 2**27


@pytest.mark.parametrize(
    "exhaust", [lambda: torch.zeros(10**17), lambda: bytearray(2**62)], ids=["a tensor", "Python's own memory"]
)
def test_running_out_of_memory_is_one_sentence(exhaust):
    with pytest.raises(UserError, match="^out of memory: lower it$"), memory.to_spare("lower it"):
        exhaust()


def test_another_error_is_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="size"), memory.to_spare("lower it"):
        torch.zeros(2) + torch.zeros(3)


@pytest.mark.parametrize(("size", "words"), [(1.5e9, "1.5 GB"), (2e12, "2 TB"), (420e6, "420 MB"), (1000, "1 kB")])
def test_sizes_are_written_in_the_unit_that_suits_them(size, words):
    assert memory.in_words(size) == words
