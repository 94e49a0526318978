"""What talks to Kafka for everybody else: clients, the transaction, topics, reading to an end."""
