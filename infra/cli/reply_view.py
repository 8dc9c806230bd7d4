"""A reply on a terminal: its text as it comes, and below it how it came about."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infra.event_source import ServerEvent

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_READABLE_COLUMNS = 100
_KINDS = {
    "answer": "answer",
    "clarify": "not sure",
    "smalltalk": "small talk",
    "recall": "from this conversation",
    "handover": "for a person",
    "fallback": "no answer",
}


def show_reply(reply: dict[str, Any], screen: "Console") -> None:
    """Print an answer's Markdown, what else may be meant, and how it came about."""
    screen.print()
    print_markdown(reply["response"], screen)
    show_facts(reply, screen)


def print_markdown(text: str, screen: "Console") -> None:
    """Print Markdown, in lines that are easy to read; in a pipe without blanks at their ends."""
    from rich.markdown import Markdown

    width = min(screen.width, _READABLE_COLUMNS)
    if screen.is_terminal:
        screen.print(Markdown(text), width=width)
        return
    with screen.capture() as captured:
        screen.print(Markdown(text), width=width)
    for line in captured.get().splitlines():
        screen.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)


def show_facts(reply: dict[str, Any], screen: "Console") -> None:
    """Print what may be meant, by number, and how sure the answer is."""
    screen.print()
    offered = choices(reply)
    told = all(question in reply["response"] for question in offered)
    for number, question in enumerate(() if told else offered, start=1):
        screen.print(f"  [bold cyan]{number}[/] ", end="", highlight=False)
        screen.print(question, markup=False, highlight=False, soft_wrap=True)
    screen.print(f"{footnote(reply)}\n", style="dim", highlight=False, markup=False)


def choices(reply: dict[str, Any]) -> list[str]:
    """Return the questions among which the reply asks to choose."""
    if reply["answer"]["kind"] != "clarify":
        return []
    return [each["question"] for each in reply["answer"]["alternatives"]]


def footnote(reply: dict[str, Any]) -> str:
    """Return on one line how an answer came about."""
    tone, answer = reply["tone"], reply["answer"]
    sound = tone["label"] if tone["label"] == "unknown" else f"{tone['label']} {tone['score']:.0%}"
    kind = _KINDS.get(answer["kind"], answer["kind"])
    parts = [
        f"{kind} {answer['id'] or ''}".strip(),
        f"{answer['confidence']:.0%} sure",
        f"tone {sound}",
        f"{reply['timings']['total_ms']:.0f} ms",
        *(["second look"] if reply.get("encoder") == "large" else []),
        *(["in a model's words"] if reply.get("words", "entry") != "entry" else []),
        *(["only the beginning was read"] if reply.get("truncated") else []),
    ]
    return " · ".join(parts)


def stream_reply(events: Iterator[ServerEvent], screen: "Console") -> ServerEvent | None:
    """Show a reply's text as it comes; return the event that ended it."""
    if screen.is_terminal:
        return _stream_live(events, screen)
    text, last = "", None
    for last in events:
        text += last.data["text"] if last.name == "delta" else ""
    print_markdown(text, screen)
    return last


def _stream_live(events: Iterator[ServerEvent], screen: "Console") -> ServerEvent | None:
    from rich.constrain import Constrain
    from rich.live import Live
    from rich.markdown import Markdown

    text, last = "", None
    with Live(_waiting(), console=screen, refresh_per_second=12) as live:
        for last in events:
            text += last.data["text"] if last.name == "delta" else ""
            ended = last.name in ("reply", "error")
            live.update(
                Constrain(Markdown(text), _READABLE_COLUMNS) if text or ended else _waiting(last)
            )
    return last


def _waiting(event: ServerEvent | None = None) -> "RenderableType":
    """Return what is shown until the first word of a reply is there."""
    from rich.spinner import Spinner

    return Spinner("dots", text=f"[dim]{_stage(event)}[/]", style="dim")


def _stage(event: ServerEvent | None) -> str:
    if event is None:
        return ""
    if event.name == "queued":
        ahead = event.data["position"] - 1
        return f"{ahead} messages before yours" if ahead > 0 else ""
    if event.name == "away":
        return "the gateway does not answer; your message is kept"
    return ""
