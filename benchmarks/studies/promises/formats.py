"""How a figure is printed: the format of each kind of figure, ranges over seeds, times and counts."""

import time
from collections.abc import Callable, Iterable

Form = Callable[[float], str]


def percent(value: float) -> str:
    return f"{value:.0%}"


def nats(value: float) -> str:
    return f"{value:.2f}"


def whole(value: float) -> str:
    return f"{value:,.0f}"


def short(value: float) -> str:
    """Two digits that mean something: 55, 1.1, 0.088."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def one_decimal(value: float) -> str:
    return f"{value:.1f}"


FORMS: dict[str, Form] = {
    "train_acc": percent,
    "val_acc": percent,
    "lowest_val_loss": nats,
    "last_val_loss": nats,
    "highest_loss": whole,
    "guessing_loss": nats,
    "epoch": whole,
    "parameters_per_label": short,
    "ringed_right_train": whole,
    "ringed_right_held_out": whole,
    "others_right_train": percent,
    "others_right_held_out": percent,
    "cpu_seconds": one_decimal,
    "first_val_acc": percent,
    "last_val_acc": percent,
    "success": percent,
    "quarter_turn": percent,
    "half_turn_or_mirror": percent,
    "random_symmetry": percent,
    "cap": percent,
}


def spread(values: Iterable[float | None], form: Form) -> str:
    """The range: `49 to 56%`, or one figure where all are equal as printed; a dash where there are none."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    low, high = form(min(known)), form(max(known))
    return high if low == high else f"{low.removesuffix('%')} to {high}"


def running(seconds: float) -> str:
    """A running time that errs on the long side: up to the next 5 seconds, from 90 on up to the next half minute."""
    if seconds <= 90:
        return f"{5 * -(-seconds // 5):.0f} s"
    return f"{-(-seconds // 30) / 2:g} min"


def minutes(count: float) -> str:
    return f"{count:.0f} min"


def month(date: str) -> str:
    """`November 2026` for `2026-11-23`."""
    return time.strftime("%B %Y", time.strptime(date, "%Y-%m-%d"))


def in_total(counts: Iterable[Iterable[int]]) -> str:
    """`16 of 30` for the sum of several such pairs; a dash where there was nothing to count."""
    part, total = map(sum, zip(*counts, strict=True))
    return f"{part} of {total}" if total else "-"


def in_words(counts: dict[str, int]) -> str:
    return f"{', '.join(f'{name} {count}' for name, count in counts.items())} of {sum(counts.values())} runs"
