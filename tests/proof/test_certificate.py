"""The certificate examines every situation that occurs, calls what is wrong by its name, and promises nothing else."""

from itertools import product

import numpy as np
import pytest
import torch
from waves import mazes_of_all_kinds, random_wave, tokens_of, trained_wave

from trm_nav import UserError, create_model
from trm_nav.mazes.encoding import FREE, GOAL, WALL
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.navigation.plan import make_plans
from trm_nav.proof import certificate
from trm_nav.proof.certificate import (
    A_WALL,
    MOST_CHANNELS,
    OPPOSITE,
    OUTSIDE,
    THE_GOAL,
    TOLERANCE,
    WAITING,
    Mistake,
    certify,
)

KINDS = 2**8 - OUTSIDE  # what a neighbour can be
UNIT = [1 << channel for channel in range(8)]  # bit k of a state's code: channel k is 1


def examined(model):
    """The examination after its outcome, and every situation that it has put to the model, with its flag's logit."""
    examination, asked = certificate._Examination(model.double()), {}
    judge = examination._judge

    def listen(token, neighbours, knows, raw):
        asked.update(zip(((token, *map(int, beside)) for beside in neighbours), knows.tolist(), strict=True))
        judge(token, neighbours, knows, raw)

    examination._judge = listen
    return examination.outcome(), examination, asked


@pytest.fixture(scope="module")
def examination():
    return examined(trained_wave())


def is_exact(model, mazes):
    """Whether every labelled cell of every maze gets an optimal action, in as many recursions as it is steps away."""
    plans, steps = make_plans(model, mazes.walls, mazes.goals), distances(mazes.walls, mazes.goals)
    optimal = optimal_actions(mazes.walls, mazes.goals)
    right = (optimal >> plans.actions & 1 == 1) | (optimal == 0)
    return bool(right.all() and (plans.decided_in == np.where(steps < 0, 0, np.maximum(steps, 1))).all())


@pytest.mark.slow
def test_a_trained_model_is_certified_and_right_on_mazes_of_all_kinds_and_sizes():
    model = trained_wave()
    found = certify(model)
    assert found.holds and found.closed and not found.mistakes and found.margin > TOLERANCE
    assert not model.training and next(model.parameters()).dtype == torch.float32  # it examined a copy
    for n in (3, 4, 8, 21, 40):
        assert is_exact(model, mazes_of_all_kinds(10, n, seed=n))


def test_the_states_are_those_of_the_cells_that_have_decided_and_their_actions_what_the_model_chooses(examination):
    found, model, seen = examination[0], trained_wave(), {}
    mazes = mazes_of_all_kinds(20, 12)
    tokens = tokens_of(mazes)
    with torch.no_grad():
        *_, latent = model.unfold(tokens)
        actions = model.policy(latent).argmax(dim=-1).t()  # (cells, mazes)
    codes = (latent.z > 0).long() @ torch.tensor(UNIT)
    for code, action in zip(codes[latent.decided[..., 0]].tolist(), actions[latent.decided[..., 0]].tolist(),
                            strict=True):  # fmt: skip
        seen.setdefault(code, set()).add(action)
    goal = codes.t()[tokens == GOAL].unique().tolist()
    assert len(seen) > 2
    assert all(seen[code] == {found.states[code]} for code in seen if code in found.states)
    assert set(seen) - set(found.states) <= set(goal)  # beside a goal that has decided, nobody waits


def situations_of(latent, after, tokens):
    """What every cell that was asked in a recursion sees: (token, neighbours UP, DOWN, LEFT, RIGHT), a set."""
    n = round(tokens.shape[1] ** 0.5)
    kinds = torch.where(tokens == WALL, A_WALL, torch.where(tokens == GOAL, THE_GOAL, WAITING))
    codes = ((latent.z > 0).long() @ torch.tensor(UNIT)).t()
    kinds = torch.where(latent.decided[..., 0].t(), codes, kinds).view(-1, n, n)
    padded = torch.nn.functional.pad(kinds, (1, 1, 1, 1), value=OUTSIDE)
    beside = (padded[:, :-2, 1:-1], padded[:, 2:, 1:-1], padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    asked = after.asked[..., 0].t().view(-1, n, n)
    keys = sum((part[asked] - OUTSIDE) * KINDS**place for place, part in enumerate((tokens.view(-1, n, n), *beside)))
    return {tuple(key // KINDS**place % KINDS + OUTSIDE for place in range(5)) for key in keys.unique().tolist()}


@pytest.mark.parametrize("n", [3, 5, 8, pytest.param(20, marks=pytest.mark.slow)])
def test_every_situation_that_occurs_in_mazes_was_examined(examination, n):
    _, _, asked = examination
    model, tokens, seen = trained_wave(), tokens_of(mazes_of_all_kinds(200 // n, n, seed=n)), set()
    with torch.no_grad():
        _, latent = model.start(tokens)
        for after in model.unfold(tokens):
            seen |= situations_of(latent, after, tokens.long())
            latent = after
    assert seen <= asked.keys()
    assert len(seen) > 50 and max(max(beside) for _, *beside in seen) >= 0


def test_the_situations_are_those_that_a_direct_enumeration_finds_in_each_of_the_nine_places(examination):
    found, examination, asked = examination
    # What may lie in each direction: a state, if it has arisen in a cell that had a waiting neighbour on this side.
    states = [[code for code in range(2**8) if examination.arisen[code, OPPOSITE[side]]] for side in range(4)]
    expected, count = set(), 0
    for row, column in product(range(3), range(3)):
        inside = (row > 0, row < 2, column > 0, column < 2)
        kinds = [[A_WALL, WAITING, THE_GOAL, *codes] if here else [OUTSIDE]
                 for here, codes in zip(inside, states, strict=True)]  # fmt: skip
        for beside in product(*kinds):
            goals, decided = beside.count(THE_GOAL), any(kind >= 0 for kind in beside)
            if goals > 1 or (goals and decided):  # there is one goal; beside it, a cell decides before all others
                continue
            tokens = (FREE,) if goals or decided else (FREE, GOAL)
            expected |= {(token, *beside) for token in tokens}
            count += len(tokens)
    assert expected == asked.keys()
    assert found.situations == count


def test_a_set_of_states_is_closed_when_the_cells_beside_them_have_no_others(examination):
    found, _, asked = examination
    beside = [beside for token, *beside in asked if token == FREE and max(beside) >= THE_GOAL]
    assert set(states_of_free_cells(trained_wave().double(), torch.tensor(beside))) == found.states.keys()


@torch.no_grad()
def states_of_free_cells(model, beside):
    """The codes of the states that cells compute whose neighbours are beside (K, 4): the block written out for one."""

    def shown(kind):
        """What a neighbour shows."""
        if kind == OUTSIDE:
            return torch.zeros(8, dtype=torch.float64)
        state = torch.tensor([0.0 if kind < 0 else 1.0 if kind & bit else -1.0 for bit in UNIT]).double()
        token = {A_WALL: WALL, THE_GOAL: GOAL}.get(kind, FREE)
        return block.norm_tokens(model.norm(state) + model.embedding.weight[token])

    block, lowest = model.blocks[0], OUTSIDE
    table = torch.stack([shown(kind) for kind in range(lowest, 2**8)])
    z = model.norm(torch.zeros(8, dtype=torch.float64)) + model.embedding.weight[FREE]
    z = z + block.mix_tokens.bias + block.mix_tokens.weights[4] * shown(WAITING)
    z = z + (block.mix_tokens.weights[:4] * table[beside - lowest]).sum(dim=1)
    mlp = block.mix_channels
    z = z + mlp.channels_out(mlp.channels_in(block.norm_channels(z)).relu())
    return ((z >= 0).long() @ torch.tensor(UNIT)).tolist()


def damaged(change):
    model = trained_wave()
    with torch.no_grad():
        change(model)
    return model


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        (lambda model: model.halt.bias.sub_(100), "the goal (UP outside the grid, DOWN a wall, LEFT outside the grid, "
                                                  "RIGHT a wall) waits"),
        (lambda model: model.halt.bias.add_(100), "a cell (UP outside the grid, DOWN a wall, LEFT outside the grid, "
                                                  "RIGHT a wall) decides for "),
        (lambda model: model.head.bias[4].sub_(100), "the goal (UP outside the grid, DOWN a wall, LEFT outside the grid"
                                                     ", RIGHT a wall) decides for "),
        (lambda model: model.head.bias[0].sub_(100), "a cell (UP the goal, DOWN a wall, LEFT outside the grid, "
                                                     "RIGHT a wall) decides for "),
        (lambda model: model.head.bias[3].add_(100), "a cell (UP the goal, DOWN a wall, LEFT outside the grid, "
                                                     "RIGHT a wall) decides for RIGHT"),
    ],
)  # fmt: skip
def test_a_damaged_model_is_refused_with_its_mistake_in_words(change, mistake):
    found = certify(damaged(change))
    assert not found.holds
    assert any(str(one).startswith(mistake) for one in found.mistakes), list(map(str, found.mistakes))


def test_a_mistake_beside_decided_cells_names_their_states():
    mistake = Mistake(FREE, (5, WAITING, A_WALL, OUTSIDE), True, 1)
    assert str(mistake) == (
        "a cell (UP decided in state 5, DOWN waiting, LEFT a wall, RIGHT outside the grid) decides for DOWN"
    )


@pytest.mark.slow
def test_of_models_with_noise_on_their_weights_none_is_certified_that_makes_a_mistake():
    mazes = [mazes_of_all_kinds(10, n) for n in (5, 12)]
    outcomes = []
    for seed, scale in product(range(5), (0.003, 0.1, 0.3)):
        generator = torch.Generator().manual_seed(seed)

        def add_noise(model, scale=scale, generator=generator):
            for parameter in model.parameters():
                parameter += scale * torch.randn(parameter.shape, generator=generator)

        model = damaged(add_noise)
        holds, exact = certify(model).holds, all(is_exact(model, some) for some in mazes)
        assert exact or not holds
        outcomes.append((holds, exact))
    assert {(True, True), (False, False)} <= set(outcomes)


@pytest.mark.slow
def test_a_random_model_is_not_certified():
    assert not any(certify(random_wave(seed, binary=True)).holds for seed in range(10))


@pytest.mark.parametrize("name", ["halt.weight", "head.weight", "embedding.weight", "blocks.0.mix_tokens.weights"])
def test_weights_that_are_not_numbers_are_not_certified(name):
    assert not certify(damaged(lambda model: model.get_parameter(name).fill_(torch.nan))).holds


def test_a_lead_that_another_processor_could_lose_is_no_proof(examination):
    _, _, asked = examination
    least = min(knows for knows in asked.values() if knows > 0)
    found = certify(damaged(lambda model: model.halt.bias.sub_(least - TOLERANCE / 2)))
    assert found.closed and not found.mistakes and 0 < found.margin < TOLERANCE
    assert not found.holds


def test_an_examination_of_too_many_situations_ends_without_a_proof(monkeypatch):
    monkeypatch.setattr(certificate, "MOST_SITUATIONS", 500)
    found = certify(trained_wave())
    assert not found.closed and not found.holds and not found.mistakes and len(found.states) > 3


@pytest.mark.parametrize("other", [{"mixing": "conv"}, {"depth": 2}, {"binary": False}, {"dim": MOST_CHANNELS + 1},
                                   {"mixing": "mlp", "halting": False, "binary": False}])  # fmt: skip
def test_models_with_other_situations_are_refused(other):
    model = create_model(**{"dim": 8, "depth": 1, "mixing": "cross", "halting": True, "binary": True, **other})
    with pytest.raises(UserError, match="^a certificate needs a model with `mixing=cross`, `depth=1`, `halting`, "
                                        f"`binary` and a `dim` of at most {MOST_CHANNELS}: its cells see"):  # fmt: skip
        certify(model)


def test_a_value_too_near_to_zero_is_followed_with_both_signs():
    generator = torch.Generator().manual_seed(0)
    raw = torch.randn(200, 5, generator=generator, dtype=torch.float64)
    near = torch.rand(raw.shape, generator=generator) < 0.3
    raw = torch.where(near, raw.sign() * TOLERANCE / 2, raw.sign() * (raw.abs() + 2 * TOLERANCE))
    rows, codes = certificate._possible_signs(raw)
    found = list(zip(rows.tolist(), codes.tolist(), strict=True))
    expected = {
        (row, sum(sign << channel for channel, sign in enumerate(signs)))
        for row in range(len(raw))
        for signs in product(*[(0, 1) if abs(x) < TOLERANCE else (int(x > 0),) for x in raw[row].tolist()])
    }
    assert len(found) == len(expected) and set(found) == expected
