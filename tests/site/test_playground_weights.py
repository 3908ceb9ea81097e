"""What the front page says of the network in the playground is true of the weights in the page."""

import json

import torch
from book import ROOT

from trm_nav import create_model
from trm_nav.learning.model import count_parameters
from trm_nav.proof.certificate import certify
from trm_nav.settings import ModelSettings, recipe


def test_the_network_in_the_playground_has_446_parameters_and_is_proved_right_on_every_maze():
    weights = json.loads((ROOT / "site" / "playground" / "weights.json").read_text())
    model = create_model(**recipe("wave", ModelSettings))
    parameters = dict(model.named_parameters())
    assert weights["parameters"].keys() == parameters.keys()
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.tensor(weights["parameters"][name]))
    assert count_parameters(model) == 446
    assert certify(model.eval()).holds
