"""Networks with random weights for the playground's tests, in the page and in JupyterLab."""

import itertools

import torch

from trm_nav import create_model, generate_mazes
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.navigation.wavefront import advance

SPREADING = 8  # recursions that a network must take somewhere before the last cell decides


def random_model(seed: int, binary: bool) -> TinyRecursiveModel:
    """A network with random weights in double precision, as JavaScript has it: both sides then round alike."""
    torch.manual_seed(seed)
    model = create_model(dim=4, depth=1, mixing="cross", halting=True, binary=binary).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
        model.head.bias.zero_()  # otherwise one action would be the answer nearly everywhere
    return model


def spreading_models(binary: bool, count: int) -> list[TinyRecursiveModel]:
    """Random networks in which cells decide one after the other. In most, all decide at once, or none."""
    mazes = generate_mazes(10, 12, "0.1..0.4", seed=1, kind="random,depth-first")
    models = (random_model(seed, binary) for seed in itertools.count())
    spreading = (one for one in models if advance(one, mazes.walls, mazes.goals)[1].max() >= SPREADING)
    return list(itertools.islice(spreading, count))
