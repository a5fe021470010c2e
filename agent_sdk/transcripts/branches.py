"""
The conversation in a transcript: one path through the tree of its entries. This module reads no files.

The path leads from the newest leaf to the root. A reply with several tool uses forks the tree; the entries on the
other branches of that fork are inserted into the path.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .entries import EntryLink

#: Selects links of a transcript, in order.
LinkSelector = Callable[[Sequence[EntryLink]], list[EntryLink]]


def main_chain(links: Sequence[EntryLink], across_compactions: bool = False) -> list[EntryLink]:
    """Return the main conversation in order; with *across_compactions*, including entries before compactions."""
    return _chain(links, [link for link in links if not link.is_sidechain], across_compactions)


def subagent_chain(links: Sequence[EntryLink]) -> list[EntryLink]:
    """Return the conversation in a subagent's transcript, first to last."""
    return _chain(links, links)


def _chain(
    links: Sequence[EntryLink], own: Sequence[EntryLink], across_compactions: bool = False
) -> list[EntryLink]:
    """Return the path to the newest leaf among *own*, which are those of *links* that may be the end of it."""
    by_uuid = {link.uuid: link for link in links}
    if not across_compactions:
        _relink_preserved(own, by_uuid)
    leaf = _leaf(own, by_uuid)
    if leaf is None:
        return []
    chain = list(_ancestry(leaf, by_uuid, across_compactions))
    chain.reverse()
    return _ParallelTools(by_uuid, chain).restored()


def _leaf(links: Sequence[EntryLink], by_uuid: dict[str, EntryLink]) -> EntryLink | None:
    """
    Return the entry that the CLI resumes from; it need not be a message.

    This is the last entry of the file if it descends from the leaf that the CLI noted, else the noted leaf itself.
    Without a note it is the last entry that nothing follows.
    """
    if not links:
        return None
    noted = next((link for link in reversed(links) if link.is_noted_leaf), None)
    if noted is None:
        parents = {link.parent for link in links}
        return next((link for link in reversed(links) if link.uuid not in parents), links[-1])
    # The results of parallel tools fan out: the turn may go on from another one than the CLI noted.
    before = (link for link in _ancestry(noted, by_uuid, False) if link.is_message and not link.is_tool_result)
    reply = next((link.reply_id for link in before), None)
    for ancestor in _ancestry(links[-1], by_uuid, across_compactions=True):
        if ancestor is noted or (reply and ancestor.reply_id == reply):
            return links[-1]
        if ancestor.is_bridged:
            break
    return noted


def _ancestry(link: EntryLink, by_uuid: dict[str, EntryLink], across_compactions: bool) -> Iterator[EntryLink]:
    """Yield *link* and its ancestors; stops at a cycle."""
    seen: set[str] = set()
    current: EntryLink | None = link
    while current is not None and current.uuid not in seen:
        seen.add(current.uuid)
        yield current
        parent = current.parent
        if parent is None and across_compactions:
            parent = current.logical_parent
        current = by_uuid.get(parent) if parent else None


def _relink_preserved(links: Sequence[EntryLink], by_uuid: dict[str, EntryLink]) -> None:
    """Put messages that compactions preserved behind their anchors, and what followed an anchor behind them."""
    boundaries = [link for link in links if link.compaction]
    children: dict[str | None, list[EntryLink]] = {}
    for link in links if boundaries else ():
        children.setdefault(link.parent, []).append(link)
    for boundary in boundaries:
        anchor, kept = _preserved(boundary.compaction or {}, by_uuid)
        members = set(kept)
        if not kept or anchor in members:
            continue
        followers = [link for link in children.get(anchor, ()) if link.uuid not in members]
        for link in followers:
            link.parent = kept[-1]
        for uuid, parent in zip(kept, [anchor, *kept], strict=False):
            by_uuid[uuid].parent = parent
            children.setdefault(parent, []).append(by_uuid[uuid])
        children[kept[-1]] = followers


def _preserved(metadata: dict[str, Any], by_uuid: dict[str, EntryLink]) -> tuple[str, list[str]]:
    """Return the anchor and the messages in order; none where one of them is not in the file, as the CLI does."""
    messages, segment = metadata.get("preservedMessages"), metadata.get("preservedSegment")
    named: list[Any] = []
    if isinstance(messages, dict):
        uuids = messages.get("uuids")
        named = [messages.get("anchorUuid"), *(uuids if isinstance(uuids, list) else ())]
    elif isinstance(segment, dict):
        named = [segment.get("anchorUuid"), *_segment(segment, by_uuid)]
    is_whole = all(isinstance(uuid, str) and uuid in by_uuid for uuid in named)
    return (named[0], named[1:]) if named and is_whole else ("", [])


def _segment(segment: dict[str, Any], by_uuid: dict[str, EntryLink]) -> list[Any]:
    """Return the uuids from a segment's head to its tail."""
    uuid, found = segment.get("tailUuid"), dict[Any, None]()
    while isinstance(uuid, str) and uuid in by_uuid and uuid not in found:
        found[uuid] = None
        if uuid == segment.get("headUuid"):
            return list(reversed(found))
        uuid = by_uuid[uuid].parent
    return []


class _ParallelTools:
    """
    Inserts the tool uses and results that the path omits.

    The CLI writes one assistant entry for each block of a reply, each the child of the previous one. The parent of a
    tool result is the entry of its tool use, so several results are on separate branches, and the next turn
    continues from one of them.
    """

    def __init__(self, by_uuid: dict[str, EntryLink], chain: list[EntryLink]) -> None:
        self._by_uuid = by_uuid
        self._chain = chain
        self._seen = {link.uuid for link in chain}
        #: The last entry of each reply on the path; entries are inserted after it.
        self._anchors = {link.reply_id: link for link in chain if link.reply_id}
        self._siblings: dict[str, list[EntryLink]] = {}
        #: The entry of each tool use; *None* if two replies contain the id.
        self._makers: dict[str, EntryLink | None] = {}
        self._results: dict[str, list[EntryLink]] = {}

    def restored(self) -> list[EntryLink]:
        if not self._anchors:
            return self._chain
        results = [link for link in self._by_uuid.values() if self._index_link(link)]
        for result in results:
            self._index_result(result)
        added = {anchor.uuid: self._missing(reply) for reply, anchor in self._replies_in_order()}
        return [link for on_path in self._chain for link in (on_path, *added.get(on_path.uuid, ()))]

    def _replies_in_order(self) -> list[tuple[str, EntryLink]]:
        # In the order of the replies on the path: a result that matches two replies belongs to the first one.
        replies = dict.fromkeys(link.reply_id for link in self._chain if link.reply_id)
        return [(reply, self._anchors[reply]) for reply in replies]

    def _index_link(self, link: EntryLink) -> bool:
        """Add *link* to its reply; returns whether it is a tool result instead."""
        if not link.reply_id:
            return link.is_tool_result
        self._siblings.setdefault(link.reply_id, []).append(link)
        for use in link.tool_use_ids:
            known = self._makers.setdefault(use, link)
            if known is not link:
                same = known is not None and known.reply_id == link.reply_id
                self._makers[use] = link if same else None
        return False

    def _index_result(self, result: EntryLink) -> None:
        """Index *result* by the entries it may belong to: its parent, its source, and the entries of its tool uses."""
        self._results.setdefault(result.parent or "", []).append(result)
        source = self._by_uuid.get(result.source or "")
        for owner in (source, *(self._makers.get(use) for use in result.tool_result_ids)):
            if owner is not None and _same_writer(result, owner):
                self._results.setdefault(owner.uuid, []).append(result)

    def _missing(self, reply: str) -> list[EntryLink]:
        group = self._siblings[reply]
        members = {link.uuid for link in group}
        siblings = [link for link in group if link.uuid not in self._seen]
        found = {link.uuid: link for member in group for link in self._results.get(member.uuid, ())}
        results = [link for link in found.values() if link.uuid not in self._seen]
        own = [link for link in results if link.parent in members]
        own += self._orphans([link for link in results if link.parent not in members], own, members)
        # Sorted by time: the order of the blocks, and of the ends of the tools. Ties keep the order of the file.
        siblings.sort(key=_by_time)
        own.sort(key=_by_time)
        self._seen.update(link.uuid for link in (*siblings, *own))
        return siblings + own

    def _orphans(self, strays: list[EntryLink], own: list[EntryLink], members: set[str]) -> list[EntryLink]:
        """Return results with a different parent for the tool uses of this reply that have no result yet."""
        if not strays:
            return []
        answered = {use for link in (*self._chain, *own) for use in link.tool_result_ids}
        order = {uuid: index for index, uuid in enumerate(self._by_uuid)}
        chosen = []
        for link in sorted(strays, key=lambda stray: order[stray.uuid]):
            makers = (self._makers.get(use) for use in link.tool_result_ids if use not in answered)
            if any(maker is not None and maker.uuid in members for maker in makers):
                answered.update(link.tool_result_ids)
                chosen.append(link)
        return chosen


def _same_writer(one: EntryLink, other: EntryLink) -> bool:
    return one.is_sidechain == other.is_sidechain and one.agent_id == other.agent_id


def _by_time(link: EntryLink) -> str:
    return link.timestamp
