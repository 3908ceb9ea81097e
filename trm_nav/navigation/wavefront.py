"""Plans of a model with `halting`, computed only where something can change: at the front of the wave.

A cell that waits has no memory. What it computes changes only when a neighbour decides, and a cell that has decided
does not change at all. After the first recursion it is therefore enough to look at the waiting neighbours of the cells
that decided in the recursion before. A plan costs a few evaluations for each cell of the maze, however many recursions
it takes; computing the whole grid in each of them would cost as many as the longest path has steps.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from trm_nav.mazes.encoding import FREE, GOAL, MOVES, WALL, encode

OUTSIDE = 3  # beside the three tokens: the rim around a maze, which shows nothing
EPSILON = 1e-5  # of a layer norm


def follows_the_front(model: Any) -> bool:
    """Whether `advance` can plan with this model."""
    return bool(model.halting and model.mixing == "cross" and model.depth == 1)


def advance(
    model: Any, walls: np.ndarray, goals: np.ndarray, progress: Callable[[int], Any] = lambda cells: None
) -> tuple[np.ndarray, np.ndarray]:
    """Apply the model until no cell decides any more, as its `forward` does in evaluation mode.

    walls: bool (N, n, n). goals: int (N, 2). progress: called after each recursion with the number of cells that have
    decided in it. Returns the actions, uint8 (N, n, n), and the recursion in which each cell decided, int32 (N, n, n),
    0 for never.
    """
    rule = _Rule(model)
    n = walls.shape[1]
    tokens = np.pad(encode(walls, goals).reshape(walls.shape), ((0, 0), (1, 1), (1, 1)), constant_values=OUTSIDE)
    grid, tokens = tokens.shape, tokens.ravel()
    beside = MOVES @ (n + 2, 1)  # how far away, in the flat grid, is the cell to which an action leads
    shown = rule.shown_by_token[tokens]  # (cells, dim): what every cell shows to its neighbours
    waiting = (tokens == FREE) | (tokens == GOAL)
    actions, decided_in = np.zeros(tokens.shape, np.uint8), np.zeros(tokens.shape, np.int32)

    recursion, front = 0, np.flatnonzero(waiting)
    while len(front):
        recursion += 1
        knows, z = rule.compute(tokens[front], shown[front[:, None] + beside])
        actions[front] = rule.choose(z)
        decided, z = front[knows], z[knows]
        decided_in[decided], waiting[decided] = recursion, False
        shown[decided] = rule.show(z, tokens[decided])
        progress(len(decided))
        neighbours = (decided[:, None] + beside[:4]).ravel()
        front = np.unique(neighbours[waiting[neighbours]])
    inside = (slice(None), slice(1, -1), slice(1, -1))
    return actions.reshape(grid)[inside], decided_in.reshape(grid)[inside]


class _Rule:
    """The weights of a model as arrays, and what its only block computes for a list of cells."""

    def __init__(self, model: Any):
        weights = {name: tensor.detach().cpu().numpy() for name, tensor in model.named_parameters()}
        block = "blocks.0."
        self.norms = {
            name: (weights[f"{name}.weight"], weights[f"{name}.bias"])
            for name in ("norm", "head_norm", f"{block}norm_tokens", f"{block}norm_channels")
        }
        self.block = block
        self.embedding = weights["embedding.weight"]
        self.mix, self.mix_bias = weights[f"{block}mix_tokens.weights"], weights[f"{block}mix_tokens.bias"]
        self.channels_in = weights[f"{block}mix_channels.channels_in.weight"].T
        self.channels_out = weights[f"{block}mix_channels.channels_out.weight"].T
        self.head, self.head_bias = weights["head.weight"].T, weights["head.bias"]
        self.halt, self.halt_bias = weights["halt.weight"][0], weights["halt.bias"]
        self.binary = model.binary
        nothing = np.zeros((len((FREE, WALL, GOAL)), model.dim), self.embedding.dtype)
        self.waiting = self._norm("norm", nothing) + self.embedding  # (3, dim): a waiting cell's own input, by token
        self.shown_by_token = np.vstack([self._norm(f"{block}norm_tokens", self.waiting), nothing[:1]])

    def compute(self, tokens: np.ndarray, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For waiting cells with tokens (K,), whose neighbours, and themselves last, show (K, 5, dim).

        Returns whether each knows its answer, bool (K,), and the state that it would decide with, (K, dim).
        """
        z = self.waiting[tokens] + np.einsum("kad,ad->kd", shown, self.mix) + self.mix_bias
        hidden = np.maximum(self._norm(f"{self.block}norm_channels", z) @ self.channels_in, 0)
        z = z + hidden @ self.channels_out
        knows = self._norm("head_norm", z) @ self.halt + self.halt_bias > 0
        return knows, np.where(z < 0, -1, 1).astype(z.dtype) if self.binary else z

    def show(self, z: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """What cells that have decided with states z, (K, dim), show to their neighbours, (K, dim)."""
        return self._norm(f"{self.block}norm_tokens", self._norm("norm", z) + self.embedding[tokens])

    def choose(self, z: np.ndarray) -> np.ndarray:
        """The most likely action in states z, (K, dim): int (K,)."""
        chosen: np.ndarray = (self._norm("head_norm", z) @ self.head + self.head_bias).argmax(axis=1)
        return chosen

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        weight, bias = self.norms[name]
        x = x - x.mean(axis=-1, keepdims=True)
        normed: np.ndarray = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPSILON) * weight + bias
        return normed
