"""The channel between engine and app process: framed messages over one unix socket, both ways at once.

A frame is two lengths (big-endian, 4 bytes each), a JSON header and a raw payload; the payload carries HTTP
and queue bodies untouched. Kinds of message, and what their headers hold:

- app to engine: `hello` (process_id, functions), `ready`, `result` (id, error or output), `drained`
- engine to app: `welcome` (grpc_address, public_url, rpc_url, hub, system_key), `invoke` (id, function,
  trigger, trace_parent), `drain` (seconds)
"""

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LENGTHS = struct.Struct(">II")


@dataclass(frozen=True)
class Message:
    """One message: its kind, the other fields of its header, and its payload."""

    kind: str
    fields: Mapping[str, Any]
    payload: bytes = b""

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


class Channel:
    """One end of a connection. Sends may be made from any task of the loop; one task receives."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, kind: str, payload: bytes = b"", **fields: object) -> None:
        """Send one message; raises ConnectionError when the other end is gone."""
        header = json.dumps({"kind": kind, **fields}, separators=(",", ":")).encode()
        # One write, so that two tasks cannot interleave their frames.
        self._writer.write(_LENGTHS.pack(len(header), len(payload)) + header + payload)
        await self._writer.drain()

    async def receive(self) -> Message | None:
        """The next message, or None when the other end is gone."""
        try:
            header_length, payload_length = _LENGTHS.unpack(await self._reader.readexactly(_LENGTHS.size))
            fields = json.loads(await self._reader.readexactly(header_length))
            payload = await self._reader.readexactly(payload_length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return Message(fields.pop("kind"), fields, payload)

    def close(self) -> None:
        """Close the connection; the other end's `receive` returns None."""
        self._writer.close()
