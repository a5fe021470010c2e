"""
`UserSessions`: one conversation per user of a program, over any number of threads, processes and hosts.
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
#: Options that select a session or a process; `UserSessions` sets them. Forking is allowed.
_MANAGED = frozenset(SESSION) - {"fork_session", "resume_session_at"} | {"persistent"}


class UserSessions:
    """
    Resume each user's own session, with one turn at a time per user.

    The object is stateless: any number of objects, processes and hosts can share a store. A running turn holds the
    user's lease in the store; if its process dies, the lease expires after the store's *lease_ttl*.

    Args:
        store: Maps users to sessions: `stores.SQLiteStore(path)`, `stores.RedisStore(url)` ...
        options: Base options; *overrides* are options by name and take precedence. With `session_store=store`, the
            transcripts are stored there too, so that other hosts can resume them.

    Raises:
        ConfigurationError: An option is invalid, or the store does not support users.
    """

    def __init__(self, store: Store, options: Options | None = None, **overrides: Unpack[OptionValues]) -> None:
        missing = [name for name in _METHODS if not _has(store, name)]
        if missing:
            raise ConfigurationError(f"UserSessions: the store has no method {missing[0]}; see agent_sdk.stores.Store")
        _reject(overrides)
        self._options = options_of(options, **overrides)
        if any(getattr(self._options, name) for name in SESSION):
            raise ConfigurationError(f"UserSessions: options={self._options!r} select a session; remove that option")
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
        Run one turn in the session of a user, and store the session id as soon as it is known.

        The first turn of a user starts a session. If the stored session no longer exists, `SessionNotFoundError` is
        raised; call `forget` to start a new one. With *session_store*, a session that is neither on this machine nor
        in the store is started again under the same id.

        Args:
            user_id: Must not be empty; a number is the same user as its decimal string.
            prompt: As for `query`.
            on_message: As for `query`. If the store fails during the turn, a `mirror_error` message reports it.
            wait: Seconds to wait for a turn of this user that is running; *None* has no bound.
            output: As for `query`.
            overrides: Options for this call.

        Raises:
            SessionBusyError: The other turn did not end in time, or it runs in the calling thread (raised at once).
            StoreError: The store failed before the turn started.
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
            text = f"user {user!r}: another turn is running ({error}); retry later, or increase wait="
            raise SessionBusyError(text, user=user, waited=time.monotonic() - begun) from None
        with lease:
            known = self._store.session_id(user)
            memory = _SessionRecorder(self._store, user, known, on_message)
            result = query(prompt, memory.deliver, options=options, **_opening(known, options))
        if lease.is_lost:
            text = f"user {user!r}: the lease was lost during the turn; another worker may have started one too"
            log.warn(text, StoreWarning)
        return result

    def session_id(self, user_id: str | int) -> str | None:
        """
        Return the id of a user's session; *None* if the user has none.

        Raises:
            StoreError: The store failed.
        """
        return self._store.session_id(check_user(user_id))

    def forget(self, user_id: str | int) -> None:
        """
        Make the user's next turn start a new session. The transcript of the old one is kept.

        Raises:
            StoreError: The store failed.
        """
        self._store.forget(check_user(user_id))

    def __repr__(self) -> str:
        return f"<UserSessions in {self._store!r}>"


class _SessionRecorder:
    """Stores the session id of a user as soon as a message of the turn contains it."""

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
            # A failing store does not fail a turn: the result retries the write, and a second failure is reported.
            if message.is_result:
                self._tell(session_id, error, message)

    def _tell(self, session_id: str, error: Exception, result: Message) -> None:
        from .._converter import structure_message

        text = f"the session {session_id} of user {self._user!r} could not be stored: {error}"
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
            # The first turn was killed before its first message: nothing can be resumed and nothing is lost.
            return {"session_id": known}
    return {"resume": known}


def _has(store: Any, name: str) -> bool:
    # Subclasses need not override `lease`.
    return supports(store, name) or (name == "lease" and isinstance(store, Store))


def _reject(overrides: Mapping[str, Any]) -> None:
    for name in (*sorted(_MANAGED), "continue"):
        if name in overrides:
            raise ConfigurationError(f"UserSessions chooses the session; remove {name}=")
