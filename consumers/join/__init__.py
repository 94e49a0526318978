"""The join: each prediction gets its label or its expiry, exactly once."""
