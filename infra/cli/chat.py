"""`parley chat`: a conversation with a running gateway, as a customer has it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.talk import Url, connect_to_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.cli.conversation_follower import ConversationFollower
    from infra.cli.gateway_client import GatewayClient
    from infra.cli.prompt import Prompt
    from shared.errors import ParleyError

_SHOWN_TURNS = 10
_COMMANDS = (
    ("/good, /bad [comment]", "rate the last reply"),
    ("1, 2, …", "choose among what it asks"),
    ("/new", "begin another conversation"),
    ("/history", "show what was said in this one"),
    ("/quit", "leave, as Ctrl-D does"),
)


def chat(
    url: Url = None,
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="Go on with this conversation.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Who asks, for the memory.")
    ] = None,
) -> None:
    """Hold a conversation: replies appear as they are written, and a person's words as well.

    A restart of the gateway is survived: what was sent is answered once. Lines may come from a
    pipe; the exit status is then that of the last one that failed. What you type is kept by
    Parley as any customer's message is, and by this command not.

    [bold]Examples[/]

        parley chat
        parley chat --user anna --conversation c-17
        echo "Where is my parcel?" | parley chat
    """
    from infra.cli.exit_status import exit_status_of
    from infra.cli.output import console
    from infra.cli.prompt import Prompt

    client, screen = connect_to_gateway(url), console()
    if screen.is_terminal:
        told = f"[dim]{client.url} · /help shows what you can do · Ctrl-D ends it[/]\n"
        screen.print(told, highlight=False)
    prompt = Prompt(screen)
    talk = Talk(client, prompt, conversation, user)
    talk.resume()
    try:
        talk.hold()
    finally:
        talk.leave()
    if talk.failure and not prompt.is_typed:
        raise typer.Exit(exit_status_of(talk.failure))


class Talk:
    """One person's conversation, or several in a row."""

    def __init__(
        self,
        client: "GatewayClient",
        prompt: "Prompt",
        conversation_id: str | None = None,
        user_id: str | None = None,
    ) -> None:
        self._client = client
        self._prompt = prompt
        self._conversation_id = conversation_id
        self._user_id = user_id
        self._reply: dict[str, Any] | None = None
        self._follower: ConversationFollower | None = None
        self._holder: str | None = None
        self.failure: ParleyError | None = None  # the last one

    def hold(self) -> None:
        """Take lines until the person leaves."""
        for line in self._prompt.lines():
            if line in ("/quit", "/exit", "/q"):
                return
            self._take(line)

    def resume(self) -> None:
        """Show what was said in a conversation that goes on, and follow it."""
        if self._conversation_id is not None:
            self._follow(self._conversation_id, self._show_history())

    def leave(self) -> None:
        """Follow nothing any more."""
        if self._follower:
            self._follower.stop()
        self._follower = None

    def _take(self, line: str) -> None:
        from infra.cli.output import fail
        from shared.errors import ParleyError

        word, _, rest = line.partition(" ")
        commands = {
            "/good": lambda: self._rate(5, rest),
            "/bad": lambda: self._rate(1, rest),
            "/new": self._begin_anew,
            "/history": self._show_history,
            "/help": self._show_help,
        }
        try:
            if word in commands:
                commands[word]()
            elif word.startswith("/") and len(word) > 1 and word[1:].isalpha():
                self._note(f"There is no {word}; /help shows what there is.")
            else:
                self._ask(self._meant(line))
        except ParleyError as error:
            self.failure = error
            fail(f"{error}\n")

    def _meant(self, line: str) -> str:
        """Return the question that a number stands for, else what was typed."""
        from infra.cli.reply_view import choices

        offered = choices(self._reply) if self._reply else []
        if not line.isascii() or not line.isdigit() or not 1 <= int(line) <= len(offered):
            return line
        chosen = offered[int(line) - 1]
        self._note(chosen)
        return chosen

    def _ask(self, text: str) -> None:
        from infra.cli.reply_stream import ReplyStream
        from infra.cli.reply_view import show_facts, stream_reply
        from shared.errors import GatewayUnavailable

        message = {"message": text}
        if self._conversation_id:
            message["conversation_id"] = self._conversation_id
        if self._user_id:
            message["user_id"] = self._user_id
        events = ReplyStream(self._client.url, self._client.headers).ask(message)
        with self._prompt.above() as screen:
            ended = stream_reply(events, screen)
            if ended is None or ended.name == "error":
                problem = ended.data if ended else {}
                raise GatewayUnavailable(problem.get("detail") or "There is no reply.")
            reply = self._reply = ended.data
            if reply["response"]:
                show_facts(reply, screen)
            else:
                self._note(f"{self._holder or 'A person'} reads it.")
        self._conversation_id = str(reply["conversation_id"])
        if reply["answer"]["kind"] == "handover" and self._follower is None:
            self._follow(self._conversation_id, ())

    def _rate(self, score: int, comment: str) -> None:
        if self._reply is None:
            self._note("There is no reply yet to rate.")
            return
        body: dict[str, object] = {"job_id": self._reply["job_id"], "score": score}
        if comment.strip():
            body["comment"] = comment.strip()
        self._client.call("POST", "/feedback", body)
        self._note("Thank you." if score > 1 else "Noted. Thank you.")

    def _begin_anew(self) -> None:
        self.leave()
        self._conversation_id = self._reply = self._holder = None
        self._note("A new conversation.")

    def _show_help(self) -> None:
        with self._prompt.above() as screen:
            for name, meaning in _COMMANDS:
                screen.print(f"  {name:<22}[dim]{meaning}[/]", highlight=False)
            screen.print()

    def _show_history(self) -> "Sequence[Mapping[str, Any]]":
        """Print the last turns of the conversation and return all."""
        from urllib.parse import quote

        if self._conversation_id is None:
            self._note("Nothing was said yet.")
            return ()
        path = f"/conversations/{quote(self._conversation_id, safe='')}"
        turns: Sequence[Mapping[str, Any]] = self._client.call("GET", path)["turns"]
        for turn in turns[-_SHOWN_TURNS:]:
            self._show_turn(turn)
        if not turns:
            self._note("Nothing was said there, or it is no longer kept.")
        return turns

    def _show_turn(self, turn: "Mapping[str, Any]") -> None:
        from infra.cli.reply_view import print_markdown

        with self._prompt.above() as screen:
            if turn["role"] == "user":
                screen.print(f"› {turn['text']}", style="dim", highlight=False, markup=False)
                return
            if turn.get("by"):
                screen.print(str(turn["by"]), style="bold green", highlight=False, markup=False)
            print_markdown(turn["text"], screen)
            screen.print()

    def _follow(self, conversation_id: str, known: "Sequence[Mapping[str, Any]]") -> None:
        """Show from now on what a person writes."""
        from infra.cli.conversation_follower import ConversationFollower

        self._follower = ConversationFollower(
            self._client.url,
            self._client.headers,
            conversation_id,
            said=self._show_turn,
            held=self._tell_holder,
            heard=frozenset((turn["at"], turn["text"]) for turn in known),
        )
        self._follower.start()

    def _tell_holder(self, holder: str | None) -> None:
        self._note(f"{holder} has joined." if holder else f"{self._holder} has left.")
        self._holder = holder

    def _note(self, text: str) -> None:
        with self._prompt.above() as screen:
            screen.print(f"{text}\n", style="dim italic", highlight=False, markup=False)
