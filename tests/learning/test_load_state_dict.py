"""Loading weights into a model that was created with another mixing: safe, or refused."""

import pytest
import torch
from tiny import assert_close, assert_same

from trm_nav import UserError, create_model
from trm_nav.learning.model import count_parameters

SIZE = {"grid_size": 4, "dim": 8, "depth": 2}
TOKENS = torch.zeros(2, 16, dtype=torch.uint8)
each_order = pytest.mark.parametrize(("mixing", "other"), [("mlp", "conv"), ("conv", "mlp")])


@each_order
def test_a_new_model_takes_over_the_mixing_of_the_weights_and_an_optimizer_made_then_trains_it(mixing, other):
    trained, model = create_model(**SIZE, mixing=other), create_model(**SIZE, mixing=mixing)
    model.load_state_dict(trained.state_dict())
    assert model.mixing == other
    assert_same(dict(model.state_dict()), dict(trained.state_dict()))
    assert_close(model.eval()(TOKENS), trained.eval()(TOKENS))

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    model(TOKENS).square().sum().backward()
    optimizer.step()
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved <= {name for name, parameter in model.named_parameters() if parameter.grad.any()}
    assert {"embedding.weight", "head.weight"} < moved and any(name.startswith("blocks.") for name in moved)


@each_order
def test_once_an_optimizer_holds_the_parameters_weights_of_another_mixing_are_refused(mixing, other):
    trained, model = create_model(**SIZE, mixing=other), create_model(**SIZE, mixing=mixing)
    before = {name: value.clone() for name, value in model.state_dict().items() if isinstance(value, torch.Tensor)}
    torch.optim.AdamW(model.parameters())
    with pytest.raises(UserError, match=f"mixing '{other}'.* created with '{mixing}'.* before creating the optimizer"):
        model.load_state_dict(trained.state_dict())
    assert model.mixing == mixing
    for name, value in before.items():
        assert torch.equal(model.state_dict()[name], value)


@pytest.mark.parametrize("mixing", ["mlp", "conv"])
def test_weights_of_the_same_mixing_can_be_loaded_at_any_time(mixing):
    trained, model = create_model(**SIZE, mixing=mixing, recursions=7), create_model(**SIZE, mixing=mixing)
    held = list(model.parameters())
    assert count_parameters(model) == sum(parameter.numel() for parameter in held)
    model.load_state_dict(trained.state_dict())
    assert model.recursions == 7
    assert all(parameter is now for parameter, now in zip(held, model.parameters(), strict=True))
