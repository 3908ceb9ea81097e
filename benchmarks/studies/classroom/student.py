"""A student at a hub, over HTTP alone: logs in with the form, waits for a server, and runs cells in a kernel."""

import asyncio
import contextlib
import html
import http.client
import http.cookiejar
import json
import re
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

PATIENCE = 1800  # seconds for one answer: thirty students on two cores wait long
CLOSING = 30  # seconds for the end of a connection
LARGEST = 100 * 2**20  # bytes of one message from a kernel

Message = dict[str, Any]


class Failure(Exception):
    """What went wrong for this student, in one line."""


class Student:
    """One person with a browser's cookies. The steps: `log_in`, `open_kernel`, then `execute` for each cell."""

    def __init__(self, address: str, name: str, password: str):
        self.address, self.name, self.password = address, name, password
        self.base = f"{address}/user/{name}/"
        self.cookies = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.kernel = ""
        self.socket: WebSocketClientConnection | None = None

    def ask(self, url: str, data: bytes | None = None) -> http.client.HTTPResponse:
        """The answer to a request, after its redirections. Requests to the own server are JSON and carry its token."""
        request = urllib.request.Request(urllib.parse.urljoin(self.address, url), data)
        if url.startswith(self.base):
            request.add_header("X-XSRFToken", self.cookie("_xsrf", f"/user/{self.name}/"))
            request.add_header("Content-Type", "application/json")
        try:
            return self.browser.open(request, timeout=PATIENCE)
        except OSError as error:
            raise Failure(f"{request.get_method()} {urllib.parse.urlsplit(request.full_url).path}: {error}") from error

    def page(self, url: str, data: bytes | None = None) -> tuple[str, str]:
        """The path where a request ends after its redirections, and the text that is there."""
        with self.ask(url, data) as answer:
            return urllib.parse.urlsplit(answer.geturl()).path, answer.read().decode()

    def cookie(self, name: str, path: str) -> str:
        return next((each.value or "" for each in self.cookies if (each.name, each.path) == (name, path)), "")

    def log_in(self) -> float:
        """Fill in the form, let the hub start the server, and open its page. Returns the seconds that it took."""
        _, page = self.page("/hub/login")
        token = html.unescape(found(r'name="_xsrf"\s+value="([^"]+)"', page))
        fields = {"username": self.name, "password": self.password, "_xsrf": token}
        began = time.perf_counter()
        self.page("/hub/login?next=%2Fhub%2Fhome", urllib.parse.urlencode(fields).encode())
        self.start()
        return time.perf_counter() - began

    def start(self) -> None:
        """Ask for the server, as the page after the login does, and wait until the hub says that it is ready."""
        for _ in range(PATIENCE):
            path, page = self.page(f"/hub/spawn/{self.name}")
            if "/spawn-pending/" not in path or "EventSource" in page:
                break
            time.sleep(1)  # the hub still stops the server before; its page says so and loads itself again
        if "/spawn-pending/" in path:
            with self.ask(html.unescape(found(r'EventSource\("([^"]+)"\)', page))) as lines:
                events = (json.loads(line[5:]) for line in lines if line.startswith(b"data:"))
                last = next((event for event in events if event.get("ready") or event.get("failed")), {})
            if not last.get("ready"):
                raise Failure(f"the server did not start: {last.get('message', 'the hub said nothing')}")
        path, _ = self.page(f"{self.base}lab/tree/notebooks/05_diagnostics.ipynb")
        if not path.startswith(f"/user/{self.name}/"):
            raise Failure(f"the hub shows {path} in place of the lesson")

    def json(self, path: str, data: Any = None) -> Any:
        """What the own server answers; `data` is posted."""
        return json.loads(self.page(self.base + path, None if data is None else json.dumps(data).encode())[1])

    def open_kernel(self) -> None:
        """Start a kernel in the folder of the lesson, as a page that opens the notebook does."""
        notebook = "notebooks/05_diagnostics.ipynb"
        session = {"kernel": {"name": "python3"}, "name": "", "path": notebook, "type": "notebook"}
        self.kernel = self.json("api/sessions", session)["kernel"]["id"]

    async def connect(self) -> None:
        """Open the channels of the kernel, in place of those that were open before."""
        await self.close()
        address = f"{self.base}api/kernels/{self.kernel}/channels"
        request = urllib.request.Request(address)
        self.cookies.add_cookie_header(request)
        query = urllib.parse.urlencode({"_xsrf": self.cookie("_xsrf", f"/user/{self.name}/")})
        url = f"{address.replace('http', 'ws', 1)}?{query}"
        headers = {"Cookie": request.get_header("Cookie", ""), "Origin": self.address}
        self.socket = await websocket_connect(
            HTTPRequest(url, headers=headers, request_timeout=PATIENCE, connect_timeout=PATIENCE),
            max_message_size=LARGEST,
        )

    async def close(self) -> None:
        """Close the channels and wait until the other side has done so, too."""
        if self.socket is not None:
            self.socket.close()
            with contextlib.suppress(TimeoutError):
                while await asyncio.wait_for(self.socket.read_message(), CLOSING) is not None:
                    pass
            self.socket = None

    async def execute(self, code: str, on_picture: Callable[[], None] = lambda: None) -> str:
        """Run code in the kernel and return what it printed. Calls `on_picture` for each picture that the page shows.

        Raises Failure if the code raises, or if the kernel or the connection is lost.
        """
        assert self.socket is not None
        request, printed, replied, idle = execute_request(code), "", False, False
        await self.socket.write_message(json.dumps(request))
        while not (replied and idle):
            message = await self.receive()
            if message.get("parent_header", {}).get("msg_id") != request["header"]["msg_id"]:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            printed += content["text"] if kind == "stream" else ""
            if "image/png" in content.get("data", ()):
                on_picture()
            if kind == "error":
                raise Failure(f"{content['ename']}: {content['evalue']}")
            replied, idle = replied or kind == "execute_reply", idle or content.get("execution_state") == "idle"
        return printed

    async def receive(self) -> Message:
        """The next message that is text; pictures of a widget are bytes, and nobody looks at them here."""
        assert self.socket is not None
        while True:
            received = await asyncio.wait_for(self.socket.read_message(), PATIENCE)
            if received is None:
                raise Failure("the connection to the kernel was closed")
            if isinstance(received, str):
                return json.loads(received)


def execute_request(code: str) -> Message:
    """The message to a kernel's shell that runs code there."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": uuid.uuid4().hex, "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    return {**message, "channel": "shell", "buffers": []}


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    if match is None:
        raise Failure(f"the hub's page has no {pattern}")
    return match[1]
