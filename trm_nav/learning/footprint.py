"""How much memory a training needs, from its settings and the size of its data set."""

from trm_nav.mazes.dataset import Dataset
from trm_nav.settings import ModelSettings, TrainSettings

from .model import count_parameters, outline

# Bytes at the peak, beyond the libraries; benchmarks/RESULTS.md has the measurements, on mazes of 8 x 8 to 32 x 32.
PER_CELL_OF_DATA = 16.8
PER_ACTIVATION = 45.2  # for each cell, channel, block and recursion of a batch, kept for the backward pass
PER_PARAMETER = 60  # itself, its gradient, AdamW's two means, the best so far, and twice all that while it is saved


def footprint(settings: TrainSettings, train_set: Dataset) -> float:
    """The bytes that a training on a CPU needs at its peak, beyond what is loaded already; an estimate."""
    n = train_set.grid_size
    shape = ModelSettings.of({**ModelSettings.part_of(settings.model_dump()), "grid_size": n})
    recursions = min(settings.recursions, settings.gradient_recursions or settings.recursions)
    batch = min(settings.batch_size, len(train_set))
    return (
        PER_CELL_OF_DATA * len(train_set) * n**2
        + PER_ACTIVATION * batch * n**2 * settings.dim * settings.depth * recursions
        + PER_PARAMETER * count_parameters(outline(shape))
    )
