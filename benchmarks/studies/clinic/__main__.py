"""What each prescription really does to a training with a known fault: the cases of the blind clinic, for its page.

    python -m benchmarks.studies.clinic            # half an hour of one core; finished trainings are not repeated
    python -m benchmarks.studies.clinic --write    # trains nothing, only writes the cases and the texts again

A case is a history from benchmarks/histories/judged.jsonl, on which no threshold of the diagnosis was chosen. Cases
with the same fault in the same kind of run are a family. The run of a family is trained again after every prescription,
with the fault still in it, with one seed or two. Every network is then asked for 1,000 fresh mazes, on which nothing
was chosen. The result is trm_nav/course/web/clinic.json, from which the page reads.
"""

import argparse
import json
import time

import torch
from tqdm import tqdm

from benchmarks.machine import machine
from benchmarks.studies.clinic.cases import RESULT, content, families, write
from benchmarks.studies.clinic.treatments import CHANGES, outcome, treated
from trm_nav import cli

PROG = "python -m benchmarks.studies.clinic"


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="only write the cases and the texts again")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {"families": {}, "seconds": 0}
    done = {name: family["outcomes"] for name, family in known["families"].items()}
    missing = [
        (family, prescription, treated(run, prescription))
        for index in range(2)
        for family in families()
        for run in family.runs[index : index + 1]
        for prescription in CHANGES
        if all(one["seed"] != run.seed for one in done.get(family.name, {}).get(prescription, []))
    ]
    work = [] if arguments.write else [one for one in missing if one[2] is not None]
    seconds = known["seconds"]
    for family, prescription, run in tqdm(work, unit="run"):
        started = time.process_time()
        found = outcome(run)
        if outcomes := done.setdefault(family.name, {}).setdefault(prescription, []):
            found = {name: found[name] for name in ("seed", "fresh", "held_out", "diverged")}  # one curve is enough
        outcomes.append(found)
        seconds += time.process_time() - started
        write(content(done, machine(), round(seconds)))
    if arguments.write:
        write(content(done, known["machine"], seconds))


if __name__ == "__main__":
    cli.run(main, PROG)
