"""What the decisions promise, and what they keep of it on thousands of streams: `python -m calibrate`."""
