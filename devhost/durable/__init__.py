"""Durable Functions on the local host: Microsoft's in-memory engine, driven through the app's own v1 SDK replay."""
