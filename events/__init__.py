"""The contract: topics, records, codecs and settings. Imports no Kafka client."""
