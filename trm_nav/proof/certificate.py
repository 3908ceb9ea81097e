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
from dataclasses import dataclass, field, fields
from itertools import product
from math import prod
from typing import Any

import torch
from torch import Tensor

from trm_nav.errors import UserError
from trm_nav.learning.model import Latent
from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, MOVES, STAY, WALL

TOLERANCE = 1e-3  # what is decided by less than this could come out otherwise on another processor
MOST_CHANNELS = 16
MOST_SITUATIONS = 2**19  # at once; as many take about a minute
SIDE = 3  # every cell of a larger grid sees what one of the nine cells of a 3 x 3 grid sees
OPPOSITE = (1, 0, 3, 2)  # of UP, DOWN, LEFT, RIGHT
OUTSIDE, A_WALL, WAITING, THE_GOAL = range(-4, 0)  # what a neighbour can be; a code from 0 on: decided, in that state
WORDS = {OUTSIDE: "outside the grid", A_WALL: "a wall", WAITING: "waiting", THE_GOAL: "the goal"}
PART = 2**15  # situations that are put to the model at once


@dataclass(frozen=True, eq=False)
class Situations:
    """K situations in which a cell can be, each in a 3 x 3 grid of its own.

    tokens: int64 (K,), the cell's own. cells: int64 (K,), where it is, 0 to 8. neighbours: int64 (K, 4), what is UP,
    DOWN, LEFT and RIGHT of it: OUTSIDE, A_WALL, WAITING, THE_GOAL or the code of a state.
    """

    tokens: Tensor
    cells: Tensor
    neighbours: Tensor

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: Tensor) -> "Situations":
        return Situations(self.tokens[index], self.cells[index], self.neighbours[index])

    @classmethod
    def join(cls, parts: list["Situations"]) -> "Situations":
        """Concatenate several, in order."""
        return cls(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    @property
    def optimal(self) -> Tensor:
        """The sets of actions that are optimal, as bit masks, uint8 (K,): the empty set where a cell has to wait."""
        nearer = self.neighbours >= THE_GOAL
        stay = (self.tokens == GOAL) * (1 << STAY)
        return ((nearer * 2 ** torch.arange(4)).sum(dim=1) + stay).to(torch.uint8)

    def put_to(self, model: Any) -> tuple[Tensor, Latent]:
        """The inputs and the latent state of a model in these situations: (9, K, dim), and so on."""
        every, count = torch.arange(len(self)), len(self)
        tokens = torch.full((SIDE * SIDE, count), WALL)
        states = torch.zeros(SIDE * SIDE, count, model.dim, dtype=model.embedding.weight.dtype)
        decided = torch.zeros(SIDE * SIDE, count, 1, dtype=torch.bool)
        tokens[self.cells, every] = self.tokens
        for kinds, offset in zip(self.neighbours.T, (MOVES[:4] @ (SIDE, 1)).tolist(), strict=True):
            there = kinds != OUTSIDE
            beside, these, kinds = self.cells[there] + offset, every[there], kinds[there]
            tokens[beside, these] = torch.where(kinds == A_WALL, WALL, torch.where(kinds == THE_GOAL, GOAL, FREE))
            decided[beside, these, 0] = kinds >= 0
            states[beside, these] = signs(kinds, model.dim).to(states.dtype) * (kinds >= 0)[:, None]
        inputs, latent = model.start(tokens.T)
        return inputs, latent._replace(z=states, decided=decided)

    def answers(self, model: Any) -> tuple[Tensor, Tensor, Tensor]:
        """What the cells compute: the states before their signs are taken, (K, dim); the logits of their flags, (K,);
        and the states that they decide with, (K, dim)."""
        inputs, latent = self.put_to(model)
        at = self.cells, torch.arange(len(self))
        after = model.recur(inputs, latent)
        return model.apply_blocks(inputs, latent.z)[at], after.knows[at][:, 0], after.z[at]


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
    channel k is 1. situations: how many there are; `examined` has them. mistakes: the first in which the model is
    wrong. closed: whether no other states can arise. margin: the smallest lead, in logits, of a flag or of an action.
    """

    states: dict[int, int] = field(default_factory=dict)
    situations: int = 0
    examined: Situations | None = None
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

    Ends early, without a proof, at the first mistakes or when there are more than MOST_SITUATIONS. Raises UserError
    for a model whose cells see more than four neighbours, or can be in too many states to enumerate.
    """
    if model.mixing != "cross" or model.depth != 1 or not model.binary or model.dim > MOST_CHANNELS:
        raise UserError(
            "a certificate needs a model with `mixing=cross`, `depth=1`, `halting`, `binary` and a `dim` of at most "
            f"{MOST_CHANNELS}: its cells see their four neighbours alone, in few states"
        )
    return _Examination(deepcopy(model).cpu().double().eval()).outcome()


class _Examination:
    def __init__(self, model: Any):
        self.model = model
        self.certificate = Certificate()
        self.asked: list[Situations] = []
        # Which states have arisen, by code: beside a waiting neighbour UP, DOWN, LEFT, RIGHT; and at all.
        self.arisen = torch.zeros(2**model.dim, 5, dtype=torch.bool)

    def outcome(self) -> Certificate:
        found = self.certificate
        nothing = [A_WALL, WAITING]
        self._examine(GOAL, [nothing] * 4)
        self._examine(FREE, [nothing] * 4)
        for direction in range(4):
            self._examine(FREE, [[THE_GOAL] if beside == direction else nothing for beside in range(4)])
        near_the_goal = self.asked
        while not found.closed and not found.mistakes:
            before = self.arisen.clone()
            decided = [before[:, OPPOSITE[direction]].nonzero()[:, 0].tolist() for direction in range(4)]
            beside = [  # for the first neighbour that has decided; those after it may have
                [nothing] * first + [decided[first]] + [nothing + states for states in decided[first + 1 :]]
                for first in range(4)
            ]
            if SIDE**2 * sum(prod(map(len, choices)) for choices in beside) > MOST_SITUATIONS:
                break
            self.asked = list(near_the_goal)
            for choices in beside:
                self._examine(FREE, choices)
            found.closed = bool((self.arisen == before).all())
        codes = self.arisen[:, 4].nonzero()[:, 0]
        actions, _ = self._actions(codes)
        found.states = dict(zip(codes.tolist(), actions.tolist(), strict=True))
        found.examined = Situations.join(self.asked)
        found.situations = len(found.examined)
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
        """Put situations, a cell with neighbours int (K, 4), to the model, and note what it does."""
        count = len(neighbours)
        asked = Situations(torch.full((count,), token), torch.full((count,), cell), neighbours)
        raw, knows, _ = asked.answers(self.model)
        self.asked.append(asked)
        self._judge(token, neighbours, knows, raw)

    def _judge(self, token: int, neighbours: Tensor, knows: Tensor, raw: Tensor) -> None:
        """Compare a cell with the claim: its flag's logits (K,), its channels before their signs are taken (K, dim)."""
        nearer = neighbours >= THE_GOAL  # bool (K, 4)
        must_decide = nearer.any(dim=1) | (token == GOAL)
        rows, codes = _possible_signs(raw)
        actions, leads = self._actions(codes)
        optimal = torch.cat([nearer, torch.full((len(nearer), 1), token == GOAL)], dim=1)[rows, actions]
        # Neither comparison holds for a flag that is not a number, so the situation counts as a mistake.
        wrong = ~torch.where(must_decide[rows], (knows[rows] > 0) & optimal, knows[rows] <= 0)

        found = self.certificate
        margins = torch.cat([torch.tensor([found.margin]).double(), knows.abs(), leads[must_decide[rows]]])
        found.margin = margins.min().item()
        for k in wrong.nonzero()[:1, 0]:
            row = rows[k]
            beside = tuple(neighbours[row].tolist())
            found.mistakes.append(Mistake(token, beside, bool(knows[row] > 0), int(actions[k])))
        if token == FREE:
            arose = must_decide[rows]
            self.arisen[codes[arose], 4] = True
            for direction in range(4):
                self.arisen[codes[arose & (neighbours[rows, direction] == WAITING)], direction] = True

    def _actions(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """The most likely action in the states with these codes, int64 (K,), and its lead over the next, (K,)."""
        logits = self.model.head(self.model.head_norm(signs(codes, self.model.dim).double()))
        (best, second), (action, _) = (part.T for part in logits.topk(2))
        return action, best - second


def signs(codes: Tensor, dim: int) -> Tensor:
    """The states with these codes: -1 or 1, int64 (K, dim)."""
    return (codes.clamp(min=0)[:, None] >> torch.arange(dim) & 1) * 2 - 1


def _possible_signs(raw: Tensor) -> tuple[Tensor, Tensor]:
    """The codes of the signs of raw (K, dim): rows (K',) and codes (K',); several where a value is too close to 0."""
    rows = torch.arange(len(raw))
    codes = (raw >= 0).long() @ (2 ** torch.arange(raw.shape[1]))
    for channel in range(raw.shape[1]):
        unsure = raw[rows, channel].abs() < TOLERANCE
        rows, codes = torch.cat([rows, rows[unsure]]), torch.cat([codes, codes[unsure] ^ (1 << channel)])
    return rows, codes
