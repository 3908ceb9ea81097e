"""The controls of the laboratory: the settings that they move, and a trait for each."""

from typing import TYPE_CHECKING, Any, TypeAlias

import traitlets

from trm_nav.declaration import nearest
from trm_nav.errors import UserError, shown
from trm_nav.settings import DataSettings, TrainSettings

from .experiment import SHOWN

if TYPE_CHECKING:
    Trait: TypeAlias = traitlets.TraitType[Any, Any]
else:
    Trait = traitlets.TraitType  # Colab has traitlets 5.7, where this class takes no types

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
CONTROLLED = (*CHOICES, "augment", "supervision", "mixing", "seed")
"All settings with a control, as in laboratory_controls.js."


def checked(name: str, value: Any) -> Any:
    """The value as the setting has it: a whole number for `lr`, for example, becomes a float.

    Raises UserError if no control has this name, and for a value that the setting does not accept.
    """
    if name not in CONTROLLED:
        raise UserError(f"the laboratory has no control for '{name}'{nearest(name, CONTROLLED)}")
    settings = DataSettings if name in DataSettings.model_fields else TrainSettings
    return getattr(settings.of({name: value}), name)


class Setting(Trait):
    """A trait that accepts what the setting of its name accepts. Another value raises UserError."""

    def validate(self, obj: Any, value: Any) -> Any:
        return checked(str(self.name), value)


class Switch(Trait):
    """A trait that is True or False. Another value raises UserError."""

    def validate(self, obj: Any, value: Any) -> bool:
        if not isinstance(value, bool):
            raise UserError(f"`{self.name}` must be True or False, not {shown(value)}")
        return value


class MazeNumber(Trait):
    """A trait that numbers the mazes whose policies are kept, from 1. Another value raises UserError."""

    def validate(self, obj: Any, value: Any) -> int:
        if type(value) is not int or not 1 <= value <= SHOWN:
            raise UserError(f"`{self.name}` must be a whole number from 1 to {SHOWN}, not {shown(value)}")
        return value
