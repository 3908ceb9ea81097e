"""Values of every type that nobody should give, and what must become of them."""

import datetime
import decimal
import fractions
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trm_nav import UserError

VALUES: dict[str, Any] = {
    "None": None,
    "no text": "",
    "a number as text": "8",
    "long text": "x" * 5000,
    "bytes": b"8",
    "a fraction": 1.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "a huge number": 2**400,
    "a number too long to print": 10**5000,
    "a negative number": -1,
    "a complex number": 1 + 2j,
    "a decimal nan": decimal.Decimal("sNaN"),
    "a long tuple": (1, 2, 3),
    "no tuple": (),
    "a tuple of nan": (float("nan"), 1),
    "a tuple of None": (None, None),
    "a ragged list": [[1], [2, 3]],
    "a dictionary": {},
    "a set": {1},
    "a generator": (number for number in [1]),
    "an object": object(),
    "a type": int,
    "a path": Path("random"),
    "a date": datetime.date(2020, 1, 1),
    "zeros": np.zeros(3),
    "an empty array": np.array([]),
    "text in an array": np.array(["random", "wilson"]),
    "objects in an array": np.array([None]),
    "a masked array": np.ma.array([1, 2], mask=[False, True]),
    "no time": np.datetime64("NaT"),
    "a tensor": torch.zeros(2),
    "a tensor with gradient": torch.zeros(2, requires_grad=True),
    "a tensor without values": torch.zeros(2, device="meta"),
    "a sparse tensor": torch.zeros(2).to_sparse(),
    "a share": fractions.Fraction(1, 3),
}


def assert_refused(call, *arguments: Any, **settings: Any) -> str:
    """The call must end in one short sentence. Returns it."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **settings)
    sentence = str(caught.value)
    assert sentence.isprintable() and len(sentence) < 600
    return sentence
