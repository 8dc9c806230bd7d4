"""Which figures of a worker's heartbeat are which metrics.

A counter that a worker has not counted yet is 0 there, so that its first count is an increase.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared import keys

_STEPS = ("lease", "prepare", "engine", "compose", "complete")
_ANSWERING = (keys.INFERENCE, keys.INFERENCE_LARGE)
_SPEAKING = (keys.GENERATION,)
_VERDICTS = ("handed", "late", "unserved", "spent")
_MODEL_FAULTS = (
    *("no_place", "open", "unreachable", "busy", "failed", "key"),
    *("refused", "address", "late", "broken", "length"),
)


@dataclass(frozen=True, slots=True)
class WorkerFigure:
    """A figure of heartbeats: its metric, without `_total`, and the labels beside worker and queue.

    `queues`: of which queues' workers it is.
    """

    figure: str
    metric: str
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)
    queues: Sequence[str] = keys.QUEUES


def _each(
    metric: str, text: str, label: str, figures: Mapping[str, str], queues: Sequence[str]
) -> Sequence[WorkerFigure]:
    """Return one metric's figures, by the value of its label."""
    return [
        WorkerFigure(figure, metric, text, {label: value}, queues)
        for figure, value in figures.items()
    ]


COUNTERS: Sequence[WorkerFigure] = (
    WorkerFigure(
        "answered", "parley_worker_answered", "messages that were answered, and tones given"
    ),
    WorkerFigure(
        "ended_early",
        "parley_worker_ended_early",
        "messages that ended before the engine: expired, cancelled, refused or not readable",
    ),
    WorkerFigure("messages", "parley_worker_messages", "messages that the engine was given"),
    WorkerFigure("batches", "parley_worker_batches", "batches that the engine was given"),
    WorkerFigure("tokens", "parley_worker_tokens", "tokens of these messages"),
    WorkerFigure(
        "padded_tokens",
        "parley_worker_padded_tokens",
        "tokens that the engine computed, padding included",
    ),
    WorkerFigure(
        "engine_seconds",
        "parley_worker_engine_busy_seconds",
        "time in which the engine worked; a second each second is full load",
    ),
    WorkerFigure("completions", "parley_worker_completions", "calls that ended messages"),
    WorkerFigure(
        "lost_leases",
        "parley_worker_lost_leases",
        "messages that another worker had taken over before their end",
    ),
    WorkerFigure(
        "duplicates", "parley_worker_duplicates", "messages that had ended before their answer"
    ),
    WorkerFigure(
        "reclaimed", "parley_worker_reclaimed", "messages of dead workers that this one put back"
    ),
    WorkerFigure(
        "missing_replica_acks",
        "parley_worker_missing_replica_acks",
        "calls that ended messages and that too few replicas confirmed in time",
        queues=(*_ANSWERING, keys.GENERATION),
    ),
    WorkerFigure(
        "tones_late",
        "parley_worker_tones_late",
        "replies that went out with tone unknown, since the tone did not come in time",
        queues=_ANSWERING,
    ),
    *_each(
        "parley_tone_vectors",
        "tones given, by where their vector is from",
        "source",
        {"tones_shared": "answer_encoder", "tones_own": "tone_encoder"},
        (keys.SENTIMENT,),
    ),
    WorkerFigure(
        "knowledge_reloads",
        "parley_worker_knowledge_reloads",
        "knowledge bases taken in after a change",
        queues=_ANSWERING,
    ),
    WorkerFigure(
        "knowledge_refused",
        "parley_worker_knowledge_refused",
        "changed knowledge bases that were refused",
        queues=_ANSWERING,
    ),
    WorkerFigure(
        "processor_seconds",
        "parley_worker_process_cpu_seconds",
        "processor time of the worker's process",
    ),
    *_each(
        "parley_worker_step_cpu_seconds",
        "processor time of a step's own thread",
        "step",
        {f"{step}_cpu_seconds": step for step in _STEPS},
        keys.QUEUES,
    ),
    *_each(
        "parley_dead_letters",
        "messages that became dead letters, by reason",
        "reason",
        {
            "dead_letters_malformed": "malformed",
            "dead_letters_unprepared": "unprepared",
            "dead_letters_failed": "failed",
            "dead_letters_deliveries": "deliveries",
        },
        keys.QUEUES,
    ),
    *_each(
        "parley_dead_letters",
        "messages that became dead letters, by reason",
        "reason",
        {"dead_letters_follow_up": "follow_up"},
        _ANSWERING,
    ),
    *_each(
        "parley_second_look_requests",
        "messages that the small encoder was not sure of, by what became of their second look",
        "verdict",
        {
            "second_looks_handed": "handed",
            "second_looks_late": "late",
            "second_looks_unserved": "unserved",
        },
        (keys.INFERENCE,),
    ),
    *_each(
        "parley_second_looks",
        "second looks at large workers, by outcome",
        "outcome",
        {
            "second_looks_done": "made",
            "second_looks_overdue": "overdue",
            "second_looks_failed": "failed",
        },
        (keys.INFERENCE_LARGE,),
    ),
    *_each(
        "parley_voice_requests",
        "replies that a language model could put into words, by what became of that",
        "verdict",
        {f"words_{verdict}": verdict for verdict in _VERDICTS},
        _ANSWERING,
    ),
    *_each(
        "parley_voice_failures",
        "requests to the language model's server that failed, by why",
        "reason",
        {f"llm_failures_{reason}": reason for reason in _MODEL_FAULTS},
        _SPEAKING,
    ),
    WorkerFigure(
        "llm_retries",
        "parley_voice_retries",
        "requests to the language model's server that were tried again",
        queues=_SPEAKING,
    ),
    WorkerFigure(
        "second_looks_late",
        "parley_second_looks_late",
        "second looks that were made, after the latency target",
        queues=(keys.INFERENCE_LARGE,),
    ),
)

GAUGES: Sequence[WorkerFigure] = (
    WorkerFigure(
        "process_resident_bytes",
        "parley_worker_process_resident_memory_bytes",
        "resident memory of the worker's process",
    ),
    WorkerFigure(
        "cascade",
        "parley_worker_cascade",
        "1 if the worker asks for second looks",
        queues=(keys.INFERENCE,),
    ),
    WorkerFigure(
        "voice",
        "parley_worker_voice",
        "1 if the worker hands answers over to be put into a language model's words",
        queues=(keys.INFERENCE,),
    ),
    WorkerFigure(
        "pace_seconds",
        "parley_worker_pace_seconds",
        "time that a message keeps a large or a generation worker, as small workers reckon with it",
        queues=(keys.INFERENCE_LARGE, keys.GENERATION),
    ),
    WorkerFigure(
        "turnaround_seconds",
        "parley_worker_turnaround_seconds",
        "time from hand-over to decision, or to the whole reply, that few messages exceeded lately",
        queues=(keys.INFERENCE_LARGE, keys.GENERATION),
    ),
    WorkerFigure(
        "llm_places",
        "parley_voice_places",
        "replies that the worker has the language model write at once, at most",
        queues=_SPEAKING,
    ),
    WorkerFigure(
        "llm_places_taken",
        "parley_voice_places_taken",
        "replies that the language model writes for the worker now",
        queues=_SPEAKING,
    ),
    WorkerFigure(
        "llm_open",
        "parley_voice_model_away",
        "1 if the language model is left alone, as it failed or its words came to nothing",
        queues=_SPEAKING,
    ),
)

# Sum and number, each as heartbeats have it.
SUMMARIES: Sequence[tuple[WorkerFigure, str]] = (
    (
        WorkerFigure(
            "completion_seconds",
            "parley_completion_seconds",
            "time of the call that ends a batch, once for each message that it answers",
        ),
        "answered",
    ),
    (
        WorkerFigure(
            "second_look_seconds",
            "parley_second_look_seconds",
            "time from hand-over to decision",
            queues=(keys.INFERENCE_LARGE,),
        ),
        "second_looks_done",
    ),
)
