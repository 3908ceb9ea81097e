"""Words and paths that nobody should give a command."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

LETTERS = "x" * 5000

WORDS = [
    "",
    " ",
    "\t",
    "\n",
    "1\n2",
    "\x1b[31mred\x1b[0m",
    "\x07\x08",
    "\u202etxt.exe",
    "\ud800",
    os.fsdecode(b"\xff\xfe"),
    "٣",
    "１２",
    "²",
    "1" * 5000,
    "-" + "9" * 5000,
    "0." + "3" * 5000,
    LETTERS,
    "-1",
    "0",
    "00004",
    "+4",
    " 4",
    "4 ",
    "1_0",
    "0x10",
    "1e3",
    "1e400",
    "-1e400",
    "1e-400",
    "nan",
    "-nan",
    "inf",
    "-inf",
    "Infinity",
    "1.5",
    "1,5",
    "0.1..",
    "..",
    "0.9..0.1",
    "nan..nan",
    "0..1..0.5",
    "0..inf",
    "true",
    "None",
    "null",
    "[]",
    "{}",
    "1,2",
    "--seed",
    "-h7",
    "$(touch canary)",
    "`touch canary`",
    "; touch canary",
    "%s%n",
    "{0.__class__}",
    "../" * 2000,
    "'",
    '"',
    "`dim=64`",
    "cuda:128",
    "cuda:99999999999999999999",
    "cuda:٣",
    "cuda:",
    "meta",
    "random,random",
    "random," * 3000,
    "😀",
    "a\u0301" * 300,
]
"Words of a command line: none of them is a value that any number, path or name should be taken from."


def fifo(folder: Path) -> str:
    os.mkfifo(folder / "fifo")
    return "fifo"


def loop(folder: Path) -> str:
    (folder / "loop").symlink_to("loop")
    return "loop"


def unreadable(folder: Path) -> str:
    (folder / "unreadable").write_bytes(b"x")
    (folder / "unreadable").chmod(0)
    return "unreadable"


def listening(folder: Path) -> str:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(folder / "socket"))
    return "socket"


def full_of(name: str, text: bytes) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / name).write_bytes(text)
        return name

    return write


def inside_a_file(folder: Path) -> str:
    (folder / "file").write_bytes(b"x")
    return "file/inside"


def not_utf8(folder: Path) -> str:
    name = os.fsdecode(b"caf\xe9")
    (folder / name).mkdir()
    return name


PATHS: dict[str, Callable[[Path], str]] = {
    "a FIFO": fifo,
    "a loop of links": loop,
    "a file that cannot be read": unreadable,
    "a socket": listening,
    "/dev/zero": lambda folder: "/dev/zero",
    "/dev/full": lambda folder: "/dev/full",
    "/dev/null": lambda folder: "/dev/null",
    "/dev/stdin": lambda folder: "/dev/stdin",
    "/proc/self/mem": lambda folder: "/proc/self/mem",
    "a folder": lambda folder: ".",
    "the root": lambda folder: "/",
    "a missing file": lambda folder: "missing/file.pt",
    "a path through a file": inside_a_file,
    "an empty file": full_of("empty", b""),
    "a file of text": full_of("text", b"a checkpoint, honestly\n" * 50),
    "a file of zeros": full_of("zeros", bytes(100_000)),
    "a name that is not UTF-8": not_utf8,
    "a name with line breaks": full_of("line\nbreak\x1b[31m", b"x"),
    "a name that is too long": lambda folder: "n" * 300,
    "a path that is too long": lambda folder: "n/" * 4000 + "n",
    "a home": lambda folder: "~/x",
}
"Paths, each made in the folder of the attack."
