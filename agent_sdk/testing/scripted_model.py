"""
`ScriptedModel`: replaces the model's HTTP API on loopback, so that the real CLI runs offline and without an API key.

    with ScriptedModel() as model:
        model.call_tool("Bash", {"command": "echo hi"}).reply("It printed hi.")
        result = agent_sdk.query("say hi", env={**isolated_env(tmp_path), **model.env})

`python -m agent_sdk.testing.scripted_model` runs one from the command line.
"""
from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from ._http import ModelServer, log
from ._replies import Reply
from ._requests import ModelRequest
from ._script import Condition, Script, echo

#: Further variables of the CLI: a fake key, no other traffic, one retry.
_ENV: Mapping[str, str | None] = {
    "ANTHROPIC_API_KEY": "scripted-model-no-key",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}
#: Variables that the CLI must not inherit: proxies, credentials, other providers, other models.
_UNSET = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
    "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY",
    "ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "CLAUDECODE",
)  # fmt: skip
_SUMMARY = "<analysis>scripted</analysis>\n<summary>A scripted summary of the conversation.</summary>"


class ScriptedModel(Script):
    """
    A model with scripted replies. Its server runs from construction to `close()`.

    Each model call takes the next scripted reply. After the last one the model replies `echo: <prompt>`, or
    `done: <tool results>` after tools have run (see `otherwise`). Token counts, the summary of a compaction and
    side questions, which the CLI requests itself, take no reply from the script. Safe to use from several threads.
    """

    def __init__(self) -> None:
        super().__init__()
        self._requests: list[ModelRequest] = []
        self._request_arrived = threading.Condition()
        self._conditional_scripts: list[Script] = []
        self._server = ModelServer(self._receive)

    def when(self, condition: Condition) -> Script:
        """
        Return a separate script for the turns that match *condition*.

        Args:
            condition: A part of the prompt, or a predicate of the `ModelRequest`. The first match is used.
        """
        script = Script(condition)
        with self._request_arrived:
            self._conditional_scripts.append(script)
        return script

    @property
    def url(self) -> str:
        """The base URL on loopback: `http://127.0.0.1:<port>`."""
        return self._server.url

    @property
    def env(self) -> dict[str, str | None]:
        """A value for the option `env=` that directs the CLI to this model; *None* unsets a variable."""
        return {**dict.fromkeys(_UNSET), **_ENV, "ANTHROPIC_BASE_URL": self.url}

    @property
    def requests(self) -> list[ModelRequest]:
        """All requests so far, in order, including those that take no reply from the script."""
        with self._request_arrived:
            return list(self._requests)

    def wait_for_request(self, n: int = 1, timeout: float = 10.0) -> ModelRequest:
        """
        Wait until the model has received *n* requests.

        Args:
            n: Counted from the start of the model.
            timeout: Seconds.

        Returns:
            The *n*-th request.

        Raises:
            TimeoutError: Fewer requests were received in time.
        """
        with self._request_arrived:
            if self._request_arrived.wait_for(lambda: len(self._requests) >= n, timeout):
                return self._requests[n - 1]
            raise TimeoutError(f"the model received {len(self._requests)} of {n} requests in {timeout:g} s")

    def start(self) -> ScriptedModel:
        """Return the model, which is already running; the counterpart of `close`."""
        return self

    def close(self) -> None:
        """Stop the server, release held replies and close open connections. It may be called again."""
        if not self._server.closed.is_set():
            self._server.close()

    def __enter__(self) -> ScriptedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._server.closed.is_set() else self.url
        return f"<ScriptedModel {state}, {len(self.requests)} requests, {self.remaining} replies left>"

    def _receive(self, request: ModelRequest) -> Reply | dict[str, Any]:
        with self._request_arrived:
            self._requests.append(request)
            self._request_arrived.notify_all()
            scripts = [*self._conditional_scripts, self]
        if request.is_count:
            return {"input_tokens": 1 + len(str(request.body)) // 4}
        if not request.is_call:
            return {}
        if request.is_compaction:
            return Reply(_SUMMARY)
        if request.is_aside:
            return echo(request)
        try:
            return next(script for script in scripts if script.matches(request)).answer(request)
        except Exception as error:
            # Status 400 makes the error visible to the test's author: the CLI does not retry it, and shows the text.
            log.debug("a function of the script failed", exc_info=True)
            return Reply(status=400, message=f"a function of the script failed: {error!r}")


def main() -> None:
    """Run a model that echoes prompts until Ctrl-C, and print the environment that directs a CLI to it."""
    with ScriptedModel() as model:
        settings = model.env.items()
        _write_lines(*(f"unset {name}" if value is None else f"export {name}={value}" for name, value in settings))
        try:
            _write_lines("# The model replies `echo: <prompt>`. Ctrl-C stops it.")
            threading.Event().wait()
        except KeyboardInterrupt:
            _write_lines(f"# {len(model.requests)} requests were answered.")


def _write_lines(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
