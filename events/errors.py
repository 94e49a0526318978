"""The one exception that a person gets to read."""


class ScoreloopError(Exception):
    """The work could not be done.

    Its text is a sentence that says what is wrong and what to do about it. The command line prints it
    without a traceback and exits 1.
    """
