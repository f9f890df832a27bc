"""What every test of the durable half needs."""

import pytest

# The SDK's own advice to its callers; the sample apps are written as Microsoft's are, without it.
_SDK_ADVICE = (
    "ignore:.*df_loads was called without expected_type.*:DeprecationWarning",
    "ignore:.*loose-mode object_hook path.*:DeprecationWarning",
    "ignore:Potential duplicate Task completion.*:UserWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the SDK give its advice without failing the tests of this folder."""
    for item in items:
        if "tests/devhost/durable" in item.path.as_posix():
            for advice in _SDK_ADVICE:
                item.add_marker(pytest.mark.filterwarnings(advice))
