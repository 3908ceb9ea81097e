"""Files of tensors: `torch.save` with a digest, by which damage is noticed, and a reader that trusts nothing.

The file is a ZIP file, as PyTorch's are, and the digest is its comment: `torch.load` reads it like any other.
"""

import hashlib
import math
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from .errors import UserError
from .files import Write, read

Content = TypeVar("Content")
MARK = b"trm_nav sha256 "  # what the comment begins with; the digest of all bytes before it follows
COMMENT = len(MARK) + 64
NO_COMMENT = b"\x00\x00"  # its length, the last two bytes of a ZIP file that has none


def tensors(content: Any) -> Write:
    """What writes tensors and plain values into a file, for `load_tensors` and `files.write_atomically`."""
    import torch  # here, so that commands can answer --help without loading torch

    def write(file: BinaryIO) -> None:
        saved = BytesIO()
        torch.save(content, saved)
        body = saved.getbuffer()[: -len(NO_COMMENT)]
        digest = hashlib.sha256(body)
        comment = COMMENT.to_bytes(2, "little") + MARK
        digest.update(comment)
        for part in (body, comment, digest.hexdigest().encode()):
            file.write(part)

    return write


def load_tensors(
    path: str | Path,
    what: str,
    remedy: str = "name a file that was saved completely",
    check: Callable[[Any], Content] = lambda content: content,
) -> Content:
    """Read a file written by `torch.save` onto the CPU. Only tensors and plain values are read; no code is executed.

    Args:
        path, what, remedy: as in `files.read`.
        check: what makes of the content the value that is returned, or raises UserError.

    Raises UserError as `files.read` and `check` do, and for a file that is truncated, damaged or of another kind. The
    digest of a file from `tensors` must be right. Warns of a file that has none and is accepted all the same.
    """
    import torch

    content, refusal = read(path, what, remedy), f"{path} is not a {what}, or a truncated one: torch cannot read it"
    if sealed := content[-COMMENT : -COMMENT + len(MARK)] == MARK:
        if content[-64:] != hashlib.sha256(memoryview(content)[:-64]).hexdigest().encode():
            raise UserError(f"{path} is damaged: its bytes do not have the digest that was saved with them; {remedy}")
    elif content[:2] == b"PK" and content[-2:] != NO_COMMENT:  # cut off within the digest
        raise UserError(f"{refusal}; {remedy}")
    try:
        if content[:2] == b"PK":
            _check_archive(content)
        loaded = torch.load(BytesIO(content), weights_only=True, map_location="cpu")
    except Exception:  # arbitrary bytes make the unpickler raise almost anything
        raise UserError(f"{refusal}; {remedy}") from None
    checked = check(loaded)
    if not sealed:
        warnings.warn(f"{path} has no digest: if it is damaged, that may go unnoticed", stacklevel=2)
    return checked


def require_dense(tensor: Any, what: str) -> None:
    """Raise ValueError unless a value from a file is a tensor whose numbers are all in memory.

    A file can describe tensors that have no numbers, or fewer than their shape says.
    """
    import torch

    if type(tensor) is not torch.Tensor:
        raise ValueError(f"{what} should be a tensor, not of type {type(tensor).__name__}")
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized or tensor.device.type != "cpu":
        raise ValueError(f"{what} should be a dense tensor on the CPU")
    if math.prod(tensor.shape) * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ValueError(f"{what} should hold all its numbers, and claims more than the file has")


def _check_archive(content: bytes) -> None:
    """Raise ValueError for a ZIP file whose parts are damaged, or larger unpacked than the file: PyTorch packs none."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > len(content) or archive.testzip() is not None:
            raise ValueError
