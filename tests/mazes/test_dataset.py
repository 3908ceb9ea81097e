"""Data sets: apart from each other, whole on the disk, and checked when they come back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from trm_nav import UserError
from trm_nav.mazes import dataset
from trm_nav.mazes.encoding import encode
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import generate_mazes
from trm_nav.mazes.symmetry import transform_mazes
from trm_nav.settings import DataSettings, MazeSettings

SMALL = DataSettings(num_train=300, num_test=50)


def canonical(mazes):
    """Each maze as text that its 8 orientations share, by turning a picture of it."""
    for walls, start, goal in zip(mazes.walls, mazes.starts, mazes.goals, strict=True):
        picture = np.where(walls, "#", ".")
        picture[*start], picture[*goal] = "S", "G"
        sides = (picture, picture.T)
        yield min("".join(np.rot90(side, turns).ravel()) for side in sides for turns in range(4))


@pytest.mark.parametrize(
    ("size", "density", "train", "test"),
    [(3, 0.2, 2000, 100), (4, 0.2, 3000, 2000), (4, 0.0, 100, 30), (8, 0.2, 500, 100)],
)
def test_the_two_sets_share_no_maze_in_any_orientation(size, density, train, test):
    settings = DataSettings(num_train=train, num_test=test, grid_size=size, obstacle_density=density)
    built = dataset.build(settings)
    assert tuple(map(len, built)) == (train, test)
    assert not set(canonical(built[0].mazes)) & set(canonical(built[1].mazes))


@pytest.mark.parametrize("size", [3, 4, 9])
@pytest.mark.parametrize("kind", ["depth-first", "wilson", "random,depth-first,wilson"])
def test_the_two_sets_share_no_maze_of_any_kind_in_any_orientation(kind, size):
    settings = DataSettings(num_train=500, num_test=10, grid_size=size, kind=kind, holes="0..0.5")
    train, test = dataset.build(settings)
    assert (len(train), len(test)) == (500, 10)
    assert not set(canonical(train.mazes)) & set(canonical(test.mazes))


@pytest.mark.parametrize(
    ("size", "density", "train", "test", "final"),
    [(3, 0.2, 500, 50, 200), (4, 0.2, 2000, 500, 1000), (8, 0.2, 300, 100, 200)],
)
def test_the_third_set_shares_no_maze_with_the_other_two_in_any_orientation(size, density, train, test, final):
    settings = DataSettings(
        num_train=train, num_test=test, num_final=final, grid_size=size, obstacle_density=density, augment=True
    )
    others, told = dataset.build(settings), []
    made = dataset.build_final(settings, *others, progress=told.append)
    assert len(made) == sum(told) == final
    taken = set(canonical(others[0].mazes)) | set(canonical(others[1].mazes))
    assert not set(canonical(made.mazes)) & taken
    assert (made.optimal == optimal_actions(made.walls, made.goals)).all()
    assert (made.seed, made.augment) == (settings.final_seed, False)


def test_asking_for_a_third_set_changes_nothing_about_the_other_two():
    asked = dataset.build(SMALL.model_copy(update={"num_final": 70, "final_seed": 3}))
    assert [made.fingerprint for made in asked] == [made.fingerprint for made in dataset.build(SMALL)]


def test_the_third_set_is_the_same_when_made_again_and_another_with_another_seed():
    def made(seed):
        settings = SMALL.model_copy(update={"num_final": 70, "final_seed": seed})
        return dataset.build_final(settings, *dataset.build(settings)).fingerprint

    assert made(1) == made(1) != made(2)


def test_equal_seeds_make_no_equal_third_set():
    settings = DataSettings(num_train=80, num_test=80, num_final=80, train_seed=1, test_seed=1, final_seed=1)
    sets = dataset.build(settings)
    sets += (dataset.build_final(settings, *sets),)
    assert len(set().union(*(canonical(made.mazes) for made in sets))) == 240


def test_two_sets_that_leave_no_maze_for_a_third_are_refused_with_what_to_do():
    settings = DataSettings(num_train=3000, num_test=20, num_final=10, grid_size=3, obstacle_density=0.0)
    sentence = (
        "the training and the test set hold nearly every 3 x 3 maze there is of kind random, obstacle density 0.0, "
        "which leaves none for the final set: lower `num_train` or `num_test`"
    )
    with pytest.raises(UserError, match=sentence):
        dataset.build_final(settings, *dataset.build(settings))


def test_equal_seeds_do_not_make_equal_sets():
    train, test = dataset.build(DataSettings(num_train=100, num_test=100, train_seed=1, test_seed=1))
    assert not set(canonical(train.mazes)) & set(canonical(test.mazes))


def test_a_test_set_that_holds_every_small_maze_is_refused_with_what_to_do():
    with pytest.raises(UserError, match=r"holds nearly every 3 x 3 maze .* lower `num_test` .* or raise `grid_size`"):
        dataset.build(DataSettings(num_train=100, num_test=1000, grid_size=3, obstacle_density=0.0))


@pytest.mark.slow
def test_more_perfect_mazes_than_there_are_is_refused_by_their_kind():
    with pytest.raises(UserError, match="nearly every 3 x 3 maze there is of kind wilson, which leaves none"):
        dataset.build(DataSettings(num_train=1, num_test=1000, grid_size=3, kind="wilson"))


@pytest.mark.parametrize(
    ("size", "count"), [(3, 400), (8, 400), (101, 20), pytest.param(64, 100, marks=pytest.mark.slow)]
)
def test_the_key_of_a_maze_is_shared_by_its_8_orientations_and_by_no_other_maze(size, count):
    mazes = generate_mazes(count, size, 0.3, seed=2)
    keys = dataset.maze_keys(mazes)
    for g in range(8):
        assert (dataset.maze_keys(transform_mazes(mazes, g)) == keys).all()
    forms = list(canonical(mazes))
    assert len(set(forms)) == len(set(keys)) == len(set(zip(forms, keys, strict=True))) == dataset.count_distinct(mazes)


def test_start_and_goal_count_as_parts_of_a_maze():
    mazes = generate_mazes(1, seed=4)
    swapped = type(mazes)(mazes.walls, mazes.goals, mazes.starts)
    assert dataset.maze_keys(swapped) != dataset.maze_keys(mazes)


def test_the_labels_are_the_expert_s_and_progress_counts_the_mazes():
    told = []
    train, test = dataset.build(SMALL, progress=told.append)
    assert sum(told) == 350
    for made in (train, test):
        assert (made.optimal == optimal_actions(made.walls, made.goals)).all()
        assert (made.tokens == encode(made.walls, made.goals)).all() and made.grid_size == 8


def test_a_data_set_is_the_same_when_made_again_and_another_with_another_seed():
    one, again, other = (dataset.build(SMALL.model_copy(update={"train_seed": seed}))[0] for seed in (1, 1, 2))
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert len(one.fingerprint) == 64 and int(one.fingerprint, 16)


def test_the_fingerprint_changes_with_every_part_of_a_data_set():
    made = dataset.build(SMALL)[0]
    others = [replace(made, augment=not made.augment)]
    for name in ("walls", "starts", "goals", "optimal"):
        array = getattr(made, name).copy()
        array[-1] = array[0] ^ 1
        others.append(replace(made, **{name: array}))
    assert len({made.fingerprint, *(other.fingerprint for other in others)}) == 6


@pytest.mark.parametrize(
    "settings",
    [
        DataSettings(num_train=20, num_test=5, grid_size=3, augment=True, obstacle_density=0.3),
        DataSettings(num_train=20, num_test=5, obstacle_density="0.1..0.9"),
        DataSettings(num_train=20, num_test=5, grid_size=64, augment=True, kind="depth-first,random", holes=0.1),
        DataSettings(num_train=2, num_test=1, grid_size=300, kind="wilson", holes=(0.0, 0.1)),
    ],
)
def test_a_saved_data_set_comes_back_as_it_was(tmp_path, settings):
    for made in dataset.build(settings):
        dataset.save(made, tmp_path / "set.pt")
        back = dataset.load(tmp_path / "set.pt")
        for name in ("walls", "starts", "goals", "optimal"):
            assert getattr(back, name).dtype == getattr(made, name).dtype
            assert (getattr(back, name) == getattr(made, name)).all()
        assert (back.augment, back.sampling, back.seed) == (made.augment, made.sampling, made.seed)
        assert back.fingerprint == made.fingerprint
        assert back.sampling == MazeSettings.of(MazeSettings.part_of(settings.plain()))


def test_only_the_training_set_is_marked_for_augmentation():
    train, test = dataset.build(SMALL.model_copy(update={"augment": True}))
    assert train.augment is True and test.augment is False


def test_the_file_is_plain_tensors_and_values_that_say_what_they_are(tmp_path):
    dataset.save(dataset.build(SMALL)[0], tmp_path / "set.pt")
    content = torch.load(tmp_path / "set.pt", weights_only=True)
    assert {type(value) for value in content.values()} == {torch.Tensor, str, int, float, bool}
    assert all(name in content["about"] for name in content if name not in ("format", "version", "about", "grid_size"))


def test_the_same_data_set_makes_the_same_file(tmp_path):
    for name in ("one", "two"):
        dataset.save(dataset.build(SMALL)[0], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "set.pt"
    dataset.save(dataset.build(SMALL)[0], path)
    return torch.load(path, weights_only=True)


def of_version_1(content):
    """The content as the first version of the format had it."""
    old = {name: value for name, value in content.items() if name not in ("kind", "holes")}
    positions = {name: content[name].to(torch.uint8) for name in ("starts", "goals")}
    return {**old, **positions, "version": 1, "obstacle_density": 0.2}


@pytest.mark.filterwarnings("ignore:.*has no digest")
def test_a_file_of_version_1_still_loads_and_holds_mazes_of_kind_random(content, tmp_path):
    old, new = tmp_path / "old.pt", tmp_path / "new.pt"
    torch.save(of_version_1(content), old)
    torch.save(content, new)
    assert dataset.load(old).fingerprint == dataset.load(new).fingerprint
    assert dataset.load(old).sampling == MazeSettings(obstacle_density=0.2)


def changed(content, name, *where, to):
    """The content with one element of one tensor set to another value."""
    tensor = content[name].clone()
    tensor[where] = torch.as_tensor(to, dtype=tensor.dtype)
    return {**content, name: tensor}


def walled_in(content):
    """The content with maze 0 all walls but for its start and its goal, in two corners."""
    content = changed(changed(content, "starts", 0, to=[0, 0]), "goals", 0, to=[7, 7])
    walls = torch.ones(8, 8, dtype=torch.bool)
    walls[0, 0] = walls[7, 7] = False
    return changed(content, "walls", 0, to=walls)


WRONG = {
    "it contains something else": lambda c: [1, 2],
    "something else": lambda c: {"weights": torch.zeros(3)},
    "it is a checkpoint": lambda c: {"model_state_dict": {}, "epoch": 3},
    "version 99 of the format": lambda c: {**c, "version": 99},
    "version True of the format": lambda c: {**c, "version": True},
    "its goals should be uint8 .* not int16": lambda c: {**of_version_1(c), "goals": c["goals"]},
    "it lacks kind, holes": lambda c: {k: v for k, v in c.items() if k not in ("kind", "holes")},
    "its kind must be random, depth-first or wilson, .*, not 'prim'": lambda c: {**c, "kind": "prim"},
    "its obstacle_density must be a number .*, not '0.5..0.2'": lambda c: {**c, "obstacle_density": "0.5..0.2"},
    "its holes must be a number .*, not 1.5": lambda c: {**c, "holes": 1.5},
    "it lacks augment, goals": lambda c: {k: v for k, v in c.items() if k not in ("goals", "augment")},
    "its augment must be True or False, not 1": lambda c: {**c, "augment": 1},
    "its grid_size must be a whole number from 3 to 1024, not 2": lambda c: {**c, "grid_size": 2},
    r"its walls should be bool of shape \(N, 9, 9\), not bool of shape \(300, 8, 8\)": lambda c: {**c, "grid_size": 9},
    "its walls should be bool .* not uint8": lambda c: {**c, "walls": c["walls"].to(torch.uint8)},
    "its starts should be int16 .* not int64": lambda c: {**c, "starts": c["starts"].long()},
    "its optimal should be a tensor, not of type list": lambda c: {**c, "optimal": c["optimal"].tolist()},
    "must have the same non-zero length": lambda c: {**c, "goals": c["goals"][:-1]},
    "non-zero length": lambda c: {**c, **{k: c[k][:0] for k in ("walls", "starts", "goals", "optimal")}},
    "in maze 7 the start is outside": lambda c: changed(c, "starts", 7, 1, to=8),
    "in maze 7 the goal is outside": lambda c: changed(c, "goals", 7, 0, to=-1),
    "in maze 3 the start is on a wall": lambda c: changed(c, "walls", 3, *c["starts"][3].tolist(), to=True),
    "in maze 3 the goal is on a wall": lambda c: changed(c, "walls", 3, *c["goals"][3].tolist(), to=True),
    "in maze 5 start and goal are the same cell": lambda c: changed(c, "starts", 5, to=c["goals"][5]),
    "in maze 0 no path leads from the start to the goal": lambda c: walled_in(c),
    "in maze 9 the optimal actions are not the expert's": lambda c: changed(c, "optimal", 9, 0, 0, to=31),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_file_at_odds_with_itself_is_refused_by_name_with_what_is_wrong(content, tmp_path, sentence):
    path = tmp_path / "wrong.pt"
    torch.save(WRONG[sentence](content), path)
    expected = f"^{path} is not a usable data set: .*{sentence}.*; create one with scripts/generate_dataset.py$"
    with pytest.raises(UserError, match=expected):
        dataset.load(path)


def test_a_missing_and_a_truncated_file_are_refused_with_how_to_make_one(content, tmp_path):
    path = tmp_path / "set.pt"
    with pytest.raises(UserError, match=f"there is no data set at {path}; create one with scripts/generate_dataset.py"):
        dataset.load(path)
    torch.save(content, path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(UserError, match=f"{path} is not a data set, or a truncated one"):
        dataset.load(path)
