"""Values that nobody should give a function, or write into a file."""

import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .hostile import LETTERS

DEEP = 300  # levels; PyTorch saves no more than a few hundred


class LongName:
    """An object whose repr is long, and of several lines."""

    def __repr__(self) -> str:
        return "line\n" * 3000


class NoName:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


PLAIN: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "''": lambda: "",
    "text": lambda: "text",
    "5,000 letters": lambda: LETTERS,
    "half a surrogate pair": lambda: "\ud800",
    "NUL": lambda: "a\0b",
    "line breaks": lambda: "a\nb\x1b[31m",
    "bytes": lambda: b"bytes",
    "-1": lambda: -1,
    "0": lambda: 0,
    "10**12": lambda: 10**12,
    "10**30": lambda: 10**30,
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "-10**400": lambda: -(10**400),
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "[]": lambda: [],
    "{}": lambda: {},
    "()": lambda: (),
    "[1, 'a', None]": lambda: [1, "a", None],
    "a set": lambda: {1, 2},
    "a deep list": lambda: nested(DEEP),
    "a dictionary of numbers": lambda: {1: 2, 3: {4: 5}},
    "complex": lambda: 1j,
}
"Plain values, which a file of tensors can hold as well as an argument."

TENSORS: dict[str, Callable[[], Any]] = {
    "tensor of zeros": lambda: torch.zeros(1),
    "tensor of no dimension": lambda: torch.tensor(3),
    "NaN tensor": lambda: torch.full((3, 3), float("nan")),
    "NaN scalar": lambda: torch.tensor(float("nan")),
    "empty tensor": lambda: torch.empty(0),
    "tensor expanded to 10^10": lambda: torch.zeros(1).expand(10**10),
    "tensor expanded to 10^5 x 10^5": lambda: torch.zeros(1, 1).expand(10**5, 10**5),
    "bytes expanded to 10^10 x 2": lambda: torch.zeros((1, 1), dtype=torch.int16).expand(10**10, 2),
    "sparse tensor": lambda: torch.sparse_coo_tensor(torch.tensor([[0], [1]]), torch.ones(1), (3, 3)),
    "meta tensor": lambda: torch.empty(3, 3, device="meta"),
    "bool tensor": lambda: torch.ones(4, 4, dtype=torch.bool),
    "int64 tensor": lambda: torch.full((4, 4), 2**62),
    "complex tensor": lambda: torch.ones(3, 3, dtype=torch.complex64),
    "bfloat16 tensor": lambda: torch.ones(3, 3, dtype=torch.bfloat16),
    "quantized tensor": lambda: torch.quantize_per_tensor(torch.ones(3, 3), 0.1, 0, torch.qint8),
    "strided tensor": lambda: torch.arange(100.0).as_strided((3, 3), (7, 11)),
    "parameter": lambda: torch.nn.Parameter(torch.ones(3, 3)),
}
"Tensors of every odd kind that a file can hold."

OBJECTS: dict[str, Callable[[], Any]] = {
    "object()": object,
    "a function": lambda: print,
    "a class": lambda: int,
    "an exception": lambda: ValueError("x"),
    "an object of many lines": LongName,
    "an object without a repr": NoName,
    "a cyclic list": cyclic,
    "a list of 5,000 levels": lambda: nested(5000),
    "a generator": lambda: (number for number in range(3)),
    "a path": lambda: Path("missing"),
    "/dev/zero": lambda: "/dev/zero",
    "a range": lambda: range(3),
    "Decimal": lambda: Decimal("1.5"),
    "Fraction": lambda: Fraction(1, 3),
    "bytearray": lambda: bytearray(9),
    "memoryview": lambda: memoryview(bytes(9)),
    "array of no dimension": lambda: np.array(3),
    "empty array": lambda: np.zeros(0),
    "float array": lambda: np.zeros((2, 4, 4)),
    "NaN array": lambda: np.full((2, 2), np.nan),
    "bool array": lambda: np.zeros((2, 4, 4), bool),
    "array of no mazes": lambda: np.zeros((0, 4, 4), bool),
    "array of flat mazes": lambda: np.zeros((2, 4, 5), bool),
    "array of 1 x 1": lambda: np.zeros((2, 1, 1), bool),
    "array of 0 x 0": lambda: np.zeros((2, 0, 0), bool),
    "array of 2,000 x 2,000": lambda: np.zeros((1, 2000, 2000), bool),
    "array of objects": lambda: np.array([None, "a", []], dtype=object),
    "array of text": lambda: np.array(["a", "b"]),
    "array of dates": lambda: np.array(["2020-01-01"], "datetime64[D]"),
    "array of records": lambda: np.zeros(2, [("a", int)]),
    "array of int64 extremes": lambda: np.array([[2**62, -(2**62)], [0, 0]]),
    "array of uint64 extremes": lambda: np.array([[2**64 - 1, 0], [0, 0]], np.uint64),
    "array of 10 dimensions": lambda: np.zeros((1,) * 10, bool),
    "array viewed as 10^10": lambda: np.broadcast_to(np.zeros((1, 4, 4), bool), (10**10, 4, 4)),
    "goals outside": lambda: np.array([[9, 9], [0, 0]]),
    "negative goals": lambda: np.array([[-1, -1], [0, 0]]),
    "ragged list": lambda: [[1, 2], [3]],
}
"Objects of Python and NumPy, which only an argument can be."

VALUES = {**PLAIN, **TENSORS, **OBJECTS}


def made(what: str) -> Any:
    """The value of that name. PyTorch's warnings about making it are no part of the attack."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return VALUES[what]()
