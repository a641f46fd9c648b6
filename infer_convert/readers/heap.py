"""The order in which links were created, read from the raw bytes of an old-style HDF5 group.

HDF5 does not track it unless asked, but an old-style (symbol table) group appends every new link name to its local
heap: sorting the children by their name's heap offset gives back the order of writing (exact in every one of 250
genuine files of Keras 1.0 to 3.15). Structures as in the HDF5 File Format Specification 3.0: superblock II.A,
version-1 B-tree III.A.1, symbol table node III.B, local heap III.D, global heap III.E, object header IV.A.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

RawBytes = Callable[[int, int], bytes]
"""``raw(offset, length)``: bytes of the HDF5 file, counted from the start of the container member."""

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SYMBOL_TABLE_MESSAGE = 0x11
_CONTINUATION_MESSAGE = 0x10
_ATTRIBUTE_MESSAGE = 0x0C
_VARIABLE_LENGTH = 9
_WINDOW = 512
"""Bytes read at once: what belongs to a group stands in two to four places; 1,024 save a tenth of the reads."""
_MAX_BLOCKS = 4096
"""Continuation blocks and B-tree nodes per group that we follow; Keras files stay below 100."""


class HeapReader:
    """Reads name offsets of old-style groups of one HDF5 file.

    ``base`` is the size of the user block. A file whose superblock we do not know answers None to every question.
    """

    def __init__(self, raw: RawBytes, base: int = 0) -> None:
        self._raw = raw
        self._base = base
        self._global: dict[int, dict[int, int]] = {}
        self._start, self._window = 0, b""
        head = raw(base, 24)
        version = head[8] if head[:8] == _SIGNATURE and len(head) == 24 else -1
        sizes = {0: head[13:15], 1: head[13:15], 2: head[9:11], 3: head[9:11]}.get(version)
        self._sizes = (sizes[0], sizes[1]) if sizes else (0, 0)

    def names(self, address: int) -> list[str] | None:
        """Link names of the group whose object header is at ``address``, oldest first; None if it is not old-style."""
        if self._sizes != (8, 8):
            return None
        try:
            table = self._symbol_table(address)
            return None if table is None else self._ordered(*table)
        except (struct.error, IndexError, ValueError, OSError, OverflowError):
            return None

    def _at(self, address: int, length: int) -> bytes:
        at = address - self._start
        if not 0 <= at <= len(self._window) - length:
            if length > _WINDOW:
                self._start, self._window = 0, b""
                data = self._raw(self._base + address, length)
            else:
                self._start, at = address, 0
                self._window = self._raw(self._base + address, _WINDOW)
                data = self._window[:length]
        else:
            data = self._window[at : at + length]
        if len(data) != length:
            raise ValueError("past the end of the file")
        return data

    def _messages(self, address: int) -> Iterator[tuple[int, bytes]]:
        """(type, body) of the messages of a version-1 object header, following continuations."""
        version, _, _, _, size = struct.unpack("<BBHII", self._at(address, 12))
        blocks = [(address + 16, size)] if version == 1 else []
        for start, length in blocks:  # grows while continuations are found
            if len(blocks) > _MAX_BLOCKS:
                raise ValueError("too many continuations")
            block = self._at(start, min(length, 1 << 20))
            at = 0
            while at + 8 <= len(block):
                kind, size = struct.unpack_from("<HH", block, at)
                body = block[at + 8 : at + 8 + size]
                if kind == _CONTINUATION_MESSAGE:
                    blocks.append(struct.unpack_from("<QQ", body))
                yield kind, body
                at += 8 + size

    def _symbol_table(self, address: int) -> tuple[int, int] | None:
        """(B-tree address, heap address) of a group's object header."""
        body = next((body for kind, body in self._messages(address) if kind == _SYMBOL_TABLE_MESSAGE), None)
        if body is None:
            return None
        tree, heap = struct.unpack_from("<QQ", body)
        return tree, heap

    def text_bytes(self, address: int) -> int | None:
        """Bytes that the object's variable-length attributes claim; None when they lead into a damaged global heap.

        The HDF5 library loops for ever on a heap object of size zero and allocates whatever length an element
        claims, so both are checked here first. Objects with newer headers are not looked into and claim nothing.
        """
        if self._sizes != (8, 8):
            return 0
        claimed = 0
        try:
            if self._at(address, 1) != b"\x01":
                return 0
            for kind, body in self._messages(address):
                for length, collection, index in _references(body) if kind == _ATTRIBUTE_MESSAGE else ():
                    if length > self._collection(collection).get(index, -1):
                        return None
                    claimed += length
        except (struct.error, IndexError, ValueError, OSError, OverflowError):
            return None
        return claimed

    def _collection(self, address: int) -> dict[int, int]:
        """Size of each object of a global heap collection by its index."""
        if address in self._global:
            return self._global[address]
        signature, _, size = struct.unpack("<4s4sQ", self._at(address, 16))
        if signature != b"GCOL" or size > 1 << 27:
            raise ValueError("no global heap")
        block = self._at(address, size)
        found: dict[int, int] = {}
        at = 16
        while at + 16 <= size:
            index, _, _, length = struct.unpack_from("<HHIQ", block, at)
            step = length if index == 0 else 16 + (length + 7) // 8 * 8
            if step == 0 or at + step > size:
                raise ValueError("a global heap object of impossible size")
            found[index] = length
            at += step
        self._global[address] = found
        return found

    def _ordered(self, tree: int, heap: int) -> list[str]:
        signature, _, size, _, data_address = struct.unpack("<4s4sQQQ", self._at(heap, 32))
        if signature != b"HEAP" or size > 1 << 26:
            raise ValueError("no local heap")
        data = self._at(data_address, size)
        offsets = sorted(self._name_offsets(tree))
        return [data[at : data.index(b"\0", at)].decode("utf-8", "surrogateescape") for at in offsets]

    def _name_offsets(self, tree: int) -> list[int]:
        offsets: list[int] = []
        pending, seen = [tree], {tree}
        while pending:
            node = pending.pop()
            signature, kind, _level, used = struct.unpack("<4sBBH", self._at(node, 8))
            if signature == b"SNOD":
                count = used  # the same place in a symbol table node
                block = self._at(node + 8, 40 * count)
                offsets += [struct.unpack_from("<Q", block, 40 * i)[0] for i in range(count)]
                continue
            if signature != b"TREE":
                raise ValueError("no B-tree node")
            if kind != 0:
                raise ValueError("not a group B-tree")
            block = self._at(node + 24, 16 * used + 8)
            children = [struct.unpack_from("<Q", block, 16 * i + 8)[0] for i in range(used)]
            if len(seen) + len(children) > _MAX_BLOCKS * 16 or not seen.isdisjoint(children):
                raise ValueError("a B-tree that loops")
            seen.update(children)
            pending += children
        return offsets


def _references(message: bytes) -> list[tuple[int, int, int]]:
    """(length, heap address, index) of every element of a variable-length attribute message (version 1 to 3)."""
    version, _, name, datatype, dataspace = struct.unpack_from("<BBHHH", message)
    pad = 8 if version == 1 else 1
    at = 9 if version == 3 else 8
    at += -(-name // pad) * pad
    variable = message[at] & 0x0F == _VARIABLE_LENGTH
    at += -(-datatype // pad) * pad + -(-dataspace // pad) * pad
    if not variable:
        return []
    elements = (struct.unpack_from("<IQI", message, start) for start in range(at, len(message) - 15, 16))
    return [element for element in elements if element[0]]
