"""Durable Functions on the local host: Microsoft's in-memory engine behind the app's own replay."""
