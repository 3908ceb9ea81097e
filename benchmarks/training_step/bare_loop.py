"""The least that training needs: forward, backward and optimizer step, without anything around them.

python -m benchmarks.training_step.bare_loop FOLDER 6      # trains on FOLDER/train.pt and prints the seconds
"""

import argparse
import math
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.training_step.command import COMMAND
from benchmarks.training_step.our_step import BATCH, DEPTH
from trm_nav.learning.device import processor_set
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.model import create_model
from trm_nav.learning.samples import Samples
from trm_nav.mazes.dataset import load


def bare_steps(model: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """One step for each pair of tokens (B, n*n) and optimal sets (B, n*n)."""
    for tokens, optimal in batches:
        policy_loss(model(tokens), optimal).backward()
        optimizer.step()
        optimizer.zero_grad()


def bare_loop(model: nn.Module, path: Path, epochs: int, batch_size: int, threads: int) -> float:
    """Seconds of bare steps over so many epochs, in the order of the training set at path."""
    samples = Samples.of(load(path), "policy", torch.device("cpu"))
    count = math.ceil(len(samples) / batch_size)
    batches = list(zip(samples.tokens.tensor_split(count), samples.optimal.tensor_split(count), strict=True))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    with processor_set(threads):
        started = time.perf_counter()
        bare_steps(model, optimizer, epochs * batches)
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description="Train without anything around the steps; print the seconds.")
    parser.add_argument("folder", type=Path, help="where train.pt is")
    parser.add_argument("epochs", type=int)
    arguments = parser.parse_args()
    model = create_model(depth=DEPTH, **{name: COMMAND[name] for name in ("dim", "recursions", "dropout")})
    print(bare_loop(model, arguments.folder / "train.pt", arguments.epochs, BATCH, COMMAND["threads"]))


if __name__ == "__main__":
    main()
