"""Everything that can go wrong on purpose.

    ForYouError
    ├── InvalidEvent    an event that cannot be accepted: which field, what is wrong, what would be right
    ├── NotFound        something asked for by name that is not (or no longer) there
    ├── BackendError    the log or the store cannot do what was asked
    │   └── Overloaded  more is asked than can be done now, and when to ask again
    ├── ModelError      a model that cannot predict or learn
    ├── AccessError     a call that is not allowed: Unidentified, Forbidden or TooMany
    └── SettingsError   a setting that is unknown or out of range

Programming mistakes are Python's own exceptions.
"""


class ForYouError(Exception):
    """The root: catch this to catch whatever ForYou raises on purpose."""


class InvalidEvent(ForYouError):
    """An event that is refused, with the field, its problem and what would be right."""

    def __init__(self, field: str, problem: str, expected: str) -> None:
        super().__init__(f"{field}: {problem}; expected {expected}")
        self.field, self.problem, self.expected = field, problem, expected


class NotFound(ForYouError):
    """A video, viewer, request or model version that is not here; `gone` if it once was."""

    def __init__(self, message: str, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class BackendError(ForYouError):
    """The log or a table could not be read or written."""


class Overloaded(BackendError):
    """More is asked than can be done now; asked again after `retry_s` seconds it may be done."""

    def __init__(self, message: str, retry_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class ModelError(ForYouError):
    """A model could not predict, learn or be loaded."""


class AccessError(ForYouError):
    """A call that is not answered because of who makes it, with the field, its problem and what would be right."""

    def __init__(self, field: str, problem: str, expected: str) -> None:
        super().__init__(f"{field}: {problem}; expected {expected}")
        self.field, self.problem, self.expected = field, problem, expected


class Unidentified(AccessError):
    """Nobody knows who calls: no key or token, or one that does not count (any more)."""


class Forbidden(AccessError):
    """Whoever calls is known, and may not do this."""


class TooMany(AccessError):
    """Whoever calls has called too often; once more `after_s` seconds from now."""

    def __init__(self, field: str, problem: str, after_s: float) -> None:
        super().__init__(field, problem, f"the same request in {after_s:.3g} s")
        self.after_s = after_s


class SettingsError(ForYouError):
    """A setting is unknown or has a value that cannot be used."""
