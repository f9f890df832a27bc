"""An engine in a process of its own: PORT DATABASE fail|redeliver. Prints its address when it serves."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from devhost.durable.engine import DurableEngine

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before any thread is there
    engine = DurableEngine(
        int(sys.argv[1]), Path(sys.argv[2]), "fail" if sys.argv[3] == "fail" else "redeliver"
    )
    print(engine.start(), flush=True)
    signal.sigwait({signal.SIGTERM})
    engine.stop()
