"""Every threshold of the diagnosis, in one table: `THRESHOLDS`.

`THRESHOLDS.model_dump()` is the table as plain numbers, and `Thresholds.model_fields[name].description` says what each
of them is. They were chosen by looking at benchmarks/histories/tuning.jsonl; `benchmarks/studies/faults` judges them
on other runs.

Units: accuracies are shares from 0 to 1. "Of guessing" means a share of the loss that guessing costs on the training
mazes, the highest loss that a useful policy can have. "Of the loss" means a share of the loss itself. Noise is the
standard deviation of a loss around its course, as a share of the loss (`curves.noise`).
"""

from pydantic import BaseModel, ConfigDict


class Thresholds(BaseModel):
    """The thresholds; none of them depends on the number of epochs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    shortest: int = 5
    "epochs that a run must have before its shape is judged"
    smallest_loss: float = 1e-4
    "nats; a smaller loss counts as this where it is divided by or its logarithm is taken"
    smallest_chance: float = 0.1
    "nats; where guessing costs less, as on a set of one maze, no loss can be compared with it"
    last_epochs: int = 2
    "epochs at the end that stand for the outcome of a run"
    smallest_part: int = 2
    "epochs; no part of a run that is looked at on its own is shorter"
    begins_at: float = 0.5
    "of the gap in the end, or of the largest swing; a gap or a swinging begins where it is more than this"
    good: float = 0.92
    "accuracy in training and on held-out mazes from which a run without a fault is healthy"
    very_good: float = 0.95
    "held-out accuracy from which the validation loss need not fall any further"

    diverging_loss: float = 1.5
    "of guessing; a training loss above this has diverged, unless both accuracies end up good"

    overfitting_rise: float = 0.05
    "of the lowest validation loss; by how much more than this it must have risen since"
    overfitting_rise_of_guessing: float = 0.03
    "of guessing; the same rise must also be more than this"
    overfitting_rise_noise: float = 4.0
    "multiples of the noise; and more than this"
    overfitting_train_fall: float = 0.05
    "of the training loss; it must have fallen by this since the validation loss was lowest"
    overfitting_gap: float = 0.06
    "accuracy; a larger difference between training and held-out mazes is overfitting, if the losses differ too"
    overfitting_gap_ratio: float = 1.25
    "validation loss divided by training loss that goes with such a gap"
    parted_parts: int = 3
    "equal parts of a run, of which the last is asked whether the losses have parted"
    parted_train_fall: float = 0.1
    "of the loss; the training loss must have fallen by this in that part, the validation loss less"
    parted_val_fall: float = 0.25
    "of the fall of the training loss; the validation loss has parted from it if it fell by less than this"
    parted_ratio: float = 1.15
    "validation loss divided by training loss from which the two have parted"
    memorised: float = 0.995
    "training accuracy from which the training mazes are memorised"

    oscillating_above: float = 0.5
    "of guessing; a rise to a lower training loss than this is not counted"
    oscillating_rise: float = 0.04
    "of guessing; a rise of the training loss from one epoch to the next is more than this"
    oscillating_jump: float = 0.2
    "of guessing; a jump of the validation loss, up in one epoch and down in the next, that is more than this"
    oscillating_noise: float = 6.0
    "multiples of the noise; a rise or a jump must also be more than this"
    oscillating_swing: float = 0.03
    "of guessing; a loss oscillates throughout if it goes up and down by more than this on average over all epochs"

    different_mazes: float = 0.1
    "relative difference between what guessing costs on the training and on the held-out mazes"
    chance_epochs: int = 3
    "epochs at the end over which the accuracy is averaged that is compared with guessing"
    chance_margin: float = 0.05
    "accuracy; a run is stuck at chance if it is not better than guessing by this"

    crawling_parts: int = 5
    "equal parts of a run, of which the first is left to the warm-up of the learning rate"
    crawling_early: float = 0.75
    "of guessing; after that part the training loss of a crawling run is still above this"
    crawling_late: float = 0.5
    "of guessing; and in the last epoch above this"
    crawling_share: float = 0.35
    "of the whole fall of the training loss; it falls by more than this after that part"
    crawling_fall: float = 0.05
    "of guessing; and by more than this"
    crawling_fall_noise: float = 4.0
    "multiples of the noise; and by more than this"
    crawling_rise: float = 0.02
    "of guessing; no single rise is more than this and more than `oscillating_noise` allows"

    verdict_parts: int = 4
    "equal parts of a run, of which the last is asked whether the validation loss still falls"
    still_improving: float = 0.12
    "of the validation loss; it is still improving if it fell by more than this in that part"
    too_noisy: float = 0.18
    "noise of the validation loss from which it may hide where the loss is going"
    too_noisy_fall: float = 1.65
    "multiples of the noise; a change in that part that is less than this is hidden"
    flat: float = 0.1
    "of the fall of the training loss from its highest value; it is flat where it is within this of its last value"
    flat_noise: float = 6.0
    "multiples of the noise; or within this"


THRESHOLDS = Thresholds()
