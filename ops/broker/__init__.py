"""A real Kafka for development, from Maven's jars or a Docker engine: see `cluster`."""
