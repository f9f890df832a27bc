"""Entry point of `python -m devhost`."""

import sys

from devhost.supervisor.main import main

if __name__ == "__main__":
    sys.exit(main())
