"""A headless Chromium that a test drives over Chrome's DevTools protocol, and pages for it."""

import base64
import json
import os
import re
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--remote-debugging-pipe", "--disable-sync", "--disable-extensions", "--mute-audio"),
    # One process shows all pages: a new one for each origin takes longer than most tests.
    "--disable-site-isolation-trials",
    "--disable-features=BackForwardCache,ProactivelySwapBrowsingInstance,MediaRouter,Translate",
)
_TIMEOUT_SECONDS = 30.0
_LEFT = re.compile("navigated|collected|destroyed")  # said of who waits in a page that goes
# Looks in the page itself, which takes one call instead of many; false after a while.
_WAITING = """(async () => {{
  for (const over = performance.now() + 5000; performance.now() < over;) {{
    if ({condition}) return true;
    await new Promise((next) => setTimeout(next, 4));
  }}
  return false;
}})()"""
# The code that Windows gives a key, and what it writes.
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}
# Chromium reads its commands from descriptor 3 and writes its answers to 4: both are made free.
_ON_THE_DESCRIPTORS = """
import os, sys
read, write = (os.dup(os.dup(os.dup(int(given)))) for given in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
# Run before a page's own scripts: as where a visitor has blocked storage.
NOTHING_IS_KEPT = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() {
    throw new DOMException("no", "SecurityError");
  } });"""
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class PageLeft(AssertionError):
    """The page that was asked is on its way out."""


class Browser:
    """One Chromium with one page; a context manager."""

    def __init__(self, path: str, folder: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self._calls = 0
        self._unread = b""
        self._session: str | None = None
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        flags = [*_FLAGS, f"--user-data-dir={folder}", "about:blank"]
        pipes = (to_browser, from_browser)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ON_THE_DESCRIPTORS, *map(str, pipes), path, *flags],
            pass_fds=pipes,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for descriptor in pipes:
            os.close(descriptor)

    def __enter__(self) -> "Browser":
        try:
            self._attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._read)
        os.close(self._write)

    def open(self, url: str) -> None:
        """Go to an address and wait until the page is loaded."""
        self.call("Page.navigate", url="about:blank")  # what was there before says nothing more
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def reload(self) -> None:
        """Load the page again and wait until it is there."""
        self.evaluate("window.isLeft = true")
        self.call("Page.reload")
        self.wait_for("document.readyState === 'complete' && !window.isLeft")

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page, a promise's once it is kept."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        outcome = self.call("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in outcome, outcome["exceptionDetails"]
        return outcome["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Return once an expression is true in the page."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not self._comes_true(condition):
            assert time.monotonic() < deadline, f"{condition} did not become true"

    def _comes_true(self, condition: str) -> bool:
        try:
            return bool(self.evaluate(_WAITING.format(condition=condition)))
        except PageLeft:  # the next one is coming
            return False

    def emulate(
        self,
        *,
        width: int = 1280,
        height: int = 800,
        color_scheme: str = "light",
        reduced_motion: bool = False,
        forced_colors: bool = False,
        phone: bool = False,
    ) -> None:
        """Show pages as on a device of this size, with these wishes of its owner, from now on."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1}
        self.call("Emulation.setDeviceMetricsOverride", **screen, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        features = {
            "prefers-color-scheme": color_scheme,
            "prefers-reduced-motion": "reduce" if reduced_motion else "no-preference",
            "forced-colors": "active" if forced_colors else "none",
        }
        named = [{"name": name, "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def press(self, key: str, *, shift: bool = False, control: bool = False) -> None:
        """Press a key and let it go: a name of _KEYS, or one character."""
        code, text = _KEYS.get(key, (ord(key[0].upper()), key))
        modifiers = 8 * shift + 2 * control
        pressed = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.call("Input.dispatchKeyEvent", **down, **pressed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def type_text(self, text: str) -> None:
        """Put text where the focus is, as a keyboard or an input method does."""
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path) -> None:
        """Write what is seen of the page as PNG."""
        shot = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    def requested(self) -> set[str]:
        """Return the addresses that the page has asked for since it was opened."""
        return {
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        }

    def dialogs(self) -> list[str]:
        """Return what the page has said in dialogs since it was opened."""
        opened = "Page.javascriptDialogOpening"
        return [each["params"]["message"] for each in self.events if each["method"] == opened]

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol; events that come first are kept."""
        number = self._send(method, parameters)
        while True:
            message = self._receive()
            if message.get("id") == number:
                if _LEFT.search(message.get("error", {}).get("message", "")):
                    raise PageLeft(message)
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            if "method" in message:
                self.events.append(message)
            if message.get("method") == "Page.javascriptDialogOpening":
                self._send("Page.handleJavaScriptDialog", {"accept": False})

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps({**call, **session}).encode() + b"\0")
        return self._calls

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._read], [], [], _TIMEOUT_SECONDS)
            assert ready, "Chromium does not answer"
            part = os.read(self._read, 1 << 20)
            assert part, "Chromium has ended"
            self._unread += part
        message, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class _SilentHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *arguments: Any) -> None:  # noqa: A002
        pass


@contextmanager
def served(app: WsgiApp) -> Iterator[str]:
    """Serve an app on a free port, a thread a request; yield its origin."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_SilentHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def page(document: str) -> WsgiApp:
    """Return an app that shows one document at every address."""

    def show(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [document.encode()]

    return show


def behind(prefix: str, app: WsgiApp) -> WsgiApp:
    """Return what a proxy shows that strips a path and says nothing about it."""

    def proxy(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(f"{prefix}/"):
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        return app({**environ, "PATH_INFO": path[len(prefix) :]}, start_response)

    return proxy
