"""The results of a campaign as a page: docs/reliability.md."""

from collections import Counter
from typing import Any

from benchmarks.markdown import table

from .oracle import LONGEST_MESSAGE, cause
from .process import HEADROOM, MOST_MEMORY, TIME_LIMIT

GROUPS = {  # what the page says of each group
    "kill-points": "a training dies by SIGKILL at every call with which it changes a file, from the start and when it "
    "goes on after two epochs; then it is resumed",
    "kills": "SIGKILL, SIGTERM and SIGINT at random times, up to three times in a row, also while Python imports; then "
    "the training is resumed",
    "faults": "no space, a quota, an input/output error or a file system that became read-only, at one call or from it "
    "on; files that may not grow; a clock that goes back",
    "outputs": "full, closed or early ending outputs, and terminals that cannot show every character",
    "writers": "a second process that writes into the same folder",
    "contents": "checkpoints, data sets and histories with bytes flipped, cut, moved and zeroed, with one entry "
    "replaced and the digest made right, with code, as a ZIP bomb, or something else altogether; through every reader",
    "flags": "every flag of every command with ill-formed values, with pipes, devices, folders and loops for paths, "
    "and with values that ask for much",
    "interface": "every argument of the public functions with wrong values, also two at a time",
    "folder": "a state machine starts, resumes, kills, overwrites, damages and removes, and knows what must be there",
    "laboratory": "random clicks on the panel of lesson 05",
    "notebooks": "lessons 04 and 05 under papermill with parameters that they cannot use",
}
SHOWN = 3  # failures of one cause

INTRODUCTION = """# What happens when things go wrong

`make torture` attacks everything that a user can reach, and judges what happens. This page is written by it, from all
results; no failure is left out. `tests/project/test_torture.py` makes a sample of the same attacks in the ordinary
tests.
"""

RULES = f"""## What must hold

An attack fails if one of these does not hold, whatever was done:

- The command ends, with status 0, with 2 for a mistake, with 130 for Ctrl-C, or by the signal that was sent; `certify`
  also with 1 for a model that is not certified. It ends within {TIME_LIMIT:.0f} seconds (papermill: four minutes).
- Status 2 comes with one line on stderr, of printable text and at most {LONGEST_MESSAGE} letters; notes may stand
  before it. There is no traceback, and nothing that the interpreter says by itself.
- No process crashes. None takes more than {MOST_MEMORY / 1e9:.0f} GB, and each runs with {HEADROOM / 1e9:.0f} GB of
  address space, as under `ulimit -v`.
- No code in a file is run. Damaged bytes are noticed, or make no difference to what is read.
- A file that was complete before is complete afterwards. A run that was killed and then finished has the weights, the
  optimizer's state, the random states and the curves of the run that was left alone, bit for bit, in every checkpoint.
- Files of a run agree with each other, and no temporary file is left once the next run has ended.

## What a failure looks like

A line such as `traceback: KeyError: 'dim' at trm_nav/learning/checkpoint.py:58 load_model`, `hang: no end after 60 s`,
`differs: last.pt in model_state_dict` or `message: 3 lines: ...`, under *Failures* on this page, with the attack's
name. `make torture` then ends with status 1.

## How to repeat it

```bash
make torture                                       # all of it, on two cores; goes on where it was interrupted
make torture ARGS="--only contents --count 100"    # a hundred attacks of one group
make torture ARGS="--again flags-0017"             # one attack, with everything that it printed
make torture ARGS="--failures"                     # the failures so far, by their causes
```

An attack is drawn from the seed (`--seed`), its group and its number. The times of random kills depend on the machine.
"""


def page(header: dict[str, Any], results: list[dict[str, Any]]) -> str:
    """The whole page."""
    kills = sum(result["kills"] for result in results if result["group"] in ("kill-points", "kills"))
    finished = [result for result in results if result["group"] in ("kill-points", "kills")]
    differing = [result for result in finished if any(c.startswith(("differs", "lost")) for c in result["complaints"])]
    failed = sum(result["verdict"] == "failed" for result in results)
    hours = sum(result["seconds"] for result in results) / 3600
    return "\n".join(
        [
            INTRODUCTION,
            "## What was tried\n",
            f"{len(results):,} attacks, {failed:,} failed. {len(finished):,} trainings were disturbed {kills:,} times "
            f"and then finished; {len(differing):,} of them ended with something other than the run that was left "
            "alone.\n",
            *counts(results),
            "",
            f"Commit {header['commit']}, seed {header['seed']}. {header['machine']}. The attacks took {hours:.1f} "
            "hours in all, two at a time, on a machine that did other work as well.",
            "\n## Failures\n",
            failures(results),
            "",
            RULES,
        ]
    )


def counts(results: list[dict[str, Any]]) -> list[str]:
    """The table of groups: attacks tried, refused with a sentence, survived and failed."""
    verdicts = {group: Counter(r["verdict"] for r in results if r["group"] == group) for group in GROUPS}
    rows = [[group, GROUPS[group], *_numbers(found)] for group, found in verdicts.items() if found]
    rows.append(["**all**", "", *_numbers(sum(verdicts.values(), Counter()))])
    return table(["group", "attack", "tried", "refused with a sentence", "survived", "failed"], rows)


def _numbers(found: Counter[str]) -> list[str]:
    return [f"{found.total():,}", *(f"{found[verdict]:,}" for verdict in ("refused", "survived", "failed"))]


def by_cause(results: list[dict[str, Any]]) -> dict[str, list[tuple[dict[str, Any], str]]]:
    """Failed results with one of their complaints, by the cause of it, the most frequent first."""
    found: dict[str, list[tuple[dict[str, Any], str]]] = {}
    for result in results:
        for complaint in result["complaints"]:
            found.setdefault(cause(complaint), []).append((result, complaint))
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def failures(results: list[dict[str, Any]]) -> str:
    """Every cause of failures with a few attacks that show it."""
    lines = []
    for cases in by_cause(results).values():
        names = ", ".join(f"`{result['name']}`" for result, _ in cases[:SHOWN])
        what, complaint = cases[0][0]["what"], cases[0][1].splitlines()[0]
        lines.append(f"- {len(cases)}: {_code(complaint[:200])}, as after {_code(what[:120])} ({names})")
    return "\n".join(lines) or "None."


def _code(text: str) -> str:
    """Text of any origin as code in Markdown."""
    return f"`{text.encode('ascii', 'backslashreplace').decode().replace('`', chr(39))}`"
