"""The engine process: everything that listens or waits: HTTP, keys, timers, queues and durable state."""
