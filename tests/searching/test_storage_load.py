"""The simulation of workers that wait for one storage."""

import pytest

from benchmarks.studies.storage_load import SHARE, measured, waiting, workers


def test_one_worker_never_waits_and_more_wait_longer():
    shares = [waiting(count, train=10, service=0.1) for count in (1, 20, 50, 200)]
    assert shares[0] == 0 and shares == sorted(shares) and shares[-1] > 0.4


def test_a_storage_that_is_asked_all_the_time_makes_each_worker_wait_for_its_turn():
    count, train, service = 200, 10.0, 0.1  # the storage is busy for 20 s of every round
    assert waiting(count, train, service) == pytest.approx(1 - (train + service) / (count * service), abs=0.03)


def test_the_number_of_workers_is_the_largest_that_waits_no_more_than_the_share():
    count = workers(60, 0.1, 0.001)
    service = 0.1 + 60 / 15 * 0.001
    assert waiting(count, 60, service) <= SHARE < waiting(round(1.2 * count), 60, service)


def test_it_measures_what_it_says(tmp_path):
    found = measured(f"journal:{tmp_path / 'log'}", trials=2, epochs=2)
    assert found["storage seconds a trial"] > 0 and found["storage seconds a sign of life"] > 0
    assert list(found["workers"].values()) == sorted(found["workers"].values())
