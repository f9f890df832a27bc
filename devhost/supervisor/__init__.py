"""The supervisor process: starts the engine and the app processes, starts them again, ends them."""
