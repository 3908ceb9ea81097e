"""Models with `halting`: with random weights of which some decide, and one that the recipe `wave` has trained."""

from pathlib import Path

import numpy as np
import torch

from trm_nav import create_model, generate_mazes
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.mazes.encoding import encode
from trm_nav.mazes.grids import Mazes
from trm_nav.settings import ModelSettings, recipe

WEIGHTS = Path(__file__).with_name("waves.pt")  # 446 parameters, trained by the recipe `wave` with seed 1
DECIDES_AT_ONCE = 0.1  # share of the cells of a random model
CLEAR = 1e-3  # in logits


def trained_wave() -> TinyRecursiveModel:
    """A trained model, in evaluation mode. The certificate says that it is right on every maze."""
    model = create_model(**recipe("wave", ModelSettings))
    model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return model.eval()


@torch.no_grad()
def random_wave(
    seed: int = 6, mixing: str = "cross", depth: int = 1, binary: bool = False, halting: bool = True
) -> TinyRecursiveModel:
    """A model with random weights in double precision, in which some cells decide at once, others later or never."""
    model = create_model(dim=8, depth=depth, mixing=mixing, dropout=0.0, halting=halting, binary=binary)
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.double().eval().parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2)
    if model.halt is not None:
        first = model.recur(*model.start(tokens_of(generate_mazes(50, 8, seed=seed))))
        knows = first.knows[first.asked].sort().values
        k = round((1 - DECIDES_AT_ONCE) * len(knows))
        while knows[k] - knows[k - 1] < CLEAR:  # no cell so near to the threshold that a processor's rounding decides
            k -= 1
        model.halt.bias -= (knows[k - 1] + knows[k]) / 2
    return model


def tokens_of(mazes: Mazes) -> torch.Tensor:
    """Mazes as the model reads them: (N, n*n)."""
    return torch.from_numpy(encode(mazes.walls, mazes.goals))


def mazes_of_all_kinds(num: int, n: int, seed: int = 0) -> Mazes:
    """As many mazes of each kind: few and many independent walls, perfect ones, perfect ones with holes."""
    parts = [generate_mazes(num, n, density, seed=seed + i) for i, density in enumerate((0.05, 0.2, 0.4))]
    for kind, holes in [("wilson", 0.0), ("depth-first", 0.0), ("depth-first", 0.2)]:
        parts.append(generate_mazes(num, n, kind=kind, holes=holes, seed=seed))
    return Mazes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("walls", "starts", "goals")))
