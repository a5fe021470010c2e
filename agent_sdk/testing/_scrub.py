"""
Scrubbing: removes secrets and machine paths from the frames of a cassette.

Secrets are replaced for good. Paths become placeholders, which a replay replaces by its own paths.
"""
from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from ..options.options import Options
from ..transcripts.paths import config_folder, project_key

Replacement = Callable[[str], str]

SECRET = "<<secret>>"
EMAIL = "<<email>>"
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I)
_SECRETS = re.compile(
    r"sk-[A-Za-z0-9_-]{16,}"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"
)
#: A value that is labelled as a secret; the label is kept.
_LABELLED_SECRET = re.compile(
    r"((?:x-api-key|api[-_]?key|auth[-_]?token|access[-_]?token|refresh[-_]?token|client[-_]?secret|password)"
    r"[\"']?\s*[:=]\s*[\"']?|\b(?:bearer|basic)\s+)[^\s\"',;&<]{8,}",
    re.I,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b")
#: Keys whose values are always replaced.
_SECRET_KEYS = frozenset(
    (
        *("apikey", "api_key", "x-api-key", "authorization", "password", "secret"),
        *("token", "access_token", "refresh_token", "auth_token"),
        *("email", "emailaddress", "organization", "organizationname", "organizationuuid", "accountuuid", "accountid"),
    )
)
#: Environment variables whose values are replaced in all texts.
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.I)
#: Shorter values are not replaced: they may be ordinary words.
_MIN_SECRET_CHARS = 8


class Scrubber:
    """Scrubs the frames of one process; *options* contains its folders and environment, *extra* changes each text."""

    def __init__(self, options: Options, extra: Replacement | None = None) -> None:
        env = {name: value for name, value in {**os.environ, **(options.env or {})}.items() if value is not None}
        self._folders = _folders(options, env)
        self._extra = extra
        self._placeholders = {
            **{path: name for name, path in self._folders.items()},
            **{os.path.realpath(path): name for name, path in self._folders.items() if os.path.isabs(path)},
            **{value: SECRET for name, value in env.items() if _is_secret(name, value)},
        }
        longest_first = sorted(self._placeholders, key=len, reverse=True)
        self._known = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, longest_first))})(?![\w])")

    def scrub(self, value: Any) -> Any:
        """Return *value* without secrets and paths."""
        return _map_text(value, self._scrub_text, hide_secrets=True)

    def restore(self, value: Any) -> Any:
        """Return *value* with the paths of this machine in place of placeholders."""
        return _map_text(value, self._restore_text)

    def _scrub_text(self, text: str) -> str:
        text = self._known.sub(lambda match: self._placeholders[match[0]], text)
        text = _LABELLED_SECRET.sub(lambda match: match[1] + SECRET, _SECRETS.sub(SECRET, text))
        text = _EMAIL.sub(EMAIL, text) if "@" in text else text
        return text if self._extra is None else self._extra(text)

    def _restore_text(self, text: str) -> str:
        if "<<" not in text:
            return text
        for name, path in self._folders.items():
            text = text.replace(name, path)
        return text


def _folders(options: Options, env: Mapping[str, str]) -> dict[str, str]:
    """Return the folders of a process by placeholder."""
    cwd = os.path.abspath(options.cwd or os.getcwd())
    folders = {
        "<<cwd>>": cwd,
        # The CLI derives the name of the transcript folder from the path.
        "<<cwd-key>>": project_key(cwd),
        "<<config>>": config_folder(env),
        "<<home>>": env.get("HOME") or os.path.expanduser("~"),
        "<<tmp>>": env.get("TMPDIR") or tempfile.gettempdir(),
    }
    return {name: path.rstrip(os.sep) for name, path in folders.items() if path.rstrip(os.sep)}


def _is_secret(name: str, value: str) -> bool:
    return len(value) >= _MIN_SECRET_CHARS and _SECRET_NAME.search(name) is not None


def _map_text(value: Any, change: Replacement, hide_secrets: bool = False) -> Any:
    """Return *value* with *change* applied to each text; *hide_secrets* replaces the values of secret keys."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            change(str(key)): SECRET
            if hide_secrets and isinstance(item, str) and str(key).lower() in _SECRET_KEYS
            else _map_text(item, change, hide_secrets)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_map_text(item, change, hide_secrets) for item in value]
    return value


def rename_uuids(value: Any, names: Mapping[str, str]) -> Any:
    """Return *value* with its UUIDs replaced by those in *names*."""
    return _map_text(value, lambda text: _UUID.sub(lambda match: names.get(match[0], match[0]), text))


def canonical_paths(value: Any) -> Any:
    """Return *value* for a comparison that ignores UUIDs."""
    return _map_text(value, lambda text: _UUID.sub("<<uuid>>", text))
