"""The words of the clinic: the illnesses and when each begins, what was wrong in a run, what can be prescribed."""

ILLNESSES: dict[str, dict[str, str | None]] = {
    "overfitting": {
        "what": "the training mazes are learned, the held-out ones are not",
        "began": "the epoch after the lowest validation loss",
    },
    "underfitting": {"what": "the network learns too little of either", "began": None},
    "diverging": {
        "what": "the loss runs away",
        "began": "the first epoch with a training loss above 1.5 times that of guessing",
    },
    "oscillating": {
        "what": "the loss goes up and down",
        "began": "the first rise of the training loss that is at least half of its largest",
    },
    "crawling": {"what": "the loss falls steadily, but far too slowly", "began": None},
    "stuck at chance": {"what": "no better than one and the same action everywhere", "began": None},
    "different mazes": {"what": "training and held-out mazes are not drawn alike", "began": None},
    "healthy": {"what": "nothing is wrong", "began": None},
}
FAULTS = {
    "healthy": "Nothing was wrong with this run.",
    "learning-rate-x30": "The learning rate was 30 times too high.",
    "learning-rate-x300": "The learning rate was 300 times too high.",
    "learning-rate-x001": "The learning rate was 100 times too low.",
    "few-mazes": "There were few training mazes, and no augmentation.",
    "one-label": "Every maze had one label, at the agent's cell, and there was no augmentation.",
    "small-model": "The network was too small: 8 channels, one block, one recursion.",
    "shuffled-labels": "The labels were shuffled: every maze had those of another one.",
    "unturned-actions": "Augmentation rotated and reflected the mazes, but not the directions in their labels.",
    "dropout-06": "Dropout was 0.6.",
    "weight-decay-10": "The weight decay was 10.",
    "exploding-start": "The first weights were drawn far too large.",
    "other-density": "The held-out mazes had twice as many walls as the training mazes.",
}
PRESCRIPTIONS = {
    "leave": {"name": "Leave it as it is", "what": "the same run, trained again"},
    "check": {"name": "Check data and code", "what": "what is wrong with labels, mazes or first weights is repaired"},
    "augment": {"name": "Augmentation", "what": "every maze is rotated and reflected at random"},
    "data": {"name": "More data", "what": "four times as many mazes, in the same number of steps"},
    "labels": {"name": "A label for every cell", "what": "instead of one at the agent's cell"},
    "regularise": {"name": "More regularisation", "what": "dropout 0.3 and weight decay 0.1, or more"},
    "relax": {"name": "Less regularisation", "what": "no dropout, and weight decay 0.01"},
    "wider": {"name": "A wider model", "what": "twice as many channels"},
    "slower": {"name": "A lower learning rate", "what": "the next one of the guide's table, at most half of now"},
    "faster": {"name": "A higher learning rate", "what": "ten times as high"},
}
