"""Numbers and tables as the text of a report."""

import math
from pathlib import Path

from benchmarks.timing import Summary

MEDIANS = "Figures are medians, with the lowest and the highest value in brackets."


def significant(value: float) -> str:
    """Three significant digits: 0.0123, 1.23, 12.3, 123, 1,230. Infinity is `never`."""
    if value == math.inf:
        return "never"
    value = float(f"{value:.3g}")
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def ratio_text(ratio: Summary) -> str:
    """The median, and the range in brackets."""
    return f"{significant(ratio['median'])} ({significant(ratio['lowest'])} to {significant(ratio['highest'])})"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def put(page: Path, begin: str, text: str) -> None:
    """Put a text into a page, between the comment `begin` and the next `<!-- end -->`.

    Raises ValueError without them.
    """
    before, _, rest = page.read_text(encoding="utf-8").partition(f"{begin}\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise ValueError(f"{page.name} has no place for the text: {begin} ... <!-- end -->")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def between(page: str, begin: str) -> str:
    """What `put` has put there."""
    return page.partition(f"{begin}\n")[2].partition("\n<!-- end -->")[0]


def verdict(reached: bool) -> str:
    return "reached" if reached else "not reached"


def headline(what: str, ratio: Summary, aim: float | None = None, at_most: bool = False) -> list[str]:
    """A row of the last table of RESULTS.md: what is compared, the ratio, the aim, and whether it was reached."""
    if aim is None:
        return [what, ratio_text(ratio), "", ""]
    reached = ratio["median"] <= aim if at_most else ratio["median"] >= aim
    return [what, ratio_text(ratio), f"at {'most' if at_most else 'least'} {aim:g}", "yes" if reached else "no"]
