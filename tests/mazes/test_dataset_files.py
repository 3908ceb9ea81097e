"""Data-set files that claim more than they hold, or something else than a data set holds."""

import math
import tracemalloc

import pytest
import torch

from trm_nav import UserError, memory
from trm_nav.mazes import dataset
from trm_nav.settings import DataSettings

pytestmark = pytest.mark.filterwarnings("ignore:.*has no digest")  # these files were not written by `dataset.save`
TENSORS = ("walls", "starts", "goals", "optimal")


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set.pt"
    dataset.save(dataset.build(DataSettings(num_train=30, num_test=5))[0], path)
    return torch.load(path, weights_only=True)


@pytest.fixture
def refused(tmp_path):
    """Save this content and load it as a data set, which must fail: the clause that says what is wrong."""

    def load(content):
        path = tmp_path / "wrong.pt"
        torch.save(content, path)
        tracemalloc.start()
        with pytest.raises(UserError) as caught:
            dataset.load(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2**26 + 4 * path.stat().st_size  # whatever the tensors claim
        sentence = str(caught.value)
        start, end = f"{path} is not a ", "; create one with scripts/generate_dataset.py"
        assert sentence.startswith(start) and sentence.endswith(end) and "\n" not in sentence
        return sentence.removeprefix(start).removesuffix(end)

    return load


class Strange(torch.Tensor):
    """A subclass, which the loader of plain tensors does not know."""


STRANGE = {
    "sparse": lambda tensor: tensor.to_sparse(),
    "compressed sparse rows": lambda tensor: tensor.flatten(1).to_sparse_csr(),
    "meta": lambda tensor: tensor.to("meta"),
    "claims 10**10 mazes": lambda tensor: tensor[:1].expand(10**10, *tensor.shape[1:]),
    "claims twice its mazes": lambda tensor: tensor.repeat(2, *[1] * (tensor.ndim - 1))[:1].expand(
        60, *tensor.shape[1:]
    ),
    "quantised": lambda tensor: torch.quantize_per_tensor(tensor.float(), 1.0, 0, torch.quint8),
    "complex": lambda tensor: tensor.to(torch.complex64),
    "conjugate": lambda tensor: tensor.to(torch.complex64).conj(),
    "negative": lambda tensor: tensor.to(torch.complex64).conj().imag,
    "with gradient": lambda tensor: tensor.float().requires_grad_(),
    "a parameter": lambda tensor: torch.nn.Parameter(tensor, requires_grad=False),
    "a subclass": lambda tensor: tensor.as_subclass(Strange),
    "nested": lambda tensor: torch.nested.as_nested_tensor([tensor.float()[0], tensor.float()[1]]),
    "jagged": lambda tensor: torch.nested.as_nested_tensor([tensor.flatten(1)[0]], layout=torch.jagged),
    "a scalar": lambda tensor: torch.tensor(1, dtype=tensor.dtype),
    "without mazes": lambda tensor: tensor[:0],
    "flat": lambda tensor: tensor.flatten(),
    "of another order": lambda tensor: tensor.unsqueeze(-1),
    "None": lambda tensor: None,
    "a storage": lambda tensor: tensor.untyped_storage(),
    "a list of tensors": list,
}


@pytest.mark.filterwarnings("ignore:.*(prototype|beta)", "ignore:.*quantiz")
@pytest.mark.parametrize("name", TENSORS)
@pytest.mark.parametrize("kind", STRANGE)
def test_a_tensor_that_is_none_or_holds_less_than_it_claims_is_refused_before_it_is_used(content, refused, kind, name):
    clause = refused({**content, name: STRANGE[kind](content[name])})
    assert f"its {name} should" in clause or "same non-zero length" in clause or "torch cannot read it" in clause


def test_tensors_that_claim_the_same_impossible_number_of_mazes_are_refused(content, refused):
    claims = {name: content[name][:1].expand(10**10, *content[name].shape[1:]) for name in TENSORS}
    assert "its walls should hold all its numbers, and claims more than the file has" in refused({**content, **claims})


PLAIN = {
    "kind": [["random"], None, 5, "random\nwilson", "x" * 10_000, ("random",), {"random": 1}],
    "seed": [10**400, -1, 2**32, 1.0, "1", None, True],
    "obstacle_density": [math.nan, math.inf, -1.0, None, [], [0.1, 0.2], 10**400, "nan", "0.2..nan", 1 + 1j],
    "holes": [math.nan, 2, {}, torch.tensor(0.1), torch.zeros(3), torch.zeros(3, device="meta")],
    "grid_size": [0, -8, 8.0, 10**400, "8", None, torch.tensor(8), True],
    "augment": [0, None, "yes", [], torch.tensor(True)],
    "version": [10**400, -1, None, "2", torch.zeros(3), [2] * 1000, 2.0],
    "format": [None, torch.zeros(3), ["trm_nav data set"], 10**400],
}


@pytest.mark.parametrize("name", PLAIN)
def test_an_absurd_plain_value_is_refused_by_its_name(content, refused, name):
    expected = {"format": "it contains something else", "version": "it has version"}.get(name, f"its {name} ")
    for value in PLAIN[name]:
        clause = refused({**content, name: value})
        assert expected in clause and len(clause) < 500


def test_a_grid_size_that_is_not_that_of_the_mazes_is_refused(content, refused):
    assert "its walls should be bool of shape (N, 7, 7), not bool of shape (30, 8, 8)" in refused(
        {**content, "grid_size": 7}
    )


def test_a_wall_that_is_neither_true_nor_false_is_refused(content, refused):
    walls = content["walls"].clone()
    walls.view(torch.uint8)[7, 0, 0] = 2
    assert "in maze 7 a wall is neither true nor false" in refused({**content, "walls": walls})


@pytest.mark.parametrize("whole", [None, 5, "text", [], (), {}, {1: 2}, {None: None, "format": 3}, torch.zeros(3)])
def test_a_file_of_something_else_is_refused(refused, whole):
    assert "it contains something else" in refused(whole)


def test_entries_that_nobody_knows_are_ignored_whatever_their_keys_are(content, tmp_path):
    more = {1: 2, None: 3, (1, 2): "x", "note": "mine", "more": torch.zeros(2, device="meta")}
    torch.save({**content, **more}, tmp_path / "more.pt")
    assert len(dataset.load(tmp_path / "more.pt")) == 30


def test_parts_of_larger_tensors_and_other_strides_still_load(content, tmp_path):
    some = {name: content[name][3:9] for name in TENSORS}
    some["walls"] = some["walls"].transpose(1, 2).contiguous().transpose(1, 2)
    torch.save({**content, **some}, tmp_path / "some.pt")
    assert (dataset.load(tmp_path / "some.pt").walls == content["walls"][3:9].numpy()).all()


@pytest.mark.parametrize(
    ("num", "n"), [(1, 3), (1, 8), pytest.param(1, 1024, marks=pytest.mark.slow, id="the largest grid")]
)
def test_a_set_of_one_maze_of_the_smallest_and_the_largest_grid_is_saved_and_loads(tmp_path, num, n):
    for made in dataset.build(DataSettings(num_train=num, num_test=num, grid_size=n)):
        dataset.save(made, tmp_path / "one.pt")
        assert dataset.load(tmp_path / "one.pt").fingerprint == made.fingerprint


def test_sets_that_do_not_fit_into_memory_are_refused_before_they_are_sampled(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2**20)
    with pytest.raises(
        UserError, match=r"^1,500 mazes of 64 x 64 would need about .*B of memory, and 1.05 MB are free"
    ):
        dataset.build(DataSettings(num_train=1000, num_test=500, grid_size=64), progress=pytest.fail)


def test_a_file_that_fits_in_no_memory_is_no_fault_of_the_file(content, tmp_path, monkeypatch):
    dataset.save(dataset.build(DataSettings(num_train=30, num_test=5))[0], tmp_path / "set.pt")
    monkeypatch.setattr(memory, "available", lambda: 2**18)  # enough to read it
    with pytest.raises(UserError, match="^30 mazes of 8 x 8 would need about"):
        dataset.load(tmp_path / "set.pt")


@pytest.mark.slow
@pytest.mark.parametrize(("num", "n", "kind"), [(20_000, 3, "random"), (20_000, 8, "wilson"), (300, 64, "random")])
def test_building_sets_takes_no_more_memory_than_is_required_of_the_machine(monkeypatch, num, n, kind):
    required = []
    monkeypatch.setattr(memory, "require", lambda needed, *words: required.append(needed))
    settings = DataSettings(num_train=num, num_test=5, grid_size=n, kind=kind)
    tracemalloc.start()
    dataset.build(settings)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < required[0]
