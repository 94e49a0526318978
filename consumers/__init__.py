"""What reads topics: the transaction loop, and the services as thin steps on it."""
