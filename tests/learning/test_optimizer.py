"""AdamW is PyTorch's, step for step, and trains without PyTorch's compiler."""

import subprocess
import sys
from copy import deepcopy

import pytest
import torch
from tiny import assert_same

from trm_nav.learning.optimizer import AdamW

LOADED = """
import sys, torch
from trm_nav import create_model
from trm_nav.learning.optimizer import AdamW

model = create_model(dim=8, depth=1)
optimizer = AdamW(model.parameters(), fused=True)
model(torch.zeros(1, 64, dtype=torch.int64)).sum().backward()
optimizer.step()
optimizer.zero_grad()
optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize("settings", [{}, {"fused": True, "betas": (0.9, 0.98), "weight_decay": 0.1, "lr": 0.02}])
def test_it_steps_saves_and_restores_as_pytorchs_does(settings):
    models, states = [], []
    for kind in (AdamW, torch.optim.AdamW):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
        optimizer = kind(model.parameters(), **settings)
        assert isinstance(optimizer, torch.optim.AdamW)
        for step in range(6):
            model(torch.randn(5, 3)).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            if step == 3:
                saved = deepcopy(optimizer.state_dict())
                optimizer = kind(model.parameters(), **settings)
                optimizer.load_state_dict(saved)
        assert all(parameter.grad is None for parameter in model.parameters())
        models.append(model.state_dict())
        states.append(optimizer.state_dict())
    assert_same(*models)
    assert_same(*states)


@pytest.mark.slow
def test_a_model_is_created_and_trained_without_pytorchs_compiler_which_takes_longer_to_load_than_all_of_the_rest():
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
