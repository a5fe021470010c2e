"""
A stand-in for the model's HTTP API on loopback, so that the real CLI runs offline and without a key.

    with ScriptedModel() as model:
        model.call_tool("Bash", {"command": "echo hi"}).reply("It said hi.")
        result = agent_sdk.query("say hi", env={**isolated_env(tmp_path), **model.env})

`python -m agent_sdk.testing.scripted_model` runs one by hand.
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

#: What the CLI's environment holds besides the address: a key that opens nothing, no traffic but ours, one retry.
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
#: What it must not inherit: proxies, credentials, other providers, other models.
_UNSET = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
    "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY",
    "ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "CLAUDECODE",
)  # fmt: skip
_SUMMARY = "<analysis>scripted</analysis>\n<summary>A scripted summary of the conversation.</summary>"


class ScriptedModel(Script):
    """
    A model that says what you tell it to. Its server runs from construction to `close()`.

    Each call of the model takes the next scripted reply; when none is left the model says
    `echo: <prompt>`, or `done: <tool results>` after tools have run (see `otherwise`).
    What the CLI asks for itself takes nothing from the script: counts of tokens, the summary of
    a compaction, side questions. Safe to use from several threads.
    """

    def __init__(self) -> None:
        super().__init__()
        self._requests: list[ModelRequest] = []
        self._request_arrived = threading.Condition()
        self._conditional_scripts: list[Script] = []
        self._server = ModelServer(self._receive)

    def when(self, condition: Condition) -> Script:
        """
        Give the turns that fit *condition* a script of their own, used in place of the main one.

        Args:
            condition: A part of the prompt, or a function of the `ModelRequest`. The first that fits counts.
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
        """For the option `env=`: leads the CLI here and nowhere else. *None* takes a variable away."""
        return {**dict.fromkeys(_UNSET), **_ENV, "ANTHROPIC_BASE_URL": self.url}

    @property
    def requests(self) -> list[ModelRequest]:
        """Every request until now, in order, those that took nothing from the script included."""
        with self._request_arrived:
            return list(self._requests)

    def wait_for_request(self, n: int = 1, timeout: float = 10.0) -> ModelRequest:
        """
        Wait until *n* requests have come in, in all.

        Args:
            n: Counts from the start of the model.
            timeout: Seconds.

        Returns:
            The *n*-th request.

        Raises:
            TimeoutError: There were fewer.
        """
        with self._request_arrived:
            if self._request_arrived.wait_for(lambda: len(self._requests) >= n, timeout):
                return self._requests[n - 1]
            raise TimeoutError(f"{len(self._requests)} of {n} requests reached the model in {timeout:g} s")

    def start(self) -> ScriptedModel:
        """Return the model: it runs since it was made. For symmetry with `close`."""
        return self

    def close(self) -> None:
        """End the server, let go what is held and cut what is open. May be called again."""
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
            # The author of the test must see it: the CLI does not try again after 400, and shows the text.
            log.debug("a function of the script failed", exc_info=True)
            return Reply(status=400, message=f"a function of the script failed: {error!r}")


def main() -> None:
    """Run a model by hand: tell what leads a CLI to it, and answer every prompt with its echo until Ctrl-C."""
    with ScriptedModel() as model:
        settings = model.env.items()
        _write_lines(*(f"unset {name}" if value is None else f"export {name}={value}" for name, value in settings))
        try:
            _write_lines("# The model says `echo: <prompt>`. Ctrl-C ends it.")
            threading.Event().wait()
        except KeyboardInterrupt:
            _write_lines(f"# {len(model.requests)} requests were answered.")


def _write_lines(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
