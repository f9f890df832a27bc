"""The errors that end the host with one line for the person who started it."""


class HostError(Exception):
    """The host cannot start or go on; the message is complete, for a person, and names what to change."""


class SettingsError(HostError):
    """A settings file or a setting is wrong."""


class HostJsonError(HostError):
    """host.json is wrong."""
