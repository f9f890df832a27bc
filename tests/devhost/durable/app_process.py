"""An app process: ADDRESS APP MAX_ACTIVITIES DRAIN_SECONDS. Prints a line once started; SIGTERM drains it."""

import asyncio
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from devhost.durable.registry import DurableFunctions
from devhost.durable.worker import DurableWorker
from tests.devhost.durable.hub import load_app

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    limit = int(sys.argv[3])
    functions = DurableFunctions(
        load_app(sys.argv[2]).app.get_functions(),
        client_binding="{}",
        loop=loop,
        executor=ThreadPoolExecutor(limit + 2),
    )
    worker = DurableWorker(functions, sys.argv[1], max_activities=limit, max_orchestrators=10)
    worker.start()
    print("started", flush=True)
    signal.sigwait({signal.SIGTERM})
    worker.drain(float(sys.argv[4]))
    worker.stop()
    os._exit(0)
