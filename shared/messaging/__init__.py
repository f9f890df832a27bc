"""Service Bus: one connection per process and event loop, and what is sent over it."""
