"""What a function may end with and the Python worker does not catch: whatever is no `Exception`.

Source: azure-functions-python-worker dispatcher.py, `_handle__invocation_request` (`except Exception`).
"""

import logging

_logger = logging.getLogger(__name__)

# These leave the worker's event loop, and the process ends with it; the host fails what it was running.
ENDS_THE_PROCESS = (SystemExit, KeyboardInterrupt)


def log_lost(function: str, error: BaseException) -> None:
    """Say that an invocation will never be answered, which the real host keeps to itself."""
    _logger.error(
        "Function '%s' ended with %s, which is no Exception: like on Azure, nobody is told that it has ended "
        "until the time limit (functionTimeout) ends the process.",
        function,
        type(error).__name__,
    )
