"""What runs beside the program: the broker for development."""
