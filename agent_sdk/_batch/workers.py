"""
The pool of `query_many`: worker threads run the queries; the calling thread runs every callback.

A worker sends its callbacks to the calling thread and waits for them, so callbacks run one at a time.
"""
from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from .._client.callbacks import OnMessage
from .._client.client import make_stream
from .._client.conversation import Conversation
from .._client.functions import one_shot
from .._client.prompt import Prompt
from .._core import log
from .._core.callbacks import set_dispatcher
from ..errors import AbortError, MaxBudgetError, RateLimitError, ResultError
from ..options.options import Options
from ..options.retry import Retry, rejected_until

if TYPE_CHECKING:
    from ..messages import Message, ResultMessage

#: Seconds that all running queries together have to end when the pool stops.
STOP_TIMEOUT = 3.0
#: Seconds between two checks of stopping workers.
POLL_INTERVAL = 0.02
#: Seconds between two checks for a stop, in a worker that waits for its callback.
STOP_CHECK_INTERVAL = 0.5


@attrs.define
class Outcome:
    """The outcome of one prompt."""

    prompt: Prompt
    #: The result, good or bad; *None* if the run ended without a result or was never started.
    result: ResultMessage | None = None
    #: The failure; *None* for a good result.
    error: Exception | None = None
    #: Cost in US dollars, all attempts included.
    cost_usd: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether the prompt has a good result."""
        return self.result is not None and self.error is None

    @property
    def content(self) -> str:
        """Text of the result, or `""`."""
        return "" if self.result is None else self.result.content

    def raise_for_error(self) -> Outcome:
        """Raise `error` if it is set; return the outcome otherwise."""
        if self.error is not None:
            raise self.error
        return self


class WorkerPool:
    """The worker threads and their state shared with the calling thread."""

    def __init__(
        self,
        outcomes: list[Outcome],
        options: Options,
        on_message: OnMessage | None,
        budget: float | None,
        raises: bool,
    ) -> None:
        self.outcomes = outcomes
        self._raises = raises
        self._options = options
        self._on_message = on_message
        self._budget = budget
        self._lock = threading.Lock()
        self._pending = list(reversed(range(len(outcomes))))
        #: Running conversations by index of the prompt.
        self._running: dict[int, Conversation] = {}
        self._finished = 0
        self._spent = 0.0
        self._resets_at = 0.0
        self._stopped = threading.Event()
        #: Calls for the calling thread; *None* when a worker has ended.
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()

    # --- in the calling thread

    def run(self, workers: int, show: Callable[[], None]) -> None:
        """Run all prompts and their callbacks."""
        count = min(workers, len(self.outcomes))
        threads = [self._make_thread(number) for number in range(count)]
        try:
            for thread in threads:
                thread.start()
            while count:
                show()
                call = self._calls.get()
                if call is None:
                    count -= 1
                else:
                    call()
        except BaseException as error:
            error.outcomes = self.outcomes  # type: ignore[attr-defined]
            self._stop_all([thread for thread in threads if thread.ident is not None])
            raise

    def _make_thread(self, number: int) -> threading.Thread:
        # Daemon threads: the program can exit without waiting, which ends their processes. Each copies the context.
        work = contextvars.copy_context().run
        return threading.Thread(target=work, args=(self._run_worker,), name=f"agent_sdk-many-{number}", daemon=True)

    def status_line(self) -> str:
        """Return the progress in one line."""
        with self._lock:
            failed = sum(outcome.error is not None for outcome in self.outcomes)
            text = f"{self._finished}/{len(self.outcomes)} done, {len(self._running)} running, ${self._spent:.4f}"
            pause = self._resets_at - time.time()
        text += f", {failed} failed" if failed else ""
        return text + (f", rate limit: waiting {pause:.0f} s" if pause > 0 else "")

    def _stop_all(self, threads: list[threading.Thread]) -> None:
        """Interrupt the running queries; after the timeout or a second Ctrl-C, kill their processes."""
        self._stopped.set()
        deadline = time.monotonic() + STOP_TIMEOUT
        try:
            while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
                self._release_waiters()
                for conversation in self._running_conversations():
                    conversation.abort()
                for thread in threads:
                    thread.join(POLL_INTERVAL / len(threads))
        except KeyboardInterrupt:
            log.debug("many", "second Ctrl-C: killing the running queries; the first KeyboardInterrupt is propagating")
        finally:
            for conversation in self._running_conversations():
                conversation.process.kill()
            self._release_waiters()
        for outcome in self.outcomes:
            if outcome.result is None and outcome.error is None:
                outcome.error = AbortError("not finished: the batch was stopped")

    def _running_conversations(self) -> list[Conversation]:
        with self._lock:
            return list(self._running.values())

    def _release_waiters(self) -> None:
        """Cancel the callbacks that workers wait for."""
        while not self._calls.empty():
            call = self._calls.get()
            if call is not None:
                call.cancel()

    def _raise_if_wanted(self, error: Exception | None) -> None:
        if error is not None and self._raises:
            raise error

    # --- in a worker

    def _run_worker(self) -> None:
        try:
            set_dispatcher(self._dispatch)
            while (number := self._next_prompt()) is not None:
                self._run_prompt(number)
        except _Cancelled:
            log.debug("many", "a worker ends: the batch was stopped")
        finally:
            self._calls.put(None)

    def _dispatch(self, function: Callable[..., Any], *args: Any, propagates: bool = False) -> Any:
        """Call *function* in the calling thread, and return its result or raise its error."""
        call = _Call(function, args, propagates)
        self._calls.put(call)
        return call.wait(self._stopped)

    def _next_prompt(self) -> int | None:
        """Return the index of the next prompt, once it may start; *None* if no prompt is left."""
        while not self._stopped.is_set():
            with self._lock:
                pause = self._resets_at - time.time()
                if not self._pending:
                    return None
                if pause <= 0:
                    return self._pending.pop()
            if pause > (self._options.retry or Retry()).max_wait:
                self._fail_remaining(pause)
                return None
            self._stopped.wait(pause)
        return None

    def _fail_remaining(self, pause: float) -> None:
        with self._lock:
            left, self._pending = self._pending, []
        text = f"not started: the rate limit resets only in {pause:.0f} seconds"
        for number in reversed(left):
            self._finish(number, RateLimitError(text, resets_at=self._resets_at))

    def _run_prompt(self, number: int) -> None:
        with self._lock:
            left = None if self._budget is None else self._budget - self._spent
        if left is not None and left <= 0:
            self._finish(number, MaxBudgetError(f"not started: the budget of ${self._budget:g} is spent"))
            return
        conversation = one_shot(self._with_budget(left))
        with self._lock:
            self._running[number] = conversation
        error: Exception | None = None
        try:
            self._run_query(self.outcomes[number], conversation)
        except Exception as failure:
            # The outcome contains the error. An error of on_message was already raised in the calling thread.
            error = failure
        finally:
            self._unregister(number, conversation)
        self._finish(number, error)

    def _run_query(self, outcome: Outcome, conversation: Conversation) -> None:
        if self._stopped.is_set():
            raise _Cancelled
        try:
            stream = make_stream(conversation, outcome.prompt, conversation.options)
            outcome.result = stream.run(self._on_message_received)
        except (AbortError, ResultError) as error:
            outcome.result = error.result
            raise
        outcome.result.raise_for_error()

    def _with_budget(self, left: float | None) -> Options:
        options = self._options
        if left is None or options.resume or options.continue_conversation:
            return options  # no budget per query: the CLI includes earlier costs of a resumed session
        own = options.max_budget_usd
        return options.evolve(max_budget_usd=left if own is None else min(left, own))

    def _on_message_received(self, message: Message) -> None:
        until = rejected_until(message)
        if until is not None:
            log.debug("many", "rate limit reached; resets at %s", until)
            with self._lock:
                self._resets_at = max(self._resets_at, until)
        if self._on_message is not None:
            self._dispatch(self._on_message, message, propagates=True)

    def _unregister(self, number: int, conversation: Conversation) -> None:
        with self._lock:
            del self._running[number]
            self.outcomes[number].cost_usd = conversation.usage.cost
            self._spent += conversation.usage.cost

    def _finish(self, number: int, error: Exception | None) -> None:
        self.outcomes[number].error = error
        with self._lock:
            self._finished += 1
        self._calls.put(_Call(self._raise_if_wanted, (error,), propagates=True))


class _Cancelled(BaseException):
    """Ends a worker whose callback was cancelled. A `BaseException`, so that no hook or callback catches it."""


class _Call:
    """A call that a worker sends to the calling thread."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], propagates: bool) -> None:
        self._function = function
        self._args = args
        #: Whether an error of the call ends all queries.
        self._propagates = propagates
        self._answer: Any = None
        self._error: BaseException | None = None
        self._done = threading.Event()

    def __call__(self) -> None:
        try:
            self._answer = self._function(*self._args)
        except BaseException as error:
            self._error = error
            if self._propagates or not isinstance(error, Exception):
                raise
        finally:
            self._done.set()

    def cancel(self) -> None:
        """Release the waiting worker without making the call."""
        self._error = _Cancelled()
        self._done.set()

    def wait(self, stopped: threading.Event) -> Any:
        """Wait for the call in the worker, and return its result or raise its error."""
        while not self._done.wait(STOP_CHECK_INTERVAL):
            if stopped.is_set():
                raise _Cancelled
        if isinstance(self._error, Exception):
            raise self._error
        if self._error is not None:
            raise _Cancelled from self._error  # KeyboardInterrupt belongs to the calling thread
        return self._answer
