"""What writes topics from outside: files and generators."""
