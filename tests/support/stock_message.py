"""Messages as a stock Celery client lays them on the queue, and faulty ones."""

import base64
import json
from typing import Any

from celery import Celery

from shared.wire import MAX_BODY_BYTES, MAX_MESSAGE_CHARACTERS


def stock_message(task: str = "chat.infer", **parts: Any) -> bytes:
    """Lay a task into the form that kombu's Redis transport writes."""
    app = Celery("somebody", broker="memory://", set_as_current=False)
    args = parts.pop("args", [{"message": "hi"}])
    headers, properties, body, _ = app.amqp.create_task_message(
        parts.pop("task_id", "id-1"), task, args, parts.pop("kwargs", {}), **parts
    )
    payload = base64.b64encode(json.dumps(body).encode()).decode()
    envelope = {
        "body": payload,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {**properties, "body_encoding": "base64"},
    }
    return json.dumps(envelope, default=str).encode()


FAULTS = {
    "empty message": stock_message(args=[{"message": "  "}]),
    "long message": stock_message(args=[{"message": "x" * (MAX_MESSAGE_CHARACTERS + 1)}]),
    "number as message": stock_message(args=[{"message": 5}]),
    "no argument": stock_message(args=[]),
    "two arguments": stock_message(args=[{"message": "a"}, 2]),
    "keyword arguments": stock_message(kwargs={"message": "a"}),
    "bad conversation": stock_message(args=[{"message": "a", "conversation_id": "a\nb"}]),
    "wrong task": stock_message(task="chat.other"),
    "countdown": stock_message(countdown=60),
    "bad id": stock_message(task_id="a\nb"),
    "huge": stock_message(args=[{"message": "x" * MAX_BODY_BYTES}]),
    "bad base64": stock_message().replace(b'"body": "', b'"body": "!'),
    "no headers": b'{"body": "W10="}',
    "deep": b"[" * 100_000,
}
