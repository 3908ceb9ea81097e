"""The networks that the study of the wave compares it with: other forms of it, and rivals."""

import numpy as np
import pytest
import torch

from benchmarks.studies.wave import rivals, sizes
from benchmarks.studies.wave.forms import Gated, WithMemory
from benchmarks.studies.wave.pictures import save_large_maze
from benchmarks.studies.wave.variants import VARIANTS, form_of
from trm_nav import create_model, generate_mazes, plan
from trm_nav.mazes.encoding import encode
from trm_nav.settings import ModelSettings, recipe

FORMED = {"waiting cells remember and are seen": WithMemory, "a gate, and real numbers": Gated}


@pytest.fixture(scope="module")
def mazes():
    return generate_mazes(20, 7, "0.1..0.4", seed=3, kind="random,depth-first")


@pytest.mark.parametrize("name", FORMED)
def test_another_form_is_created_and_planned_with_by_its_own_recursions(name, mazes):
    torch.manual_seed(0)
    with form_of(name):
        model = create_model(**{**recipe("wave", ModelSettings), **ModelSettings.part_of(VARIANTS[name])}).eval()
        actions = plan(model, mazes.walls, mazes.goals)
    assert type(model) is FORMED[name]
    with torch.no_grad():
        dense = model(torch.from_numpy(encode(mazes.walls, mazes.goals))).argmax(dim=-1).view(actions.shape)
    free = ~mazes.walls
    np.testing.assert_array_equal(actions[free], dense.numpy()[free])
    assert type(create_model(**recipe("wave", ModelSettings))) is not FORMED[name]


def test_what_a_waiting_cell_remembers_changes_what_it_computes(mazes):
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))
    settings = {**recipe("wave", ModelSettings), "binary": False}
    for form in FORMED.values():
        torch.manual_seed(0)
        model = form(**ModelSettings.of(settings).model_dump()).eval()
        inputs, latent = model.start(tokens)
        undecided = torch.zeros_like(latent.decided)
        once = model.recur(inputs, latent, undecided)
        assert not torch.allclose(once.z, model.recur(inputs, once, undecided).z)


def test_a_cell_of_the_halting_convolution_that_has_decided_keeps_its_answer(mazes):
    torch.manual_seed(0)
    model = rivals.HaltingConvolution(4, 12).eval()
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))
    first = torch.rand(tokens.shape, generator=torch.Generator().manual_seed(0)) < 0.3
    logits = [model.unroll(tokens, steps, lambda step: first)[0] for steps in (1, 5)]
    assert torch.equal(logits[0][first], logits[1][first])
    assert not torch.allclose(logits[0][~first], logits[1][~first])


@pytest.mark.slow
@pytest.mark.parametrize("name", rivals.RIVALS)
def test_a_rival_learns_from_the_mazes_of_the_wave_and_takes_as_many_steps_as_it_is_told(name, mazes, monkeypatch):
    monkeypatch.setattr(rivals, "recipe", lambda _: {**recipe("wave"), "num_train": 640, "epochs": 1})
    model, seconds = rivals.trained_rival(name, seed=0)
    assert seconds > 0 and all(parameter.isfinite().all() for parameter in model.parameters())
    answers = []
    for steps in (1, 12):
        rivals.with_steps(name, model, steps)
        answers.append(plan(model, mazes.walls, mazes.goals))
    halts = isinstance(model, rivals.HaltingConvolution)
    assert (answers[0] == answers[1]).all() == halts


def test_every_system_has_a_name_of_its_own_and_its_best_result_counts():
    assert len(set(sizes.SYSTEMS)) == len(sizes.SYSTEMS)
    suites = {"one": {"12": {"exact": 0.2, "success": 0.9}, "32": {"exact": 0.4, "success": 0.5}}}
    assert sizes.best({"suites": suites}, "one", "exact") == 0.4
    assert sizes.best({"suites": suites}, "one", "success") == 0.9


def test_the_picture_of_a_large_maze_has_a_pixel_for_each_cell_and_dark_walls(mazes, tmp_path):
    from PIL import Image

    when = np.arange(49, dtype=np.int32).reshape(1, 7, 7)
    save_large_maze(mazes[:1], when, tmp_path / "maze.png")
    indices = np.asarray(Image.open(tmp_path / "maze.png"))
    np.testing.assert_array_equal(indices == 0, mazes.walls[0])
