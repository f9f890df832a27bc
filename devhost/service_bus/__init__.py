"""Service Bus triggers: connection, reception, and the metadata that a message arrives with."""
