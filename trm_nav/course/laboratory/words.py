"""What the laboratory says of an experiment in words: how far it is, what it shows, how to reproduce it; as HTML."""

import html
from importlib import resources
from string import Template

from trm_nav.diagnosis.findings import Finding
from trm_nav.learning.model import count_parameters

from .controls import CHOICES
from .experiment import Experiment, describe
from .presets import DEFAULTS

NUMBERS = {2: "Two", 3: "Three"}


def status(experiment: Experiment) -> str:
    """How far it is, which of its seeds is training, and how many parameters there are for each label."""
    training, of_seed = experiment, ""
    if experiment.repeating:
        training, of_seed = experiment.repeating, f"seed {len(experiment.repetitions) + 2} · "
    return (
        f"{of_seed}epoch {training.run.epoch} of {experiment.settings.epochs} · "
        f"{count_parameters(experiment.model):,} parameters for {experiment.labels:,} labels: "
        f"<b>{experiment.parameters_per_label:.2g} per label</b>"
    )


def diagnosis(experiment: Experiment) -> str:
    """The findings of the first seed, a line each, and below them where the seeds have ended."""
    return "<br>".join([*map(_sentence, experiment.findings), *_spread(experiment)])


def _sentence(finding: Finding) -> str:
    """A finding: its name and the epoch where it begins, then its evidence."""
    heading, evidence = (html.escape(words[:1].upper() + words[1:]) for words in (finding.heading, finding.evidence))
    return f"<b>{heading}.</b> {evidence}."


def _spread(experiment: Experiment) -> list[str]:
    """One sentence about the last held-out accuracies, if more than one seed has been trained to its end."""
    ended = experiment.final_accuracies
    if len(ended) < 2:
        return []
    listed = ", ".join(f"{accuracy:.0%}" for accuracy in ended)
    points = 100 * (max(ended) - min(ended))
    return [
        f"<b>{NUMBERS[len(ended)]} seeds.</b> Held-out accuracies {listed}. Chance alone moves them by "
        f"{points:.0f} points: what a remedy changes by less may be luck."
    ]


def label(experiment: Experiment) -> str:
    """One line for the list of experiments: what was changed, and what came of it."""
    changed = {
        name: value
        for name, value in experiment.changes.items()
        if name in (*CHOICES, "augment", "supervision") and value != DEFAULTS[name]
    }
    outcome = experiment.findings[0].name if experiment.ended else "stopped"
    return f"{describe(changed)}: {_held_out(experiment)} held-out, {outcome}"


def _held_out(experiment: Experiment) -> str:
    ended = experiment.final_accuracies
    if len(ended) < 2:
        return f"{experiment.history['val_acc'][-1]:.0%}"
    return f"{min(ended):.0%} to {max(ended):.0%} ({len(ended)} seeds)"


def commands(experiment: Experiment) -> str:
    """The commands that reproduce the experiment, with a button that copies them."""
    files = resources.files(__package__)
    copy, page = (files.joinpath(name).read_text(encoding="utf-8") for name in ("copy.js", "commands.html"))
    return Template(page).substitute(copy=html.escape(copy), commands=html.escape(experiment.commands()))
