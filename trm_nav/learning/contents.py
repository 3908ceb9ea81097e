"""What a checkpoint must hold, for a model that is used and for a run that goes on.

Every reader validates a checkpoint by these classes before it uses any of it: names, types, shapes and bounds follow
from the settings in its `config`, and no number may be infinite or NaN. Nothing is allocated that the file only claims.
"""

import random
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from trm_nav.errors import UserError, shown
from trm_nav.files import RUN_ID
from trm_nav.settings import MOST_EPOCHS, ModelSettings, TrainSettings
from trm_nav.tensor_files import require_dense

from .model import TinyRecursiveModel, outline

CURVES = "train_loss", "train_acc", "val_loss", "val_acc", "lr", "seconds"
RECURSIONS = "_extra_state"  # their key in a model's state

Epoch = Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
RunId = Annotated[str, Field(pattern=f"^{RUN_ID.pattern}$")]


class _Contents(BaseModel):
    """Plain values and tensors that are what they claim to be. Validators say in a clause what is wrong."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", arbitrary_types_allowed=True)


class BestModel(_Contents):
    """The model after the epoch with the lowest validation loss so far."""

    epoch: Epoch
    model_state_dict: dict[str, Tensor]
    val_acc: Share
    val_loss: Number


class SavedModel(BestModel):
    """A checkpoint as far as it is needed to use the model."""

    config: dict[str, Any]
    run: RunId | None = None
    "of the run that wrote it; checkpoints had none before trm_nav 1.1"

    @cached_property
    def shape(self) -> ModelSettings:
        """The settings of the model. Raises ValueError for a config that is none of this project's."""
        try:
            return ModelSettings.of(ModelSettings.part_of(self.config))
        except UserError as problem:
            raise ValueError(f"in its config, {problem}") from None

    @cached_property
    def outline(self) -> TinyRecursiveModel:
        """The model without its numbers: names, shapes and dtypes, and no memory."""
        return outline(self.shape)

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        check_weights(self.model_state_dict, self.outline, "model_state_dict")
        return self


class EarlyStopping(_Contents):
    best_epoch: Epoch
    best_val_loss: Number


class SavedRun(SavedModel):
    """A checkpoint as far as it is needed to go on as if the run had never stopped."""

    optimizer_state_dict: dict[str, Any]
    scheduler_state_dict: dict[str, Any]
    history: dict[Literal["train_loss", "train_acc", "val_loss", "val_acc", "lr", "seconds"], list[Number]]
    early_stopping: EarlyStopping
    random_states: dict[str, Any]
    fingerprints: dict[Literal["train", "val"], Annotated[str, Field(max_length=64)]]
    best: BestModel | None = None
    "not in checkpoints before trm_nav 1.1"

    @cached_property
    def settings(self) -> TrainSettings:
        """The settings of the run. Raises ValueError for a config that is none of this project's."""
        try:
            return TrainSettings.of({**self.config, "resume": None, "overwrite": False})
        except UserError as problem:
            raise ValueError(f"in its config, {problem}") from None

    @property
    def moments(self) -> dict[int, dict[str, Tensor]]:
        """AdamW's state of each parameter: the number of its steps, the running means of its gradient and square."""
        moments: dict[int, dict[str, Tensor]] = self.optimizer_state_dict["state"]
        return moments

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        assert self.settings  # or it raises
        _check_moments(self.optimizer_state_dict, self.outline)
        _check_history(self.history, self.epoch)
        losses = self.history["val_loss"]
        best = losses.index(min(losses))
        if (best + 1, losses[best]) != (self.early_stopping.best_epoch, self.early_stopping.best_val_loss):
            raise ValueError("its early_stopping is not that of its history")
        if self.best is not None:
            check_weights(self.best.model_state_dict, self.outline, "best model_state_dict")
            if (self.best.epoch, self.best.val_loss) != (best + 1, losses[best]):
                raise ValueError("its best model is not of the best epoch of its history")
        if set(self.fingerprints) != {"train", "val"}:
            raise ValueError("its fingerprints are not those of a training and a validation set")
        _check_random_states(self.random_states)
        return self


def check_weights(state: dict[str, Tensor], model: nn.Module, what: str) -> None:
    """Raise ValueError unless a state has what the model's has, in the same shapes, and its numbers are numbers."""
    expected = dict(model.state_dict())
    if state.keys() != expected.keys():
        missing, unknown = expected.keys() - state.keys(), state.keys() - expected.keys()
        problem = f"lacks {min(missing)}" if missing else f"has {shown(min(unknown))}"
        raise ValueError(f"its weights do not fit the model that its config describes: its {what} {problem}")
    recursions = expected.pop(RECURSIONS)
    for name, tensor in expected.items():
        check_tensor(state[name], tensor.dtype, tensor.shape, f"{name} in its {what}")
    check_tensor(state[RECURSIONS], recursions.dtype, recursions.shape, f"{RECURSIONS} in its {what}")
    try:
        ModelSettings.of({"recursions": int(state[RECURSIONS])})
    except UserError as problem:
        raise ValueError(f"{RECURSIONS} in its {what}: {problem}") from None


def check_tensor(tensor: Any, dtype: torch.dtype, shape: tuple[int, ...], what: str) -> None:
    """Raise ValueError unless a value is a dense tensor with this dtype and shape, all of whose numbers are finite."""
    require_dense(tensor, what)
    if tensor.dtype != dtype or tuple(tensor.shape) != tuple(shape):
        asked, found = (f"{str(kind).removeprefix('torch.')} of shape {shown(tuple(size))}"
                        for kind, size in ((dtype, shape), (tensor.dtype, tensor.shape)))  # fmt: skip
        raise ValueError(f"{what} should be {asked}, not {found}, for the model that its config describes")
    if not bool(tensor.isfinite().all()):
        raise ValueError(f"{what} has numbers that are NaN or infinite")


def _check_moments(state: dict[str, Any], model: nn.Module) -> None:
    moments, parameters = state.get("state"), list(model.named_parameters())
    if not isinstance(moments, dict) or moments.keys() != set(range(len(parameters))):
        raise ValueError("its optimizer_state_dict does not fit the model that its config describes")
    for number, (name, parameter) in enumerate(parameters):
        values, what = moments[number], f"of {name} in its optimizer_state_dict"
        if not isinstance(values, dict) or values.keys() != {"step", "exp_avg", "exp_avg_sq"}:
            raise ValueError(f"the state {what} is not AdamW's")
        check_tensor(values["step"], torch.float32, (), f"step {what}")
        for moment in ("exp_avg", "exp_avg_sq"):
            check_tensor(values[moment], parameter.dtype, parameter.shape, f"{moment} {what}")
        if values["step"] < 1 or (values["exp_avg_sq"] < 0).any():
            raise ValueError(f"the state {what} has negative numbers where there can be none")


def _check_history(history: Mapping[Any, list[float]], epochs: int) -> None:
    if set(history) != set(CURVES) or {len(curve) for curve in history.values()} != {epochs}:
        raise ValueError(f"its history should have an entry for each of {epochs} epochs in {', '.join(CURVES)}")
    for name in ("train_acc", "val_acc"):
        if not all(0 <= share <= 1 for share in history[name]):
            raise ValueError(f"{name} in its history should hold shares from 0 to 1")


def _check_random_states(states: dict[str, Any]) -> None:
    """Try the states on generators of their own."""
    generator = torch.Generator()
    try:
        for name in ("torch", "sampler"):
            check_tensor(states[name], torch.uint8, generator.get_state().shape, name)
            generator.set_state(states[name])
        for state in states["cuda"]:
            check_tensor(state, torch.uint8, state.shape, "cuda")
        random.Random().setstate(states["python"])
        name, keys, *rest = states["numpy"]
        check_tensor(keys, torch.int64, (624,), "numpy")
        np.random.RandomState().set_state((name, keys.numpy().astype(np.uint32), *rest))
        if not isinstance(states["python"][2], float | None):
            raise ValueError
    except Exception:  # the generators' own complaints are of every kind
        raise ValueError("its random_states are not states of random number generators") from None
