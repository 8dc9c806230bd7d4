"""Messages that no gateway would write, as any client of Redis may push them."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from shared import keys

_HUGE_BYTES = 10_000_000
_TASKS = {
    keys.INFERENCE: keys.INFER_TASK,
    keys.GENERATION: keys.INFER_TASK,
    keys.SENTIMENT: keys.TONE_TASK,
}


def malformed_messages(queue: str, mark: str) -> Mapping[str, bytes]:
    """Return one message for each defect by its unique name, which is found near its beginning."""
    task = _TASKS[queue]
    names = [f"{mark}-{defect}" for defect in ("bad-json", "base64", "task", "header", "10-mb")]
    bad_json, base64_, wrong_task, no_task, huge = names
    return {
        bad_json: f'{{"headers": {{"id": "{bad_json}", '.encode(),
        base64_: _envelope(base64_, task, "%%%"),
        wrong_task: _envelope(wrong_task, "chat.nonsense", _body(wrong_task)),
        no_task: _envelope(no_task, None, _body(no_task)),
        huge: _envelope(huge, task, "A" * _HUGE_BYTES),
    }


def _body(text: str) -> str:
    argument = {"message": text, "job_id": text}
    return base64.b64encode(msgspec.json.encode(([argument], {}, {}))).decode()


def _envelope(task_id: str, task: str | None, body: str) -> bytes:
    headers: dict[str, Any] = {"id": task_id, "lang": "py"}
    if task is not None:
        headers["task"] = task
    return msgspec.json.encode(
        {
            "headers": headers,
            "body": body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "properties": {"correlation_id": task_id, "body_encoding": "base64"},
        }
    )
