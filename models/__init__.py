"""What decides: pipelines, training, scoring, the registry. No Kafka, no clock, no environment."""
