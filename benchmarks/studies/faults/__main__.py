"""Training runs with a fault put into them on purpose, and healthy ones: what `trm_nav.diagnosis` is judged on.

    python -m benchmarks.studies.faults train     # makes the histories that are missing in benchmarks/histories/
    python -m benchmarks.studies.faults judge     # what the diagnosis finds in the judged runs, as tables

The thresholds of the diagnosis were chosen by looking at benchmarks/histories/tuning.jsonl. The figures come from
judged.jsonl, whose seeds were used for nothing else. Each line of these files is one run: its name, fault, kind and
seed, and its history.
"""

import argparse

from benchmarks.studies.faults.judging import JITTER_SEEDS, grouped, judge, report
from benchmarks.studies.faults.runs import train


def main() -> None:
    parser = argparse.ArgumentParser(description="Training runs with faults in them, and what the diagnosis says.")
    parser.add_argument("what", choices=("train", "judge"))
    parser.add_argument("--jobs", type=int, default=2, help="trainings at the same time, each on one thread")
    parser.add_argument("--part", choices=JITTER_SEEDS, default="judged", help="which histories to judge")
    arguments = parser.parse_args()
    if arguments.what == "train":
        train(arguments.jobs)
        return
    for group, runs in grouped(arguments.part).items():
        print(f"## {group} runs\n\n{report(judge(runs))}\n")


if __name__ == "__main__":
    main()
