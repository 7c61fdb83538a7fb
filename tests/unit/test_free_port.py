import socket

import pytest

from local.free_port import free_port

pytestmark = pytest.mark.unit


def test_a_chosen_port_is_given_to_nobody_else() -> None:
    """Given away at random, one of so many would be met in every seventy."""
    chosen = {free_port() for _ in range(400)}
    given = set[int]()
    for _ in range(2_000):
        with socket.create_server(("127.0.0.1", 0)) as server:
            given.add(server.getsockname()[1])
    assert len(chosen) == 400
    assert not chosen & given


def test_a_server_may_listen_at_the_chosen_port() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname()[1] == port
