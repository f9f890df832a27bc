"""The sockets that outlive the engine: made here, inherited by it, so that no caller is refused while it
restarts."""

import errno
import socket
import tempfile
from pathlib import Path

from devhost.errors import HostError

_BACKLOG = 512


class Sockets:
    """Public port, the durable client's own port, and the unix socket of the app processes."""

    def __init__(self, port: int) -> None:
        """Listen; raises HostError when the port is taken."""
        self.public = _listen(port)
        self.rpc = _listen(0)
        # A folder of its own: a unix socket's path may have 108 characters at most, the data folder's may be
        # longer.
        self._folder = tempfile.TemporaryDirectory(prefix="devhost-", ignore_cleanup_errors=True)
        self.channel_path = str(Path(self._folder.name) / "engine")
        self.channel = socket.socket(socket.AF_UNIX)
        self.channel.bind(self.channel_path)
        self.channel.listen(_BACKLOG)

    @property
    def port(self) -> int:
        """The public port."""
        return int(self.public.getsockname()[1])

    @property
    def descriptors(self) -> tuple[int, int, int]:
        """What the engine inherits: public, channel, rpc."""
        return self.public.fileno(), self.channel.fileno(), self.rpc.fileno()

    def close_public(self) -> None:
        """Refuse new callers."""
        self.public.close()

    def close(self) -> None:
        """Let everything go."""
        for each in (self.public, self.rpc, self.channel):
            each.close()
        self._folder.cleanup()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except OSError as error:
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            reason = "is already in use" if error.errno == errno.EADDRINUSE else "may not be opened"
            raise HostError(
                f"port {port} {reason}; give another one with --port (0 takes a free one)"
            ) from None
        raise
