"""What a policy would have done: the live loop's own steps on a file's rows, without a broker."""
