"""The start of a run as one file, from which a page trains as the library does: weights, mazes, order of the samples.

The file: the length of a header in bytes, uint32; the header, JSON in UTF-8; then arrays, little-endian, which the
header lists with their name, dtype, shape and offset from its end. trainer/exported.js reads it.
"""

import json
import struct
from typing import Any

import numpy as np
import torch

from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import recursions_at
from trm_nav.mazes.dataset import Dataset

DRAWN = {"order": np.int32, "turns": np.uint8, "recursions": np.int32, "taught": np.uint8}
ALIGNED = 4  # bytes: an array of float32 starts at a multiple


def export(experiment: Experiment, epochs: int) -> bytes:
    """The start of an experiment that has not been trained yet, and the order of the samples in its first epochs.

    Arrays: `weights/NAME` for every parameter, float32; `train/` and `val/` with tokens and optimal, uint8 (N, n*n),
    steps, int16 (N, n*n), and agents, int32 (N,); `epochs/` with what training draws in each: order, int32 (epochs, N),
    and as far as the settings ask for them turns, uint8 (epochs, N), the symmetry of every sample in that order;
    recursions, int32 (epochs, batches); and taught, uint8 (epochs, batches), whether the expert says who has decided.
    """
    run = experiment.run
    arrays = {f"weights/{name}": value.detach().numpy() for name, value in run.model.named_parameters()}
    for name, part in (("train", experiment.train_set), ("val", experiment.val_set)):
        arrays |= {f"{name}/{field}": array for field, array in _mazes(part).items()}
    arrays |= _orders(experiment, epochs)
    settings = {**experiment.data.plain(), **run.settings.plain()}
    return _packed({"settings": settings, "epochs": epochs}, arrays)


def _mazes(dataset: Dataset) -> dict[str, np.ndarray]:
    samples = Samples.of(dataset, "policy", torch.device("cpu"))
    return {
        "tokens": samples.tokens.numpy(),
        "optimal": samples.optimal.numpy(),
        "steps": samples.distances.numpy(),
        "agents": samples.agents.numpy().astype(np.int32),
    }


def _orders(experiment: Experiment, epochs: int) -> dict[str, np.ndarray]:
    """What `Training` draws from its sampler, in the same order."""
    run, settings = experiment.run, experiment.run.settings
    sampler = torch.Generator().manual_seed(settings.seed)
    drawn: dict[str, list[torch.Tensor]] = {"order": [], "turns": [], "recursions": [], "taught": []}
    for epoch in range(epochs):
        most = recursions_at(epoch, settings)
        order = torch.randperm(len(run.train_samples), generator=sampler)
        drawn["order"].append(order)
        for part in order.tensor_split(run.batches):
            if settings.augment:
                drawn["turns"].append(torch.randint(8, (len(part),), generator=sampler))
            if settings.random_recursions:
                drawn["recursions"].append(torch.randint(1, most + 1, (1,), generator=sampler))
            if settings.teacher_forcing > 0:
                drawn["taught"].append(torch.rand((1,), generator=sampler) < settings.teacher_forcing)
    return {
        f"epochs/{name}": torch.cat(parts).reshape(epochs, -1).numpy().astype(DRAWN[name])
        for name, parts in drawn.items()
        if parts
    }


def _packed(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    listed, content = [], bytearray()
    for name, array in arrays.items():
        content += b"\0" * (-len(content) % ALIGNED)
        listed.append({"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "offset": len(content)})
        content += array.astype(array.dtype.newbyteorder("<")).tobytes()
    text = json.dumps({**header, "arrays": listed}).encode()
    return struct.pack("<I", len(text)) + text + bytes(content)
