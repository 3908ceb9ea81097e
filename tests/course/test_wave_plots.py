"""The pictures of lesson 07 show what they say: which cells are shaded, covered and counted."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from trm_nav import generate_mazes, optimal_actions
from trm_nav.course.plots.style import ALTERNATIVES
from trm_nav.course.plots.wave import (
    draw_by_distance,
    draw_decisions,
    draw_reach,
    draw_situation,
    draw_states,
    draw_success,
    draw_view,
    draw_wave,
)
from trm_nav.mazes.encoding import STAY
from trm_nav.mazes.expert import distances


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def maze():
    mazes = generate_mazes(1, 8, 0.3, seed=4)
    return mazes.walls[0], mazes.goals[0], distances(mazes.walls, mazes.goals)[0]


def shaded(ax) -> np.ndarray:
    """The cells that the last picture in these axes colours."""
    return ~np.ma.getmaskarray(ax.images[-1].get_array())


def test_the_reach_is_shaded_and_counted(maze):
    walls, goal, steps = maze
    [ax] = draw_reach(walls, goal, steps, 3).axes
    within = np.isin(steps, (0, 1, 2, 3))
    assert (shaded(ax) == within).all()
    assert ax.get_title().startswith(f"3 recursions: {within.sum()} of {(steps >= 0).sum()}")


def test_a_view_covers_every_cell_that_is_more_steps_away_than_recursions():
    nothing = np.zeros((7, 7), bool)
    [ax] = draw_view([(nothing, (0, 0))], (3, 3), recursions=2, open_all=False).axes
    covers = {
        (round(patch.get_y() + 0.5), round(patch.get_x() + 0.5)) for patch in ax.patches if isinstance(patch, Rectangle)
    }
    assert covers == {(row, column) for row, column in np.ndindex(7, 7) if abs(row - 3) + abs(column - 3) > 2}


def test_the_wave_is_drawn_as_it_was_decided_and_as_the_expert_has_it(maze):
    walls, goal, steps = maze
    optimal = optimal_actions(walls[None], goal[None])[0]
    decided_in = np.where(steps == 2, 9, np.maximum(steps, 0))  # a network that is late at distance 2
    figure = draw_wave(walls, goal, np.full(walls.shape, STAY, np.uint8), decided_in, steps, optimal, 3)
    network, expert = figure.axes[:2]
    assert (shaded(network) == np.isin(decided_in, (1, 2, 3))).all()
    assert (shaded(expert) == ((steps >= 0) & (steps <= 3))).all()
    newest = network.images[-1].get_array() == 1
    assert (newest.filled(False) == (decided_in == 3)).all()


def test_shares_by_distance_are_those_of_the_cells():
    steps = np.repeat([1, 2, 3], [40, 20, 5])
    right = np.arange(65) % 2 == 0
    line = draw_by_distance(steps, right, 2, 0.3).axes[0].lines[0]
    assert line.get_xdata().tolist() == [1, 2]  # five cells are too few for a share
    assert line.get_ydata().tolist() == [0.5, 0.5]


def test_every_state_has_a_row_with_its_action_and_shares_that_add_up():
    signs = np.array([[1, -1], [-1, -1]])
    sets = np.zeros((2, 16), int)
    sets[0, 1], sets[0, 3], sets[1, 8] = 3, 1, 2
    left, right = draw_states(signs, [0, 3], sets).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["UP", "RIGHT"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["↑", "→", "↑\n↓"]
    assert right.collections[0].get_array().reshape(2, 3).tolist() == [[0.75, 0, 0.25], [0, 1, 0]]


def test_lines_of_success_carry_their_names_and_values():
    ax = draw_success([8, 16], {"one": [1, 0.5], "two": [1, 1]}, trained_on=8).axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    assert [line.get_ydata()[1] for line in ax.lines[:2]] == [0.5, 1]


def test_a_situation_puts_its_neighbours_up_down_left_and_right():
    ax = plt.figure().add_subplot()
    draw_situation(["wall", "goal", "waiting", "state 3"], "waits", ax)
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places == {"wall": (0, -1), "goal": (0, 1), "waiting": (-1, 0), "state\n3": (1, 0), "?": (0, 0)}


def test_the_wave_is_told_with_the_cells_in_which_network_and_expert_differ(maze):
    walls, goal, steps = maze
    optimal = optimal_actions(walls[None], goal[None])[0]
    late = np.where(steps == 2, 9, np.where(steps == 0, 1, steps))  # right everywhere, and late at distance 2
    figure = draw_wave(walls, goal, np.full(walls.shape, STAY, np.uint8), late, steps, optimal, 3)
    said, reached = ALTERNATIVES[figure], (late > 0) & (late <= 3)
    assert f"only one of the two has reached: {(steps == 2).sum()}. " in said
    assert f"Wrong arrows: {(reached & (optimal != 1 << STAY)).sum()}." in said  # STAY is right at the goal alone


@pytest.mark.parametrize("open_all", [False, True])
def test_what_is_said_of_a_view_gives_away_no_hidden_goal(open_all):
    nothing = np.zeros((7, 7), bool)
    said = ALTERNATIVES[draw_view([(nothing, (0, 5)), (nothing, (4, 3))], (3, 3), 2, open_all)]
    assert ("3 rows above, 2 columns right" in said) == open_all
    assert ("hidden" in said) != open_all and "1 rows below" in said


def test_the_cells_that_decided_in_time_are_counted():
    steps, decided_in = np.array([1, 2, 3, 4]), np.array([1, 2, 9, 4])
    assert "each of 4 cells" in ALTERNATIVES[draw_decisions(steps, decided_in)]
    assert "3 lie on the line" in ALTERNATIVES[draw_decisions(steps, decided_in)]


def test_a_state_is_told_with_the_cells_in_which_its_action_is_optimal():
    sets = np.zeros((2, 16), int)
    sets[0, 1], sets[0, 3], sets[1, 8], sets[1, 4] = 3, 1, 2, 5
    said = ALTERNATIVES[draw_states(np.array([[1, -1], [-1, -1]]), [0, 3], sets)]
    assert "UP, optimal in 4 of 4; RIGHT, optimal in 2 of 7" in said
