"""
`Session`: a conversation as an object, with its messages in memory and its session id in the CLI.
"""
from __future__ import annotations

import collections
import datetime
import os
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._core import checks as check
from .._core.ids import new_uuid
from ..errors import ConfigurationError, SessionNotFoundError
from ..options.options import NOT_GIVEN, SESSION, Options, given_output, options_of
from ..transcripts.location import SessionLocation
from .callbacks import OnMessage
from .client import Client
from .prompt import Prompt, content_of
from .stream import MessageStream

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..messages import Message, ResultMessage
    from ..options.typing import OptionsWithoutOutput, OptionValues, OutputType, T, TurnOptions


class Session:
    """
    A conversation with a fixed session id, which the CLI uses as well.

    The session keeps the directory and the configuration folder in which it was created, even if this process changes
its own.
    Args:
        max_messages: Maximum number of messages kept in memory; older ones are dropped. The CLI's context is not
            affected.
        options: Base options; *overrides* are options by name and take precedence.

    Raises:
        ConfigurationError: The name or value of an option is invalid, or an option such as `resume` selects a session:
            use `Session.resume` or `fork` for that.
    """

    def __init__(
        self, max_messages: int = 1000, options: Options | None = None, **overrides: Unpack[OptionValues]
    ) -> None:
        checked = check.number("max_messages", least=1, whole=True)(max_messages)
        if checked is None:
            raise check.invalid("max_messages", max_messages, "expected a whole number")
        merged = options_of(options, **overrides)
        for name in SESSION:
            if getattr(merged, name) and name != "session_id":
                raise ConfigurationError(f"Session({name}=...): use Session.resume(id) or session.fork()")
        #: The id, a UUID. The CLI uses it from the first query on.
        self.id: str = merged.session_id or new_uuid()
        #: Creation time, timezone-aware, in UTC.
        self.created_at = datetime.datetime.now(datetime.timezone.utc)
        #: Id of the session that this one was forked from.
        self.parent_id: str | None = None
        self._messages: collections.deque[Message] = collections.deque(maxlen=checked)
        self._options = _pin_location(merged)
        self._opening: dict[str, Any] = {"session_id": self.id}
        self._client: Client | None = None

    @classmethod
    def resume(
        cls, session_id: str, max_messages: int = 1000, options: Options | None = None, **overrides: Unpack[TurnOptions]
    ) -> Session:
        """
        Resume a session by its id. Its messages are loaded from the transcript, if it is on this machine.

        Raises:
            ConfigurationError: The id is not a UUID, or an option is invalid.
            SessionNotFoundError: Raised by the first query if the session does not exist.
        """
        if not check.is_uuid(session_id):
            remedy = "expected a session id (a UUID) as in list_sessions(); query(resume=) accepts titles"
            raise check.invalid("session_id", session_id, remedy)
        known = str(session_id)
        session = cls(max_messages, options, session_id=known, **overrides)
        session._opening = {"resume": known}
        session._read()
        return session

    # --- memory

    @property
    def messages(self) -> list[Message]:
        """The messages in memory, oldest first."""
        return list(self._messages)

    @property
    def last_message(self) -> Message | None:
        """The newest message, or *None*."""
        return self._messages[-1] if self._messages else None

    @property
    def max_messages(self) -> int:
        """Maximum number of messages kept in memory."""
        return self._messages.maxlen or 0

    def add_message(self, message: Message) -> None:
        """
        Add a message to the memory; beyond the limit the oldest is dropped.

        Raises:
            ConfigurationError: *message* is not a message.
        """
        if not hasattr(message, "to_dict"):
            raise check.invalid("message", message, "expected a message, as returned by get_session_messages")
        self._messages.append(message)

    @property
    def is_forked(self) -> bool:
        """Whether this session was forked from another session."""
        return self.parent_id is not None

    # --- turns

    def query(
        self,
        prompt: Prompt,
        on_message: OnMessage | None = None,
        *,
        output: OutputType[T] = NOT_GIVEN,
        **overrides: Unpack[OptionsWithoutOutput],
    ) -> ResultMessage[T]:
        """Run one turn in this session; see `Client.query`."""
        return self.stream(prompt, **given_output(output), **overrides).run(on_message)

    def stream(self, prompt: Prompt, **overrides: Unpack[OptionValues]) -> MessageStream:
        """Run one turn in this session and return an iterator of its messages; see `Client.stream`."""
        for name in SESSION:
            if name in overrides:
                raise ConfigurationError(f"{name}: a Session keeps its session id; use fork() or Session.resume(id)")
        stream = self.client.stream(prompt, **overrides)
        stream.keep = self._recorder(stream, prompt)
        return stream

    def _recorder(self, stream: MessageStream, prompt: Prompt) -> OnMessage:
        """Return a callback that stores the prompt and the messages of the turn, except stream events."""
        waiting, running = [prompt], weakref.ref(stream)  # the stream holds this function

        def keep(message: Message) -> None:
            if waiting and not message.is_background:
                self._add_prompt(waiting.pop(), running())
            if not message.is_stream_event:
                self.add_message(message)
            if message.is_result and message.session_id:
                self.id = message.session_id

        return keep

    def _add_prompt(self, prompt: Prompt, stream: MessageStream | None) -> None:
        from .._converter import structure_message

        frame = {"type": "user", "message": {"role": "user", "content": content_of(prompt)}, "session_id": self.id}
        uuid = None if stream is None else stream.prompt_uuid
        self.add_message(structure_message({**frame, "uuid": uuid, "parent_tool_use_id": None}))

    @property
    def client(self) -> Client:
        """The client that runs the turns, for `abort`, `set_model` and other methods."""
        if self._client is None:
            self._client = Client(self._options, **self._opening)
        return self._client

    def abort(self) -> bool:
        """Abort the running turn; see `Client.abort`."""
        return self._client is not None and self._client.abort()

    def close(self) -> None:
        """End the process; the session can be resumed."""
        client, self._client = self._client, None
        if client is not None:
            self._opening = self._reopening()
            client.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _reopening(self) -> dict[str, Any]:
        return {"resume": self.id} if self._was_started() else self._opening

    def _was_started(self) -> bool:
        return ("resume" in self._opening and not self._opening.get("fork_session")) or any(
            message.session_id == self.id and not message.is_user for message in self._messages
        )

    # --- copies

    def fork(self) -> Session:
        """
        Return a child session with a copy of the messages.

        The child's first query forks the CLI session at this point, under the child's id; later turns of the parent are
        not included. If this session has had no query yet, the child opens the way this session would have.
        """
        child = Session(self.max_messages, self._options)
        child.parent_id = self.id
        child._messages.extend(self._messages)
        if self._was_started():
            child._opening = {"resume": self.id, "fork_session": True, "session_id": child.id, **self._fork_point()}
        elif "resume" in self._opening:
            child._opening = {**self._opening, "session_id": child.id}
        return child

    def _fork_point(self) -> dict[str, str]:
        """Return the newest assistant message of the main conversation as the option to fork at."""
        said = (m.uuid for m in reversed(self._messages) if m.is_assistant and not m.is_subagent and not m.is_synthetic)
        uuid = next(said, None)
        return {"resume_session_at": uuid} if uuid else {}

    def _read(self) -> None:
        from ..transcripts.listing import get_session_info
        from ..transcripts.reader import get_session_messages

        location = SessionLocation.with_overrides(self._options.cwd, self._options.env)
        if not location.find_all(self.id):
            return
        config = location.config_folder
        try:
            self._messages.extend(get_session_messages(self.id, config_dir=config))
        except SessionNotFoundError:
            return  # an empty file, or a link out of the projects folder: the CLI reports it at the first query
        info = get_session_info(self.id, config_dir=config)
        if info is None:
            return
        if info.created_at:
            self.created_at = datetime.datetime.fromtimestamp(info.created_at / 1000, datetime.timezone.utc)
        if info.cwd and os.path.isdir(info.cwd):
            self._options = self._options.evolve(cwd=info.cwd)

    def to_dict(self) -> dict[str, Any]:
        """Return the session as plain data for `from_dict`. Options are omitted: they can contain secrets."""
        return {
            "id": self.id,
            "created_at": self.created_at.isoformat(),
            "parent_id": self.parent_id,
            "forked": self.is_forked,
            "started": self._was_started(),
            "opening": self._reopening(),
            "cwd": self._options.cwd,
            "max_messages": self.max_messages,
            "messages": [message.to_dict() for message in self._messages],
        }

    @classmethod
    def from_dict(
        cls, fields: Mapping[str, Any], options: Options | None = None, **overrides: Unpack[TurnOptions]
    ) -> Session:
        """
        Restore a session from the output of `to_dict`; its next query resumes it.

        Raises:
            ConfigurationError: *fields* is not an output of `to_dict`, or an option is invalid.
        """
        from .._converter import structure_message

        missing = [name for name in ("id", "created_at") if name not in fields]
        if missing:
            raise check.invalid("fields", dict(fields), f"expected the output of to_dict; {missing[0]!r} is missing")
        place = {"cwd": fields["cwd"]} if fields.get("cwd") and os.path.isdir(fields["cwd"]) else {}
        given = {**place, **overrides}
        session = cls(fields.get("max_messages", 1000), options, session_id=fields["id"], **given)
        session.created_at = datetime.datetime.fromisoformat(fields["created_at"])
        session.parent_id = fields.get("parent_id")
        session._messages.extend(structure_message(frame) for frame in fields.get("messages", ()))
        opening = {name: value for name, value in fields.get("opening", {}).items() if name in SESSION}
        session._opening = opening or session._opening
        return session

    def __repr__(self) -> str:
        fork = f" fork of {self.parent_id[:8]}" if self.parent_id else ""
        return f"<Session {self.id}{fork}, {len(self._messages)} messages>"


def _pin_location(options: Options) -> Options:
    """Set the directory and the configuration folder to their current values."""
    location = SessionLocation.with_overrides(options.cwd, options.env)
    env = {**location.overrides, **(options.env or {})}
    return options.evolve(cwd=location.cwd, env=env, session_id=None)
