"""Messages as a stock Celery client lays them on the queue, and faulty ones."""

import base64
import json
from typing import Any

from celery import Celery
from kombu.compression import compress
from kombu.serialization import dumps
from kombu.utils.encoding import ensure_bytes

from shared.chat_arguments import MAX_MESSAGE_CHARACTERS
from shared.task_body import MAX_BODY_BYTES


def stock_message(
    task: str = "chat.infer",
    *,
    protocol: int = 2,
    serializer: str = "json",
    compression: str | None = None,
    **parts: Any,
) -> bytes:
    """Lay a task into the form that kombu's Redis transport writes."""
    app = Celery("somebody", broker="memory://", set_as_current=False)
    app.conf.task_protocol = protocol
    args = parts.pop("args", [{"message": "hi"}])
    headers, properties, body, _ = app.amqp.create_task_message(
        parts.pop("task_id", "id-1"), task, args, parts.pop("kwargs", {}), **parts
    )
    content_type, content_encoding, content = dumps(body, serializer=serializer)
    if compression:
        content, headers["compression"] = compress(content, compression)
    payload = base64.b64encode(ensure_bytes(content)).decode()
    envelope = {
        "body": payload,
        "content-encoding": content_encoding,
        "content-type": content_type,
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
    "far ahead": stock_message(countdown=10**6),
    "pickle": stock_message(serializer="pickle"),
    "bad id": stock_message(task_id="a\nb"),
    "huge": stock_message(args=[{"message": "x" * MAX_BODY_BYTES}]),
    "bad base64": stock_message().replace(b'"body": "', b'"body": "!'),
    "no headers": b'{"body": "W10="}',
    "deep": b"[" * 100_000,
}
