"""Local mixing hears as far as it says: cross mixing against a loop over cells, and one step for every block."""

import pytest
import torch
from tiny import assert_close, rounding

from trm_nav.learning.mixing import CrossMixing, MixerBlock
from trm_nav.mazes.encoding import MOVES

SIDE, BATCH, DIM = 5, 3, 4


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_random_weights(module: torch.nn.Module) -> torch.nn.Module:
    for seed, parameter in enumerate(module.double().parameters()):
        parameter.data = random(*parameter.shape, seed=seed)
    return module


def test_cross_mixing_equals_a_loop_over_the_cells_and_their_neighbours():
    mix = with_random_weights(CrossMixing(DIM))
    x, z = random(SIDE**2, BATCH, DIM, seed=10), random(SIDE**2, BATCH, DIM, seed=11)
    expected = z + mix.bias
    for row in range(SIDE):
        for column in range(SIDE):
            for action, (down, right) in enumerate(MOVES.tolist()):
                if 0 <= row + down < SIDE and 0 <= column + right < SIDE:
                    beside = x[(row + down) * SIDE + column + right]
                    expected[row * SIDE + column] = expected[row * SIDE + column] + mix.weights[action] * beside
    assert_close(mix(x, z), expected)


@pytest.mark.parametrize(("mixing", "heard"), [("cross", 5), ("conv", 9)])
def test_one_block_carries_information_one_cell_far(mixing, heard):
    block = with_random_weights(MixerBlock(SIDE**2, DIM, 0.0, mixing))
    z = random(SIDE**2, 1, DIM)
    for cell in range(SIDE**2):
        other = z.clone()
        other[cell] = random(1, DIM, seed=cell + 1)
        changed = ((block(other) - block(z)).abs().amax(dim=(1, 2)) > rounding(torch.float64)).view(SIDE, SIDE)
        row, column = divmod(cell, SIDE)
        down, right = (torch.arange(SIDE) - row).abs()[:, None], (torch.arange(SIDE) - column).abs()
        near = down + right <= 1 if mixing == "cross" else torch.maximum(down, right) <= 1
        assert torch.equal(changed, near)
        assert near.sum() == heard or 0 in (row, column) or SIDE - 1 in (row, column)
