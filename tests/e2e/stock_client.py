"""A Celery client that shares no code with Parley: asks one question and prints the reply."""

import json
import sys

import celery
from celery import Celery


def main() -> None:
    """Ask by task name; print the result as JSON."""
    url, message, conversation = sys.argv[1:4]
    app = Celery("somebody", broker=url, backend=url)
    request = {"message": message, "conversation_id": conversation, "user_id": "somebody"}
    task = app.send_task("chat.infer", [request], queue="inference", expires=30)
    reply = task.get(timeout=20)
    end = {"celery": celery.__version__, "id": task.id, "state": task.state, "reply": reply}
    print(json.dumps(end))  # noqa: T201


if __name__ == "__main__":
    main()
