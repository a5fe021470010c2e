"""
`UserSessions`: one conversation for each user of a program, whichever thread, process or host serves the next turn.
"""
from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._core import checks as check
from .._core import log
from .._core.callbacks import check_callback
from ..errors import ConfigurationError, SessionBusyError, StoreWarning
from ..options.options import NOT_GIVEN, SESSION, Options, given_output, options_of
from ..stores.base import Key, Store, check_user, supports
from ..stores.mirror import mirror_error_frame
from ..stores.retrying import with_retries
from .callbacks import OnMessage
from .functions import query
from .prompt import Prompt

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..messages import Message, ResultMessage
    from ..options.typing import OptionsWithoutOutput, OptionValues, OutputType, T

_METHODS = ("session_id", "remember", "forget", "lease", "acquire_lease", "renew_lease", "release_lease")
#: What says which session is opened, and is ours to say here; a fork may be asked for.
_MANAGED = frozenset(SESSION) - {"fork_session", "resume_session_at"} | {"persistent"}


class UserSessions:
    """
    Go on with each user's own session, one turn at a time for each.

    Keeps nothing itself: any number of objects, processes and hosts may share a store. A turn that runs holds its
    user's lease in the store; where its process dies, the lease is free after the store's *lease_ttl*.

    Args:
        store: Where it is kept which user has which session: `stores.SQLiteStore(path)`, `stores.RedisStore(url)` ...
        options: Options to start from; *overrides* are options by name, above them. With `session_store=store` the
            transcripts are kept there too, so that another host resumes them.

    Raises:
        ConfigurationError: An option is wrong, or the store cannot keep users.
    """

    def __init__(self, store: Store, options: Options | None = None, **overrides: Unpack[OptionValues]) -> None:
        missing = [name for name in _METHODS if not _has(store, name)]
        if missing:
            raise ConfigurationError(f"UserSessions: the store has no {missing[0]}; see agent_sdk.stores.Store")
        _reject(overrides)
        self._options = options_of(options, **overrides)
        if any(getattr(self._options, name) for name in SESSION):
            raise ConfigurationError(f"UserSessions: options={self._options!r} open a session; the store says which")
        self._store = store

    def query(
        self,
        user_id: str | int,
        prompt: Prompt,
        on_message: OnMessage | None = None,
        *,
        wait: float | None = 60.0,
        output: OutputType[T] = NOT_GIVEN,
        **overrides: Unpack[OptionsWithoutOutput],
    ) -> ResultMessage[T]:
        """
        Run one turn in the session of a user, and remember its id as soon as it is known.

        The first turn of a user begins a session. When the session that is remembered is gone, `SessionNotFoundError`
        says so, and `forget` lets the user begin anew. With *session_store* one that neither this machine nor the store
        has anything of is begun anew under its id.

        Args:
            user_id: Not empty; a number is the same user as its digits.
            prompt: As for `query`.
            on_message: As for `query`. Where the store fails during the turn, a `mirror_error` message tells.
            wait: Seconds to wait for a turn of this user that is running; *None* has no bound.
            output: As for `query`.
            overrides: Options for this call.

        Raises:
            SessionBusyError: The other turn did not end in time, or it runs in this very thread (at once).
            StoreError: The store failed before the turn began.
            AgentSDKError: As for `query`.
        """
        user = check_user(user_id)
        _reject(overrides)
        seconds = check.number("wait", least=0)(wait)
        options = self._options.evolve(**{"session_wait": seconds, **given_output(output), **overrides})
        check_callback("on_message", on_message)
        begun = time.monotonic()
        try:
            lease = self._store.lease(f"user:{user}", wait=math.inf if seconds is None else seconds)
        except SessionBusyError as error:
            text = f"user {user!r}: another turn is running ({error}); try again, or wait longer (wait=)"
            raise SessionBusyError(text, user=user, waited=time.monotonic() - begun) from None
        with lease:
            known = self._store.session_id(user)
            memory = _SessionRecorder(self._store, user, known, on_message)
            result = query(prompt, memory.deliver, options=options, **_opening(known, options))
        if lease.is_lost:
            text = f"user {user!r}: the lease was lost during the turn; another worker may have begun one beside it"
            log.warn(text, StoreWarning)
        return result

    def session_id(self, user_id: str | int) -> str | None:
        """
        Return the id of a user's session, or *None*.

        Raises:
            StoreError: The store failed.
        """
        return self._store.session_id(check_user(user_id))

    def forget(self, user_id: str | int) -> None:
        """
        Let the user's next turn begin a new session. The old one's transcript stays.

        Raises:
            StoreError: The store failed.
        """
        self._store.forget(check_user(user_id))

    def __repr__(self) -> str:
        return f"<UserSessions in {self._store!r}>"


class _SessionRecorder:
    """Remembers the session of one turn as it becomes known, on the way of its messages."""

    def __init__(self, store: Store, user: str, known: str | None, on_message: OnMessage | None) -> None:
        self._store = store
        self._user = user
        self._known = known
        self._on_message = on_message

    def deliver(self, message: Message) -> None:
        session_id = message.session_id
        if (message.is_init or message.is_result) and session_id and session_id != self._known:
            self._remember(session_id, message)
        if self._on_message is not None:
            self._on_message(message)

    def _remember(self, session_id: str, message: Message) -> None:
        try:
            if message.is_result:
                with_retries(lambda: self._store.remember(self._user, session_id))
            else:
                self._store.remember(self._user, session_id)
            self._known = session_id
        except Exception as error:
            # A store that fails never fails a turn: it is asked again at the result, and then told of.
            if message.is_result:
                self._tell(session_id, error, message)

    def _tell(self, session_id: str, error: Exception, result: Message) -> None:
        from .._converter import structure_message

        text = f"the session of user {self._user!r} was not remembered, it is {session_id}: {error}"
        report = structure_message(mirror_error_frame(text, Key("", session_id)))
        result.messages.insert(max(0, len(result.messages) - 1), report)
        if self._on_message is not None:
            self._on_message(report)


def _opening(known: str | None, options: Options) -> dict[str, Any]:
    """Return the options that open the session of a user."""
    if known is None:
        return {}
    if options.session_store is not None:
        from .store_sync import is_known

        if not is_known(known, options):
            # Its first turn was killed before it had said anything: there is nothing to resume, and nothing is lost.
            return {"session_id": known}
    return {"resume": known}


def _has(store: Any, name: str) -> bool:
    # `lease` is the one method that a subclass may leave as it is.
    return supports(store, name) or (name == "lease" and isinstance(store, Store))


def _reject(overrides: Mapping[str, Any]) -> None:
    for name in (*sorted(_MANAGED), "continue"):
        if name in overrides:
            raise ConfigurationError(f"UserSessions: {name} is not for users' sessions: the store says which is whose")
