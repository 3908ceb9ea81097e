"""The calls by which a process changes files: counted, and one of them interrupted by death or by an error."""

import builtins
import errno
import fcntl
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

OF_OS = "write", "fsync", "fdatasync", "replace", "rename", "link", "symlink", "unlink", "remove", "mkdir", "truncate"
FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
ERRORS = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EROFS", "EDQUOT")}


class Calls:
    """Counts the calls of this process, and calls `happens` at the one numbered `at`, from 1; 0 for none.

    Writing to a file counts twice: before it, and when half of the bytes are written. lasting: at every later one too.
    """

    def __init__(self, at: int = 0, happens: Callable[[str], None] = lambda call: None, lasting: bool = False):
        self.at, self.happens, self.lasting = at, happens, lasting
        self.log: list[str] = []

    def hit(self, call: str) -> None:
        self.log.append(call)
        if len(self.log) == self.at or (self.lasting and 0 < self.at < len(self.log)):
            self.happens(call)

    def install(self) -> None:
        """Replace the calls of this process, for good: only a child does that."""
        for name in OF_OS:
            setattr(os, name, self._counted(name, getattr(os, name)))
        fcntl.flock = self._counted("flock", fcntl.flock)
        os.open = self._opened(os.open)  # type: ignore[assignment]
        io.open = builtins.open = self._file(io.open)  # type: ignore[assignment]

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.hit(" ".join([name, *(Path(arg).name for arg in args if isinstance(arg, (str, Path)))]))
            return call(*args, **options)

        return counted

    def _opened(self, call: Callable[..., int]) -> Callable[..., int]:
        def opened(path: Any, flags: int, *args: Any, **options: Any) -> int:
            if flags & FOR_WRITING:
                self.hit(f"open {path}")
            return call(path, flags, *args, **options)

        return opened

    def _file(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def opened(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            if not set(mode) & set("wax+"):
                return call(file, mode, *args, **options)
            self.hit(f"open {file}")
            return _File(call(file, mode, *args, **options), self.hit)

        return opened


class _File:
    """A file open for writing, whose writes are counted."""

    def __init__(self, file: Any, hit: Callable[[str], None]):
        self.file, self.hit = file, hit

    def write(self, content: Any) -> int:
        self.hit("file.write")
        half = len(content) // 2
        self.file.write(content[:half])
        self.file.flush()
        self.hit("file.write, half done")
        self.file.write(content[half:])
        return len(content)

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def die(call: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(name: str) -> Callable[[str], None]:
    """What raises the error of that name, ENOSPC for example. A disk that is full still lets files be removed."""

    def raised(call: str) -> None:
        if name in ("ENOSPC", "EDQUOT") and call.startswith(("unlink", "remove")):
            return
        raise OSError(ERRORS[name], os.strerror(ERRORS[name]))

    return raised
