"""`RedisStore`: sessions in a Redis server, for any number of hosts. Requires the extra `agent-sdk[redis]`."""
from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from .._core import checks, json_lines
from ..errors import ConfigurationError, StoreError
from .base import LEASE_TTL, Entry, Key, SessionRow, Store, deduplicate

_RENEW = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2]) or 0"
_RELEASE = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"
#: Entries per read, so that a long transcript does not block other clients of the server.
CHUNK_SIZE = 1000


class RedisStore(Store):
    """
    A store in Redis, shared by all workers that use the same server and prefix.

    The session id of a user is a plain string at `agent:session:<user>`, which the Ruby gem reads too. Safe across
    threads, processes and forks. Durability depends on the configuration of the server.

    Args:
        url: For example `"redis://localhost:6379/0"`.
        prefix: Prefix of all keys.
        timeout: Seconds to wait for the server.
        lease_ttl: Seconds until a lease that is not renewed expires.

    Raises:
        ConfigurationError: The URL is invalid, or redis-py is not installed.
    """

    is_bounded = True

    def __init__(
        self, url: str, *, prefix: str = "agent:", timeout: float = 5.0, lease_ttl: float = LEASE_TTL
    ) -> None:
        self.prefix = prefix
        self.lease_ttl = lease_ttl
        self._url = checks.string("url")(url)
        self._timeout = timeout
        self._redis, self._failures, self._timeouts = _create_client(self._url, timeout)

    @property
    def scope(self) -> object:
        return self._url, self.prefix

    # --- users

    def session_id(self, user: str) -> str | None:
        with self._wrap_error("session_id"):
            found = self._redis.get(self._key("session", user))
            return None if found is None else found.decode()

    def remember(self, user: str, session_id: str) -> None:
        with self._wrap_error("remember"):
            self._redis.set(self._key("session", user), session_id)

    def forget(self, user: str) -> None:
        with self._wrap_error("forget"):
            self._redis.delete(self._key("session", user))

    # --- leases

    def acquire_lease(self, name: str, token: str, ttl: float) -> bool:
        key, milliseconds = self._key("lease", name), round(ttl * 1000)
        with self._wrap_error("acquire_lease"):
            # The reply to an earlier attempt may have been lost; the token shows whether that attempt succeeded.
            return bool(self._redis.set(key, token, nx=True, px=milliseconds)) or self._redis.get(key) == token.encode()

    def renew_lease(self, name: str, token: str, ttl: float) -> bool:
        with self._wrap_error("renew_lease"):
            return bool(self._redis.eval(_RENEW, 1, self._key("lease", name), token, round(ttl * 1000)))

    def release_lease(self, name: str, token: str) -> None:
        with self._wrap_error("release_lease"):
            self._redis.eval(_RELEASE, 1, self._key("lease", name), token)

    # --- transcripts

    def append(self, key: Key, entries: Sequence[Entry]) -> None:
        lines = [json_lines.dumps(entry) for entry in entries]
        if not lines:
            return
        key = Key(*key)
        with self._wrap_error("append"), self._redis.pipeline(transaction=True) as pipe:
            pipe.rpush(self._transcript_key(key), *lines)
            if key.subpath:
                pipe.sadd(self._compound_key("subkeys", *key[:2]), key.subpath)
            else:
                now = time.time_ns() // 1_000_000
                pipe.zadd(self._compound_key("sessions", key.project_key), {key.session_id: now})
                pipe.sadd(self._compound_key("projects", key.session_id), key.project_key)
            pipe.execute()

    def load(self, key: Key) -> list[Entry] | None:
        name = self._transcript_key(Key(*key))
        lines: list[bytes] = []
        with self._wrap_error("load"):
            while chunk := self._redis.lrange(name, len(lines), len(lines) + CHUNK_SIZE - 1):
                lines += chunk
        return deduplicate(map(json_lines.loads, lines)) if lines else None

    def count(self, key: Key) -> int:
        with self._wrap_error("count"):
            return int(self._redis.llen(self._transcript_key(Key(*key))))

    def list_sessions(self, project_key: str) -> list[SessionRow]:
        with self._wrap_error("list_sessions"):
            rows = self._redis.zrange(self._compound_key("sessions", project_key), 0, -1, withscores=True)
        return [{"session_id": session_id.decode(), "mtime": int(mtime)} for session_id, mtime in rows]

    def delete(self, key: Key) -> None:
        key = Key(*key)
        keys = [key] if key.subpath else [key, *(Key(*key[:2], subpath) for subpath in self.list_subkeys(key))]
        with self._wrap_error("delete"), self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(*map(self._transcript_key, keys))
            if key.subpath:
                pipe.srem(self._compound_key("subkeys", *key[:2]), key.subpath)
            else:
                pipe.delete(self._compound_key("subkeys", *key[:2]))
                pipe.zrem(self._compound_key("sessions", key.project_key), key.session_id)
                pipe.srem(self._compound_key("projects", key.session_id), key.project_key)
            pipe.execute()

    def list_subkeys(self, key: Key) -> list[str]:
        with self._wrap_error("list_subkeys"):
            return sorted(subpath.decode() for subpath in self._redis.smembers(self._compound_key("subkeys", *key[:2])))

    def find(self, session_id: str) -> list[str]:
        with self._wrap_error("find"):
            return sorted(key.decode() for key in self._redis.smembers(self._compound_key("projects", session_id)))

    # --- Redis

    def close(self) -> None:
        """Close the connections to the server; the next call opens a new one."""
        self._redis.close()

    def _key(self, kind: str, name: str) -> bytes:
        return f"{self.prefix}{kind}:{name}".encode("utf-8", "surrogatepass")

    def _compound_key(self, kind: str, *parts: str) -> bytes:
        """Return an unambiguous key of several parts."""
        return self._key(kind, ":".join(quote(part, safe="/-._") for part in parts))

    def _transcript_key(self, key: Key) -> bytes:
        return self._compound_key("transcript", *key)

    @contextlib.contextmanager
    def _wrap_error(self, operation: str) -> Iterator[None]:
        """Translate the exceptions of redis-py."""
        try:
            yield
        except self._failures as error:
            text = f"Redis at {self._address}: {error}; is it running, and can this host reach it?"
            timed_out = isinstance(error, self._timeouts)
            raise StoreError(text, store="RedisStore", operation=operation, timed_out=timed_out) from error

    @property
    def _address(self) -> str:
        return re.sub("//[^@/]*@", "//***@", self._url)

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self._url, "prefix": self.prefix, "timeout": self._timeout, "lease_ttl": self.lease_ttl}

    def __setstate__(self, state: dict[str, Any]) -> None:
        RedisStore.__init__(self, **state)

    def __repr__(self) -> str:
        return f"<RedisStore {self._address} {self.prefix}>"


def _create_client(url: Any, timeout: float) -> tuple[Any, Any, Any]:
    """Return the client of redis-py, its base exception, and its timeout exceptions."""
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise ConfigurationError("RedisStore requires redis-py; run pip install 'agent-sdk[redis]'") from error
    # One immediate retry, for a connection that the server has closed. The caller decides on further retries.
    again = Retry(NoBackoff(), 1)
    try:
        client: Any = redis.Redis.from_url(  # type: ignore[no-untyped-call,unused-ignore]
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=again
        )
    except ValueError as error:
        raise ConfigurationError(f"RedisStore: {error}") from error
    failures = (redis.exceptions.RedisError, OSError)
    return client, failures, (redis.exceptions.TimeoutError, TimeoutError)
