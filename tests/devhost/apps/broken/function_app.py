"""An app that cannot be imported."""


def fail() -> None:
    raise RuntimeError("nothing works today")


fail()
