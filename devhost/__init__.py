"""A local host for Azure Functions apps in the Python v2 programming model.

Three kinds of process, each in its own package: the `supervisor` (the command itself) starts and restarts one
`engine` (HTTP, keys, timers, queues, durable state) and one or more `app` processes (the app's own code). The
host knows nothing of the app it serves, and answers like the real host or more strictly, never more kindly;
docs/fidelity.md lists each behaviour with its source.
"""
