"""The functions of the web API, for the modules that test them."""

from collections.abc import Iterator

import pytest

from tests.runtime.web_api import Functions, functions


@pytest.fixture(scope="module")
def web_api() -> Iterator[Functions]:
    with functions() as loaded:
        yield loaded


@pytest.fixture
def api(web_api: Functions) -> Functions:
    web_api.reset()
    return web_api
