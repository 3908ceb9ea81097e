"""The Tiny Recursive Model: one small Mixer applied again and again to its own latent state.

Recursion after Jolicoeur-Martineau, "Less is More: Recursive Reasoning with Tiny Networks" (arXiv 2510.04871). With
`halting`, every cell has a halting flag of its own. `mixing.py` has the layers and the layout of the latent state.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from trm_nav import memory
from trm_nav.errors import UserError
from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, WALL
from trm_nav.settings import ModelSettings

from .mixing import MixerBlock

STATE_NOISE = 1.0  # standard deviation of the noise on binary states while training
ONLY_IN = {  # a key that only this mixing has
    "mlp": "position",
    "conv": "blocks.0.mix_tokens.neighbours.weight",
    "cross": "blocks.0.mix_tokens.weights",
}


class Latent(NamedTuple):
    """What the model knows about every cell of a batch between two recursions.

    z: the states, float (tokens, B, dim). The other three are of use with `halting` only. decided: bool (tokens, B, 1),
    the cells that know their answer; their state does not change any more. asked: bool (tokens, B, 1), the cells that
    had not decided before the last recursion. knows: (tokens, B, 1), the logits with which they decided.
    """

    z: Tensor
    decided: Tensor
    asked: Tensor
    knows: Tensor


class TinyRecursiveModel(nn.Module):
    """Computes a policy, logits over the actions, for every cell of a maze in one forward pass.

    `recursions` may be changed at any time. It is part of the state dict, so a model that loads weights also takes over
    the number of recursions they were trained with. With mixing "conv" or "cross", no parameter depends on the grid
    size.

    With `halting`, a cell that knows its answer decides, once and for all. A cell that waits has no memory, and its
    neighbours see only its token. What a cell computes therefore depends on the tokens around it and on its decided
    neighbours alone, and after a recursion in which no cell decides, nothing can change any more: evaluation ends
    there, whatever `recursions` says. With `binary`, the channels of a decided cell are -1 or 1: there are finitely
    many states, and so finitely many situations in which a cell can be.
    """

    def __init__(self, grid_size: int, dim: int, depth: int, dropout: float, recursions: int, mixing: str,
                 halting: bool, binary: bool):  # fmt: skip
        super().__init__()
        self.grid_size, self.dim, self.depth, self.dropout = grid_size, dim, depth, dropout
        self.embedding = nn.Embedding(len((FREE, WALL, GOAL)), dim)
        self.norm = nn.LayerNorm(dim)
        self.head_norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, len(ACTIONS))
        self.halt = nn.Linear(dim, 1) if halting else None
        self.binary = binary
        self.recursions = recursions
        self._parameters_in_use = False
        self._build_mixing(mixing)

    def _build_mixing(self, mixing: str) -> None:
        """Create the blocks and, for mixing that cannot tell where a cell is, the positions."""
        tokens = self.grid_size**2
        self.mixing = mixing
        self.position = None
        if mixing == "mlp":
            self.position = nn.Parameter(nn.init.normal_(torch.empty(tokens, 1, self.dim), std=0.02))
        self.blocks = nn.ModuleList(MixerBlock(tokens, self.dim, self.dropout, mixing) for _ in range(self.depth))

    @property
    def halting(self) -> bool:
        """Whether every cell decides by itself when to stop."""
        return self.halt is not None

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, n*n), of any integer dtype, to logits over the actions, float (B, n*n, 5)."""
        *_, latent = self.unfold(tokens)
        return self.policy(latent)

    def unfold(self, tokens: Tensor) -> Iterator[Latent]:
        """The latent states of a forward pass, after every recursion."""
        inputs, latent = self.start(tokens)
        ends_by_itself = self.halting and not self.training
        for _ in range(len(inputs) if ends_by_itself else self.recursions):
            before, latent = latent, self.recur(inputs, latent)
            yield latent
            if ends_by_itself and torch.equal(latent.decided, before.decided):
                return

    def start(self, tokens: Tensor) -> tuple[Tensor, Latent]:
        """The inputs, float (tokens, B, dim), which every recursion reads, and the latent state before the first."""
        tokens = tokens.t()
        inputs = self.embedding(tokens.int())
        if self.position is not None:
            inputs = inputs + self.position
        waiting = (tokens != WALL).unsqueeze(-1)  # a wall has nothing to decide
        nothing = torch.zeros_like(waiting)
        return inputs, Latent(torch.zeros_like(inputs), nothing, waiting, nothing.float())

    def recur(self, inputs: Tensor, latent: Latent, decided: Tensor | None = None) -> Latent:
        """One recursion.

        decided: bool (tokens, B, 1), the cells that are decided after it; left out, the model's own flags tell.
        """
        if self.halt is None:
            return latent._replace(z=self.apply_blocks(inputs, latent.z))
        asked = latent.asked & ~latent.decided
        z = self.apply_blocks(inputs, latent.z * latent.decided)
        knows = self.halt(self.head_norm(z))
        z = torch.where(latent.decided, latent.z, self._settled(z))
        if decided is None:
            decided = latent.decided | asked & (knows > 0)
        return Latent(z, decided, asked, knows)

    def apply_blocks(self, inputs: Tensor, z: Tensor) -> Tensor:
        """The states that one recursion makes of z, before any cell decides; both (tokens, B, dim)."""
        z = self.norm(z) + inputs
        for block in self.blocks:
            z = block(z)
        return z

    def _settled(self, z: Tensor) -> Tensor:
        """The state with which a cell decides. With `binary`, its signs.

        Noise makes training prefer states far from zero, where their tanh is as good as the sign (after Salakhutdinov
        and Hinton, "Semantic Hashing", 2009).
        """
        if not self.binary:
            return z
        if self.training:
            return (z + STATE_NOISE * torch.randn_like(z)).tanh()
        return torch.where(z < 0, -1.0, 1.0)

    def policy(self, latent: Latent) -> Tensor:
        """Logits over the actions, float (B, n*n, 5)."""
        return self.head(self.head_norm(latent.z)).transpose(0, 1)

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.recursions)

    def set_extra_state(self, recursions: Tensor) -> None:
        self.recursions = int(recursions)

    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """As `nn.Module.named_parameters`. From now on somebody, an optimizer for example, may hold the parameters."""
        self._parameters_in_use = True
        return super().named_parameters(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As `nn.Module.load_state_dict`. Recursions and mixing are taken over from the state.

        Another mixing means other parameters. Raises UserError if this model's parameters have been handed out before:
        an optimizer that holds them would go on training parameters that the model no longer has.
        """
        for mixing, key in ONLY_IN.items():
            if key in state_dict and mixing != self.mixing:
                if self._parameters_in_use:
                    raise UserError(
                        f"these weights have mixing '{mixing}', but this model was created with '{self.mixing}', and "
                        "its parameters are in use, perhaps by an optimizer, which would no longer train the model; "
                        f"create the model with mixing='{mixing}', or load the weights before creating the optimizer"
                    )
                self._build_mixing(mixing)
                self.to(self.head.weight).train(self.training)  # device, dtype and mode of the remaining parts
        return super().load_state_dict(state_dict, strict, assign)


def create_model(
    grid_size: int = 8,
    dim: int = 64,
    depth: int = 2,
    dropout: float = 0.1,
    recursions: int = 4,
    mixing: str = "mlp",
    halting: bool = False,
    binary: bool = False,
) -> TinyRecursiveModel:
    """Create a model with random weights, in training mode.

    Args:
        grid_size: cells along one side of a maze, 3 to 1024; with mixing "mlp" up to 64.
        dim: channels of every cell.
        depth: Mixer blocks in one recursion.
        dropout: probability of zeroing a hidden activation of the channel mixing while training.
        recursions: how many times the blocks are applied.
        mixing: "mlp" for a dense matrix over the cells, "conv" for a 3 x 3 neighbourhood, "cross" for four neighbours.
        halting: whether each cell decides by itself when it knows its answer; needs local mixing, "conv" or "cross".
        binary: whether the channels of a decided cell are -1 or 1; needs halting.

    Raises UserError, which is a ValueError, for a value outside its bounds, and for a model larger than the memory.
    """
    shape = ModelSettings.of(locals())
    parameters = count_parameters(outline(shape))
    memory.require(4 * parameters, f"a model of {parameters:,} parameters", "lower `dim`, `depth` or `grid_size`")
    return TinyRecursiveModel(**shape.model_dump())


def outline(shape: ModelSettings) -> TinyRecursiveModel:
    """A model without numbers, on PyTorch's device `meta`: names, shapes and dtypes, and no memory."""
    with torch.device("meta"), NoInitialization():
        return TinyRecursiveModel(**shape.model_dump(include=set(ModelSettings.model_fields)))


class NoInitialization(TorchFunctionMode):
    """Within it, what `torch.nn.init` has been asked to fill stays as it is.

    On the device `meta` there is nothing to fill, and PyTorch would load its compiler to draw a random number there,
    which takes longer than all of the rest of a short command.
    """

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What a function of PyTorch returns; for an initializer, its tensor."""
        kwargs = kwargs or {}
        if getattr(function, "__module__", None) == nn.init.__name__:
            return (*args, *kwargs.values())[0]
        return function(*args, **kwargs)


def count_parameters(model: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
