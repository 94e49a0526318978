"""Who is at the command line: kept with what an operator does to a stream by hand."""

import os
import pwd
import socket


def operator() -> str:
    """The user and the machine."""
    return f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"
