"""An embedded Service Bus: queues, topics and subscriptions on disk, spoken to over AMQP 1.0 on loopback."""
