"""The training loop: learning rate, one epoch, a whole run.

It reads and writes no files and draws nothing. `run.py` adds the files and `train.py` the command; a notebook can
iterate over `Training.epochs()` itself and look at the model between two epochs.
"""

import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any
from uuid import uuid4

import torch
from torch import Tensor

from trm_nav.errors import UserError
from trm_nav.mazes.dataset import Dataset
from trm_nav.settings import ModelSettings, TrainSettings

from .contents import BestModel, SavedRun
from .device import choose_device, choose_threads, processor_set
from .loss import chance, count_right, policy_loss
from .model import create_model
from .optimizer import AdamW
from .recursion import halting_loss, unroll, within_reach
from .reproducibility import provenance, random_states, restore_random_states, set_seed
from .samples import Samples

WARM_UP = 0.1  # share of the steps during which the learning rate rises to its peak
GRADIENT_NORM = 1.0  # gradients with a larger norm are scaled down to it


def new_id() -> str:
    """The identity of a run, which all its files carry: 32 hexadecimal digits."""
    return uuid4().hex


class Diverged(UserError):
    """The loss is no longer a finite number."""


def learning_rate_factor(step: int, steps: int) -> float:
    """The learning rate at a step as a share of its peak: linear up during the warm-up, then linear down to 0."""
    warm_up = max(1, round(WARM_UP * steps))
    return min((step + 1) / warm_up, max(0, steps - step) / max(1, steps - warm_up))


def recursions_at(epoch: int, settings: TrainSettings) -> int:
    """Recursions in an epoch, counted from 0: a quarter of them, half, then all, for a third of the epochs each."""
    thirds_left = 3 * (settings.epochs - 1 - epoch) // settings.epochs if settings.grow_recursions else 0
    return max(1, settings.recursions >> thirds_left)


class Training:
    """One run: the model, the optimizer, and the history so far.

    `history` has a list with one entry per epoch for each of train_loss, train_acc, val_loss, val_acc, lr, seconds.
    Losses are in nats. Accuracies are the share of mazes whose predicted action at the agent's cell is optimal; for
    train_acc in training mode: with dropout, with augmented mazes, and among those whose agent's cell the loss asks.
    lr is the learning rate at the start of the epoch. train_loss is what training minimises: with `halting` it includes
    the loss of the flags, and with `within_reach` it asks fewer cells; val_loss is always the policy's on all cells.
    """

    def __init__(self, settings: TrainSettings, train_set: Dataset, val_set: Dataset):
        """Raises UserError if the settings and the data sets do not fit together."""
        require_agreement(settings, train_set, val_set)
        settings = settings.model_copy(
            update={
                "grid_size": train_set.grid_size,
                "augment": train_set.augment if settings.augment is None else settings.augment,
                "threads": choose_threads(settings),
            }
        )
        set_seed(settings.seed)
        self.settings = settings
        self.device = choose_device(settings.device)
        self.train_samples = Samples.of(train_set, settings.supervision, self.device)
        self.val_samples = Samples.of(val_set, settings.supervision, self.device)
        self.fingerprints = {"train": train_set.fingerprint, "val": val_set.fingerprint}
        self.chance = {
            "train": chance(self.train_samples.optimal, self.train_samples.agents),
            "val": chance(self.val_samples.optimal, self.val_samples.agents),
        }

        self.model = create_model(**settings.model_dump(include=set(ModelSettings.model_fields))).to(self.device)
        self.optimizer = AdamW(
            self.model.parameters(), lr=settings.lr, betas=(0.9, 0.98), weight_decay=settings.weight_decay, fused=True
        )
        self.batches = math.ceil(len(train_set) / settings.batch_size)  # per epoch
        steps = self.batches * settings.epochs
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: learning_rate_factor(step, steps)
        )
        self.sampler = torch.Generator().manual_seed(settings.seed)  # on the CPU: the same order on every device
        self.history: dict[str, list[float]] = {
            name: [] for name in ("train_loss", "train_acc", "val_loss", "val_acc", "lr", "seconds")
        }
        self.best_epoch, self.best_val_loss = 0, math.inf
        self.best_model: dict[str, Any] = {}  # as in a checkpoint, after the best epoch; empty if nobody kept it
        self.diverged = False
        self.id: str | None = new_id()

    @property
    def threads(self) -> int:
        """CPU threads that this run computes on."""
        assert self.settings.threads is not None  # set by __init__
        return self.settings.threads

    @property
    def epoch(self) -> int:
        """The number of finished epochs, which is also the number of the last one: epochs count from 1."""
        return len(
            self.history["seconds"]
        )  # the last to get its entry: whoever looks from another thread finds all six

    @property
    def improved(self) -> bool:
        """Whether the last epoch has the lowest validation loss so far."""
        return self.epoch == self.best_epoch

    @property
    def out_of_patience(self) -> bool:
        return self.epoch - self.best_epoch >= self.settings.patience

    def epochs(self, on_step: Callable[[float], None] | None = None) -> Iterator[int]:
        """Train until the last epoch or until patience runs out. Yields the number of each epoch when it is finished.

        on_step is called after every gradient step with the share of the epoch that is finished; an exception that it
        raises ends the epoch. Raises Diverged when a loss is not finite; `history` then ends with the epoch before.
        """
        while self.epoch < self.settings.epochs and not self.out_of_patience:
            started = time.perf_counter()
            self.model.recursions = recursions_at(self.epoch, self.settings)
            lr = self.optimizer.param_groups[0]["lr"]
            with processor_set(self.threads):
                train_loss, train_acc = self._train(on_step)
                val_loss, val_acc = self.validate()
            if not (math.isfinite(train_loss) and math.isfinite(val_loss)):
                self.diverged = True
                raise Diverged(
                    f"the loss is not a number in epoch {self.epoch + 1} at learning rate "
                    f"{self.settings.lr:g}: lower it, for example to `lr={self.settings.lr / 10:g}`"
                )
            entry = (train_loss, train_acc, val_loss, val_acc, lr, time.perf_counter() - started)
            for name, value in zip(self.history, entry, strict=True):
                self.history[name].append(value)
            if val_loss < self.best_val_loss:
                self.best_epoch, self.best_val_loss = self.epoch, val_loss
                self.best_model = deepcopy(self.saved_model())
            yield self.epoch

    def _train(self, on_step: Callable[[float], None] | None) -> tuple[float, float]:
        """One pass over the training set. Returns its mean loss and accuracy."""
        self.model.train()
        total_loss = total_right = total_asked = torch.zeros((), device=self.device)
        order = torch.randperm(len(self.train_samples), generator=self.sampler)
        # Batches of equal size: a small last one would count as much as a full one.
        for step, index in enumerate(order.tensor_split(self.batches), start=1):
            batch = self.train_samples[index.to(self.device)]
            if self.settings.augment:
                batch = batch.transformed(torch.randint(8, (len(index),), generator=self.sampler).to(self.device))
            logits, optimal, loss = self._answers(batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM)
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.schedule.step()
            # Sums stay on the device until the end of the epoch: reading one would make a GPU wait.
            total_loss = total_loss + loss.detach() * len(index)
            total_right = total_right + count_right(logits.detach(), optimal, batch.agents)
            total_asked = total_asked + (optimal.gather(1, batch.agents[:, None]) != 0).sum()
            if on_step is not None:
                on_step(step / self.batches)
        return total_loss.item() / len(order), total_right.item() / max(1, total_asked.item())

    def _answers(self, batch: Samples) -> tuple[Tensor, Tensor, Tensor]:
        """The model's logits for a batch, the optimal sets that it was asked for, and its loss."""
        settings, recursions = self.settings, self.model.recursions
        if settings.random_recursions:
            recursions = int(torch.randint(1, recursions + 1, (), generator=self.sampler))
        taught = settings.teacher_forcing > 0 and torch.rand((), generator=self.sampler) < settings.teacher_forcing
        latent = unroll(
            self.model, batch.tokens, recursions, settings.gradient_recursions, batch.distances if taught else None
        )
        logits, optimal = self.model.policy(latent), batch.optimal
        reached = within_reach(batch.distances, recursions, settings.depth)
        if settings.within_reach:
            optimal = torch.where(reached, optimal, 0)
        loss = policy_loss(logits, optimal)
        if settings.halting:
            loss = loss + halting_loss(latent, reached)
        return logits, optimal, loss

    @torch.no_grad()
    def validate(self) -> tuple[float, float]:
        """Mean loss and accuracy on the validation set, without augmentation."""
        self.model.eval()
        total_loss = total_right = torch.zeros((), device=self.device)
        for index in torch.arange(len(self.val_samples), device=self.device).split(self.settings.batch_size):
            batch = self.val_samples[index]
            logits = self.model(batch.tokens)
            total_loss = total_loss + policy_loss(logits, batch.optimal) * len(index)
            total_right = total_right + count_right(logits, batch.optimal, batch.agents)
        return total_loss.item() / len(self.val_samples), total_right.item() / len(self.val_samples)

    def curves(self) -> dict[str, list[float]]:
        """The history of the finished epochs: a copy, in which all lists are equally long at any time."""
        epochs = self.epoch
        return {name: values[:epochs] for name, values in self.history.items()}

    def record(self) -> dict[str, Any]:
        """The history and what a diagnosis needs in addition, as plain values: the content of `history.json`."""
        return {
            **self.curves(),
            "best_epoch": self.best_epoch,
            "diverged": self.diverged,
            "chance": self.chance,
            "mazes": len(self.train_samples),
            "config": self.settings.plain(),
        }

    def origin(self) -> dict[str, Any]:
        """What is needed to reproduce the run in addition to its settings, as plain values."""
        return {
            "run": self.id,
            "seed": self.settings.seed,
            "fingerprints": self.fingerprints,
            "threads": self.threads,
            **provenance(),
        }

    def saved_model(self) -> dict[str, Any]:
        """The model after the last epoch, and how well it does."""
        return {
            "epoch": self.epoch,
            "model_state_dict": self.model.state_dict(),
            "val_acc": self.history["val_acc"][-1],
            "val_loss": self.history["val_loss"][-1],
        }

    def best_checkpoint(self) -> dict[str, Any]:
        """The model after the best epoch, in a checkpoint that suffices to use it."""
        return {**self.best_model, "config": self.settings.plain(), "run": self.id}

    def checkpoint(self) -> dict[str, Any]:
        """The complete state of the run as tensors and plain values; see `checkpoint.py`."""
        model = self.saved_model()
        return {
            **model,
            "best": model if self.improved else self.best_model or None,  # the same tensors are saved once
            "optimizer_state_dict": self.optimizer.state_dict(),
            "scheduler_state_dict": self.schedule.state_dict(),
            "config": self.settings.plain(),
            "history": self.curves(),
            "early_stopping": {"best_epoch": self.best_epoch, "best_val_loss": self.best_val_loss},
            "random_states": {**random_states(), "sampler": self.sampler.get_state()},
            **self.origin(),
        }

    def restore(self, saved: SavedRun) -> None:
        """Restore the state of a checkpoint. Raises UserError if it was trained on other data."""
        for name, fingerprint in self.fingerprints.items():
            if saved.fingerprints[name] != fingerprint:  # type: ignore[index]  # pydantic has checked the keys
                raise UserError(
                    f"the checkpoint was trained on another data set than the one that `{name}_path` names now; "
                    "name the same file, or start a new run without `resume`"
                )
        self.model.load_state_dict(saved.model_state_dict)
        groups = self.optimizer.state_dict()["param_groups"]  # they follow from the settings
        self.optimizer.load_state_dict({"state": saved.moments, "param_groups": groups})
        steps = saved.epoch * self.batches
        lr = self.settings.lr * self.schedule.lr_lambdas[0](steps)  # the checkpoint's, unless there are more epochs now
        self.schedule.load_state_dict(
            {"last_epoch": steps, "_step_count": steps + 1, "_last_lr": [lr], "lr_lambdas": [None]}
        )
        self.optimizer.param_groups[0]["lr"] = lr
        self.history = {name: list(saved.history[name]) for name in self.history}  # type: ignore[index]
        self.best_epoch = saved.early_stopping.best_epoch
        self.best_val_loss = saved.early_stopping.best_val_loss
        best = saved if saved.epoch == self.best_epoch else saved.best
        self.best_model = best.model_dump(include=set(BestModel.model_fields)) if best else {}
        self.sampler.set_state(saved.random_states["sampler"])
        restore_random_states(saved.random_states)
        self.id = saved.run


def require_agreement(settings: TrainSettings, train_set: Dataset, val_set: Dataset) -> None:
    """Raise UserError unless both data sets have the grid size that the settings ask for."""
    if settings.grid_size not in (None, train_set.grid_size):
        raise UserError(
            f"`grid_size={settings.grid_size}` was given, but the mazes of the training set are "
            f"{train_set.grid_size} x {train_set.grid_size}; leave it out, or generate other data"
        )
    if train_set.grid_size != val_set.grid_size and settings.mixing == "mlp":
        raise UserError(
            f"the training set has mazes of {train_set.grid_size} x {train_set.grid_size}, the validation "
            f"set of {val_set.grid_size} x {val_set.grid_size}; both must have the same size"
        )
