"""A free TCP port for a process that starts later."""

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that for a minute nobody is given who does not ask for it by number.

    A port that was bound and closed is free again at once: it may become another process's, or the near end
    of a connection, before the process that it is meant for listens. After a connection, though, the side
    that closed first keeps its port in TIME_WAIT (RFC 9293, section 3.6.1): the kernel does not choose such
    a port, and a listener with SO_REUSEADDR, which servers set, may have it.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)  # until the other side has closed: who closes first is the one that waits
        return int(server.getsockname()[1])
