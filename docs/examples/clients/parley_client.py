"""A client of Parley with requests.

    python parley_client.py ask TEXT [CONVERSATION]    one question, one reply
    python parley_client.py stream TEXT                the reply as it comes
    python parley_client.py follow TEXT                ask without waiting, look until it is there
    python parley_client.py rate JOB SCORE [COMMENT]   1 (worst) to 5 (best)
    python parley_client.py person CONVERSATION        what is said, by a person too; Ctrl-C ends it

PARLEY_URL is the gateway's address, PARLEY_API_KEY the key where one is asked for.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import requests

TRIES = 5


class Refused(Exception):
    """A request that got an error, or a message that got no reply."""


class Parley:
    """Talks to a gateway."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url
        self._session = requests.Session()
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def ask(self, text: str, conversation: str | None = None) -> dict[str, Any]:
        """Ask, and wait for the reply."""
        reply: dict[str, Any] = self._send(text, conversation).json()
        return reply

    def submit(self, text: str) -> str:
        """Ask without waiting; return the job's id."""
        job: str = self._send(text, None, {"Prefer": "respond-async"}).json()["job_id"]
        return job

    def wait_for(self, job: str) -> dict[str, Any]:
        """Look until the job has ended; return its reply."""
        while True:
            found = self._checked(self._session.get(f"{self._url}/jobs/{job}", timeout=10)).json()
            if "error" in found:
                raise Refused(found["error"]["detail"])
            if "reply" in found:
                reply: dict[str, Any] = found["reply"]
                return reply
            time.sleep(1)

    def stream(self, text: str) -> Iterator[str]:
        """Ask; yield the parts of the reply's text as they come."""
        with self._send(text, None, {"Accept": "text/event-stream"}, stream=True) as response:
            for _, event, data in events(response):
                if event == "error":
                    raise Refused(data["detail"])
                if event == "delta":
                    yield data["text"]

    def rate(self, job: str, score: int, comment: str | None = None) -> None:
        """Say how good a reply was, from 1 (worst) to 5 (best)."""
        body = {"job_id": job, "score": score, **({"comment": comment} if comment else {})}
        self._checked(self._session.post(f"{self._url}/feedback", json=body, timeout=10))

    def conversation(self, conversation: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what is said, and who has the conversation; go on after a broken connection."""
        seen = ""
        while True:
            try:
                with self._session.get(
                    f"{self._url}/conversations/{conversation}/events",
                    headers={"Last-Event-ID": seen} if seen else {},
                    stream=True,
                    timeout=60,  # a comment comes every 15 s
                ) as response:
                    for name, event, data in events(self._checked(response)):
                        seen = name or seen
                        yield event, data
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                pass
            time.sleep(1)

    def _send(
        self,
        text: str,
        conversation: str | None,
        headers: dict[str, str] | None = None,
        *,
        stream: bool = False,
    ) -> requests.Response:
        """Post a message; come back when it is refused for now, or the connection breaks.

        It goes under the same Idempotency-Key each time, so it is asked once however often it is
        sent.
        """
        body = {"message": text, **({"conversation_id": conversation} if conversation else {})}
        headers = {"Idempotency-Key": str(uuid.uuid4()), **(headers or {})}
        for tried in range(TRIES):
            pause = float(2**tried)
            try:
                response = self._session.post(
                    f"{self._url}/chat", json=body, headers=headers, stream=stream, timeout=60
                )
            except requests.ConnectionError as error:
                problem = Refused(str(error))
            else:
                if response.status_code not in (429, 503):
                    return self._checked(response)
                problem = Refused(response.json()["detail"])
                pause = float(response.headers.get("Retry-After", pause))
            time.sleep(pause)
        raise problem

    @staticmethod
    def _checked(response: requests.Response) -> requests.Response:
        """Return a response that is none of an error; errors say in `detail` what is wrong."""
        if response.status_code >= 400:
            raise Refused(f"{response.status_code}: {response.json()['detail']}")
        return response


def events(response: requests.Response) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield id, name and data of server-sent events."""
    fields: dict[str, str] = {}
    for line in response.iter_lines(chunk_size=1):  # each line as soon as it is there
        field, _, value = line.decode().partition(": ")
        if field == "data":
            yield fields.get("id", ""), fields.get("event", ""), json.loads(value)
        elif field:
            fields[field] = value
        else:
            fields = {}


def show(parley: Parley, command: str, *given: str) -> None:
    """Run one command and print what comes."""
    match command, given:
        case "ask", (text, *conversation):
            print(parley.ask(text, *conversation)["response"])
        case "stream", (text,):
            for part in parley.stream(text):
                print(part, end="", flush=True)
            print()
        case "follow", (text,):
            print(parley.wait_for(parley.submit(text))["response"])
        case "rate", (job, score, *comment):
            parley.rate(job, int(score), *comment)
        case "person", (conversation,):
            for event, data in parley.conversation(conversation):
                print_event(event, data)
        case _:
            sys.exit(__doc__)


def print_event(event: str, data: dict[str, Any]) -> None:
    """Print a turn, or who has the conversation."""
    if event == "turn":
        print(f"{data['by'] or data['role']}: {data['text']}", flush=True)
    elif event == "handover":
        print(f"[{data['state']}]", flush=True)


if __name__ == "__main__":
    address = os.environ.get("PARLEY_URL", "http://127.0.0.1:8000")
    try:
        show(Parley(address, os.environ.get("PARLEY_API_KEY")), *(sys.argv[1:] or [""]))
    except Refused as error:
        sys.exit(str(error))
