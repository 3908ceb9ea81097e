"""Ways to damage a file: its bytes, or one value deep inside what it holds."""

import io
import json
import pickle
import random
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch

from trm_nav import files, tensor_files

from .attack import CANARY
from .values import PLAIN, TENSORS, made


class Executed:
    """Code that a pickle would run: it leaves a file behind."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (CANARY, "w")


def flip(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(8 * len(content))
    return content[: at // 8] + bytes([content[at // 8] ^ 1 << at % 8]) + content[at // 8 + 1 :]


def flip_many(content: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((2, 8, 64, 512))):
        content = flip(content, rng)
    return content


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def cut_end(content: bytes, rng: random.Random) -> bytes:
    return content[: -rng.randint(1, min(200, len(content) - 1))]


def cut_out(content: bytes, rng: random.Random) -> bytes:
    first = rng.randrange(len(content))
    return content[:first] + content[first + rng.randint(1, 1 + len(content) // 4) :]


def repeat(content: bytes, rng: random.Random) -> bytes:
    first = rng.randrange(len(content))
    return content[:first] + content[max(0, first - rng.randint(1, 5000)) :]


def zero(content: bytes, rng: random.Random) -> bytes:
    first = rng.randrange(len(content))
    length = min(rng.choice((1, 8, 512, 4096)), len(content) - first)
    return content[:first] + bytes(length) + content[first + length :]


def append(content: bytes, rng: random.Random) -> bytes:
    return content + rng.randbytes(rng.choice((1, 30, 5000)))


def noise(content: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 100, len(content))))


def other_halves(content: bytes, rng: random.Random) -> bytes:
    """The beginning of the file and the end of itself moved: two halves that do not belong together."""
    at, to = rng.randrange(len(content)), rng.randrange(len(content))
    return content[:at] + content[to:]


BYTES = {
    "one bit flipped": flip,
    "bits flipped": flip_many,
    "truncated": truncate,
    "its end cut off": cut_end,
    "a part cut out": cut_out,
    "a part repeated": repeat,
    "a part zeroed": zero,
    "noise appended": append,
    "noise": noise,
    "halves that do not fit": other_halves,
}


@cache
def bomb(size: int = 2**30) -> bytes:
    """A ZIP file as torch.save makes them, whose one tensor grows to so many bytes when it is unpacked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"epoch": 1}, protocol=2))
        with archive.open("archive/data/0", "w", force_zip64=True) as part:
            for _ in range(size // 2**20):
                part.write(bytes(2**20))
        archive.writestr("archive/version", "3\n")
    return packed.getvalue()


def plain_pickle() -> bytes:
    return pickle.dumps(Executed())


def old_format() -> bytes:
    saved = io.BytesIO()
    torch.save({"model_state_dict": Executed()}, saved, _use_new_zipfile_serialization=False)
    return saved.getvalue()


def new_format() -> bytes:
    saved = io.BytesIO()
    torch.save({"epoch": 1, "model_state_dict": Executed(), "config": {}}, saved)
    return saved.getvalue()


def sealed_code() -> bytes:
    return sealed({"epoch": 1, "model_state_dict": Executed(), "val_acc": 1, "val_loss": 1, "config": {}})


def script() -> bytes:
    saved = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), saved)
    return saved.getvalue()


WHOLE: dict[str, Callable[[], bytes]] = {
    "a ZIP bomb": bomb,
    "a pickle that runs code": plain_pickle,
    "an old PyTorch file that runs code": old_format,
    "a PyTorch file that runs code": new_format,
    "a sealed file that runs code": sealed_code,
    "a TorchScript file": script,
    "a deep pickle": lambda: b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "a pickle of a huge claim": lambda: b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "JSON": lambda: b'{"train_loss": [1, 2]}',
    "deep JSON": lambda: b"[" * 100_000,
    "JSON with a number of 5,000 digits": lambda: b'{"train_loss": [' + b"9" * 5000 + b"]}",
    "JSON with half a surrogate pair": lambda: b'{"\\ud800": "\\ud800"}',
    "JSON that is not UTF-8": lambda: b'{"\xff": 1}',
}


def sealed(content: object) -> bytes:
    """What the project writes for such a content, whatever it thinks of it."""
    written = io.BytesIO()
    tensor_files.tensors(content)(written)
    return written.getvalue()


def hostile_leaf(rng: random.Random) -> tuple[str, Any]:
    """A value that a file can hold, and what it is."""
    what = rng.choice([*PLAIN, *TENSORS] * 2 + ["like the original"] * 30)
    return what, None if what == "like the original" else made(what)


def distorted(value: Any, rng: random.Random) -> tuple[str, Any]:
    """A value of the same type as the one given, and nearly as good, but wrong."""
    if isinstance(value, torch.Tensor):
        ways: dict[str, Callable[[], Any]] = {
            "NaN": lambda: torch.full_like(value, float("nan")) if value.is_floating_point() else value.float(),
            "inf": lambda: value.float() * float("inf"),
            "another dtype": lambda: value.to(rng.choice((torch.float64, torch.int8, torch.bfloat16))),
            "transposed": lambda: value.t() if value.dim() == 2 else value[None],
            "shorter": lambda: value[:-1] if value.dim() else value[None],
            "longer": lambda: torch.cat([value, value]) if value.dim() else value.expand(3),
            "expanded": lambda: value[:1].expand(10**10, *value.shape[1:]) if value.dim() else value.expand(10**10),
            "one row": lambda: value[:1].expand(value.shape) if value.dim() else value,
            "negative": lambda: -value.float(),
            "large": lambda: value.float() + 1e30,
            "sparse": lambda: value.float().to_sparse(),
            "complex": lambda: value.to(torch.complex64),
        }
        what = rng.choice(list(ways))
        return what, ways[what]()
    if isinstance(value, (dict, list, tuple)):
        return rng.choice(
            [("empty", type(value)()), ("a list", list(value)), ("in a list", [value]), ("its text", str(value))]
        )
    if isinstance(value, (bool, str)) or value is None:
        return rng.choice([("another case", str(value).upper()), ("a number", 7), ("a list", [value])])
    return rng.choice(
        [
            ("negated", -value),
            ("one more", value + 1),
            ("times 10^6", value * 10**6),
            ("as text", str(value)),
            ("as a float", float(value)),
            ("0", 0),
        ]
    )


def entry_replaced(content: Any, rng: random.Random) -> tuple[Any, str]:
    """As `leaf_replaced`, without PyTorch's warnings about making odd tensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return leaf_replaced(content, rng)


def leaf_replaced(content: Any, rng: random.Random) -> tuple[Any, str]:
    """The content with one entry, at a random place and depth, removed, renamed, added or replaced; and what was done.

    A branch counts as much as its brothers, however many leaves it has.
    """
    if not isinstance(content, (dict, list, tuple)) or not content or rng.random() < 0.12:
        what, value = hostile_leaf(rng)
        if what == "like the original":
            what, value = distorted(content, rng)
        return value, f" = {what}"
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    key = rng.choice(keys)
    if isinstance(content, dict) and (dice := rng.random()) < 0.08:
        changed = {name: value for name, value in content.items() if name != key}
        if dice < 0.05:
            return changed, f"[{key!r}] removed"
        return {**changed, rng.choice((7, "", f"{key}.", "\ud800")): content[key]}, f"[{key!r}] renamed"
    value, done = leaf_replaced(content[key], rng)
    if isinstance(content, dict):
        return {**content, key: value}, f"[{key!r}]{done}"
    changed_list = [*content[:key], value, *content[key + 1 :]]
    return type(content)(changed_list), f"[{key}]{done}"


def json_replaced(path: Path, rng: random.Random) -> str:
    """Replace an entry of a JSON file. Returns what was done."""
    content = json.loads(path.read_text())
    content.pop("digest", None)
    changed, done = entry_replaced(content, rng)
    try:
        written = files.json_with_digest(changed) if isinstance(changed, dict) else json.dumps(changed).encode()
    except (TypeError, ValueError, RecursionError):
        written, done = json.dumps({"train_loss": done}).encode(), "something else"
    path.write_bytes(written)
    return done
