"""A proof, by cases, that a model is right on every maze of every size.

It needs a model with mixing "cross", one block, `halting` and `binary`. What such a cell computes depends on its token
and on its four neighbours alone: each lies outside the grid, is a wall, waits, or has decided with one of finitely many
states. All of these situations can be put to the model, one by one.

The claim is that after t recursions the cells within t steps of the goal have decided, each with an optimal action, and
no others have. It follows by induction over t from three statements about single cells:

1. The goal decides in the first recursion, to stay.
2. A cell beside nothing but walls and waiting cells goes on waiting.
3. A cell beside the goal, or beside cells that have decided, decides, for a step towards one of these.

In a grid, the distances of two neighbours differ by exactly one. When the cell of statement 3 decides, the neighbours
that have decided are therefore those one step nearer to the goal, and a step towards any of them is optimal.

The states that occur are found on the way: those of the cells beside the goal, then those of cells beside cells with
these states, until no new ones appear. A state is only combined with a waiting neighbour where it has arisen beside a
waiting neighbour in that direction.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from torch import Tensor

from trm_nav.errors import UserError
from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, MOVES, WALL

TOLERANCE = 1e-3  # what is decided by less than this could come out otherwise on another processor
MOST_STATES = 64
MOST_CHANNELS = 16
SIDE = 3  # every cell of a larger grid sees what one of the nine cells of a 3 x 3 grid sees
OPPOSITE = (1, 0, 3, 2)  # of UP, DOWN, LEFT, RIGHT
OUTSIDE, A_WALL, WAITING, THE_GOAL = range(-4, 0)  # what a neighbour can be; a code from 0 on: decided, in that state
WORDS = {OUTSIDE: "outside the grid", A_WALL: "a wall", WAITING: "waiting", THE_GOAL: "the goal"}
PART = 2**15  # situations that are put to the model at once


@dataclass(frozen=True)
class Mistake:
    """A situation in which the model is wrong: the cell's token, its four neighbours, and what the cell does."""

    token: int
    neighbours: tuple[int, ...]  # UP, DOWN, LEFT, RIGHT: one of the four kinds, or the code of a state
    decides: bool
    action: int

    def __str__(self) -> str:
        words = (WORDS.get(kind, f"decided in state {kind}") for kind in self.neighbours)
        beside = ", ".join(f"{action} {word}" for action, word in zip(ACTIONS, words, strict=False))
        does = f"decides for {ACTIONS[self.action]}" if self.decides else "waits"
        return f"{'the goal' if self.token == GOAL else 'a cell'} ({beside}) {does}"


@dataclass
class Certificate:
    """The outcome of `certify`.

    states: the action of each state in which a cell can decide, by the state's code; bit k of a code is set where
    channel k is 1. situations: how many were put to the model. mistakes: the first in which it is wrong. closed:
    whether no other states can arise. margin: the smallest lead, in logits, of a flag or of an action.
    """

    states: dict[int, int] = field(default_factory=dict)
    situations: int = 0
    mistakes: list[Mistake] = field(default_factory=list)
    closed: bool = False
    margin: float = float("inf")

    @property
    def holds(self) -> bool:
        """Whether the model is proved right on every maze of every size."""
        return self.closed and not self.mistakes and self.margin > TOLERANCE


@torch.no_grad()
def certify(model: Any) -> Certificate:
    """Put every situation in which a cell can be to the model.

    Ends early, without a proof, at the first mistakes or when more than MOST_STATES states have arisen. Raises
    UserError for a model whose cells see more than four neighbours, or can be in too many states to enumerate.
    """
    if model.mixing != "cross" or model.depth != 1 or not model.binary or model.dim > MOST_CHANNELS:
        raise UserError(
            "a certificate needs a model with `mixing=cross`, `depth=1`, `halting`, `binary` and a `dim` of at most "
            f"{MOST_CHANNELS}: its cells see their four neighbours alone, in few states"
        )
    return _Examination(deepcopy(model).double().eval()).outcome()


class _Examination:
    def __init__(self, model: Any):
        self.model = model
        self.certificate = Certificate()
        # Which states have arisen, by code: beside a waiting neighbour UP, DOWN, LEFT, RIGHT; and at all.
        self.arisen = torch.zeros(2**model.dim, 5, dtype=torch.bool)

    def outcome(self) -> Certificate:
        found = self.certificate
        nothing = [A_WALL, WAITING]
        self._examine(GOAL, [nothing] * 4)
        self._examine(FREE, [nothing] * 4)
        for direction in range(4):
            self._examine(FREE, [[THE_GOAL] if beside == direction else nothing for beside in range(4)])
        near_the_goal = found.situations
        while not found.closed and not found.mistakes and self.arisen[:, 4].sum() <= MOST_STATES:
            before, found.situations = self.arisen.clone(), near_the_goal
            decided = [before[:, OPPOSITE[direction]].nonzero()[:, 0].tolist() for direction in range(4)]
            for first in range(4):  # the first neighbour that has decided; those after it may have
                after = [nothing + states for states in decided[first + 1 :]]
                self._examine(FREE, [nothing] * first + [decided[first]] + after)
            found.closed = bool((self.arisen == before).all())
        codes = self.arisen[:, 4].nonzero()[:, 0]
        found.states = dict(zip(codes.tolist(), self._actions(self._signs(codes))[0].tolist(), strict=True))
        return found

    def _examine(self, token: int, choices: list[list[int]]) -> None:
        """Examine a cell in all nine places of a 3 x 3 grid, with every combination of these neighbours."""
        for row, column in product(range(SIDE), range(SIDE)):
            inside = [0 <= row + down < SIDE and 0 <= column + right < SIDE for down, right in MOVES[:4].tolist()]
            if any(A_WALL not in kinds and not there for kinds, there in zip(choices, inside, strict=True)):
                continue  # the goal, or a decided cell, cannot lie outside
            present = [kinds if there else [OUTSIDE] for kinds, there in zip(choices, inside, strict=True)]
            combined = torch.cartesian_prod(*map(torch.tensor, present)).long()
            for neighbours in combined.split(PART):
                self._ask(token, row * SIDE + column, neighbours)

    def _ask(self, token: int, cell: int, neighbours: Tensor) -> None:
        """Put situations to the model, a cell of a 3 x 3 grid with neighbours int (K, 4), and note what it does."""
        cells, count = SIDE * SIDE, len(neighbours)
        tokens = torch.full((cells, count), WALL)
        states = torch.zeros(cells, count, self.model.dim, dtype=torch.double)
        decided = torch.zeros(cells, count, 1, dtype=torch.bool)
        tokens[cell] = token
        for kinds, offset in zip(neighbours.T, (MOVES[:4] @ (SIDE, 1)).tolist(), strict=True):
            if kinds[0] != OUTSIDE:
                beside = cell + offset
                tokens[beside] = FREE
                tokens[beside, kinds == A_WALL], tokens[beside, kinds == THE_GOAL] = WALL, GOAL
                decided[beside, :, 0] = kinds >= 0
                states[beside] = self._signs(kinds) * decided[beside]
        inputs, latent = self.model.start(tokens.T)
        knows = self.model.recur(inputs, latent._replace(z=states, decided=decided)).knows[cell, :, 0]
        self._judge(token, neighbours, knows, self.model.apply_blocks(inputs, states)[cell])

    def _judge(self, token: int, neighbours: Tensor, knows: Tensor, raw: Tensor) -> None:
        """Compare a cell with the claim: its flag's logits (K,), its channels before their signs are taken (K, dim)."""
        nearer = neighbours >= THE_GOAL  # bool (K, 4)
        must_decide = nearer.any(dim=1) | (token == GOAL)
        rows, codes = _possible_signs(raw)
        actions, leads = self._actions(self._signs(codes))
        optimal = torch.cat([nearer, torch.full((len(nearer), 1), token == GOAL)], dim=1)[rows, actions]
        wrong = torch.where(must_decide[rows], (knows[rows] <= 0) | ~optimal, knows[rows] > 0)

        found = self.certificate
        found.situations += len(neighbours)
        found.margin = min([found.margin, knows.abs().min().item(), *leads[must_decide[rows]].tolist()])
        for k in wrong.nonzero()[:1, 0]:
            row = rows[k]
            beside = tuple(neighbours[row].tolist())
            found.mistakes.append(Mistake(token, beside, bool(knows[row] > 0), int(actions[k])))
        if token == FREE:
            arose = must_decide[rows]
            self.arisen[codes[arose], 4] = True
            for direction in range(4):
                self.arisen[codes[arose & (neighbours[rows, direction] == WAITING)], direction] = True

    def _actions(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The most likely action in states (K, dim), int64 (K,), and its lead over the next, in logits (K,)."""
        best, second = self.model.head(self.model.head_norm(z)).topk(2).values.T
        return self.model.head(self.model.head_norm(z)).argmax(dim=1), best - second

    def _signs(self, codes: Tensor) -> Tensor:
        """The states with these codes: -1 or 1, double (K, dim)."""
        return (codes.clamp(min=0)[:, None] >> torch.arange(self.model.dim) & 1).double() * 2 - 1


def _possible_signs(raw: Tensor) -> tuple[Tensor, Tensor]:
    """The codes of the signs of raw (K, dim): rows (K',) and codes (K',); several where a value is too close to 0."""
    rows = torch.arange(len(raw))
    codes = (raw >= 0).long() @ (2 ** torch.arange(raw.shape[1]))
    for channel in range(raw.shape[1]):
        unsure = raw[rows, channel].abs() < TOLERANCE
        rows, codes = torch.cat([rows, rows[unsure]]), torch.cat([codes, codes[unsure] ^ (1 << channel)])
    return rows, codes
