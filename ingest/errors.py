"""The one base class of every failure that a user can cause or cure."""


class GuideError(Exception):
    """A failure told in one line: what was wrong and what to do about it.

    Commands print the message and exit; pages show it. Anything that is not a
    `GuideError` is a defect of the program.
    """
