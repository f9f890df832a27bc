"""The document store: its contract, the two adapters, the containers, the repositories on top."""
