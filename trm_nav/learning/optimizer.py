"""AdamW (Loshchilov and Hutter, 2019), PyTorch's own."""

from inspect import unwrap

import torch
from torch.optim import AdamW as _AdamW


class AdamW(_AdamW):
    """PyTorch's AdamW, which does not load PyTorch's compiler.

    Some methods of PyTorch's optimizers load the compiler, only to tell it to leave them alone. Nothing is compiled
    here, and in every process that trains, the compiler would take as long to load as PyTorch itself.
    """

    add_param_group = unwrap(_AdamW.add_param_group)
    zero_grad = unwrap(_AdamW.zero_grad)
    step = torch.no_grad()(unwrap(_AdamW.step))
    state_dict = unwrap(_AdamW.state_dict)
    load_state_dict = unwrap(_AdamW.load_state_dict)
