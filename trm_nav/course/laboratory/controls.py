"""The controls of the laboratory: its sliders, check boxes and buttons, before anything is connected to them."""

from collections.abc import Callable
from typing import Any

import ipywidgets

from trm_nav.course.widgets import LABEL

CHOICES: dict[str, tuple[str, list[Any]]] = {
    "num_train": ("mazes", [100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000, 20_000]),
    "epochs": ("epochs", [5, 10, 12, 15, 16, 20, 30, 40, 60]),
    "dim": ("dim", [2, 4, 8, 16, 32, 64, 128]),
    "depth": ("depth", [1, 2, 3, 4]),
    "recursions": ("recursions", [1, 2, 3, 4, 6, 8]),
    "lr": ("learning rate", [1e-4, 5e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0]),
    "dropout": ("dropout", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    "weight_decay": ("weight decay", [0.0, 0.01, 0.05, 0.1, 0.3, 1.0, 10.0]),
}
"The sliders: setting -> (label, values)."
SUPERVISIONS = [("the agent's cell", "action"), ("every cell", "policy")]
WIDE = {"width": "26em"}


def sliders() -> dict[str, ipywidgets.Widget]:
    """A slider for each of CHOICES, and two more controls, by the names of their settings."""
    controls: dict[str, ipywidgets.Widget] = {
        name: ipywidgets.SelectionSlider(
            options=[(printed(value), value) for value in values],
            description=label,
            continuous_update=False,
            layout=WIDE,
            **LABEL,
        )
        for name, (label, values) in CHOICES.items()
    }
    controls["augment"] = ipywidgets.Checkbox(description="augmentation", layout=WIDE, **LABEL)
    controls["supervision"] = ipywidgets.Dropdown(
        options=SUPERVISIONS, description="the loss reads", layout=WIDE, **LABEL
    )
    return controls


def button(
    label: str, clicked: Callable[[ipywidgets.Button], None], style: str = "", width: str = "10em"
) -> ipywidgets.Button:
    made = ipywidgets.Button(description=label, button_style=style, layout={"width": width})
    made.on_click(clicked)
    return made


def printed(value: float) -> str:
    return f"{value:,}" if value >= 1000 else f"{value:g}"
