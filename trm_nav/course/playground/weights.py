"""A model's weights as plain data, from which a page computes its answers without Python."""

from typing import Any

import torch

from trm_nav.errors import UserError
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.navigation.wavefront import follows_the_front

FORMAT, VERSION = "trm_nav playground weights", 1  # as in network.js


def weights(model: TinyRecursiveModel) -> dict[str, Any]:
    """The parameters of a model, with what a page needs to know about them; `json.dumps` writes the result.

    Returns `format` and `version`; `dim`; `binary`; and `parameters`, nested lists of floats by the names and in the
    shapes that the model gives them. Raises UserError for a model without `halting`, with another mixing than "cross"
    or with more than one block, and for parameters that are not finite.
    """
    if not follows_the_front(model):
        raise UserError(
            "the playground needs a model with `halting`, `mixing='cross'` and `depth=1`, such as the recipe `wave` "
            f"trains, not one with `halting={model.halting}`, `mixing={model.mixing!r}` and `depth={model.depth}`"
        )
    parameters = {name: parameter.detach().cpu() for name, parameter in model.named_parameters()}
    for name, parameter in parameters.items():
        if not torch.isfinite(parameter).all():
            raise UserError(f"the parameter `{name}` is not finite, so the training has diverged; train another model")
    return {
        "format": FORMAT,
        "version": VERSION,
        "dim": model.dim,
        "binary": model.binary,
        "parameters": {name: parameter.tolist() for name, parameter in parameters.items()},
    }
