"""TLS before the services, as a load balancer would do it. usage: tls_front.py DIRECTORY [TLS-PORT:PORT[:client]]...

DIRECTORY has ca.pem, server.pem and server.key; `client` wants a certificate of that CA of whoever comes.
"""
import contextlib
import socket
import socketserver
import ssl
import sys
import threading

HEAD_LIMIT = 1 << 16
# In seconds: nobody is waited for longer.
LIMIT = 120


def read_request(client):
    """(head without its empty line, body); None where it ended before."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(1 << 16)
        if not more or len(data) > HEAD_LIMIT:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < lengths[0]:
        more = client.recv(1 << 16)
        if not more:
            return None
        body += more
    return head, body


def pass_on(client, port):
    """One request a connection: later heads needn't be found."""
    request = read_request(client)
    if request is None:
        return
    head, body = request
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"expect:"))]
    # The services make their links with it.
    lines += [b"X-Forwarded-Proto: https", b"Connection: close"]
    with socket.create_connection(("127.0.0.1", port), LIMIT) as back:
        back.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        while data := back.recv(1 << 16):
            client.sendall(data)


def drain(client):
    """What is unread when a connection is closed takes along what was sent last."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        client.settimeout(5)
        while client.recv(1 << 16):
            pass


class Front(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, tls_port, port, context):
        super().__init__(("127.0.0.1", tls_port), None)
        self.port, self.context = port, context

    def finish_request(self, connection, _):
        connection.settimeout(LIMIT)
        # By hand: a handshake that fails in `wrap_socket` closes the connection before the alert is read.
        client = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            client.do_handshake()
            pass_on(client, self.port)
            client.unwrap()
        except OSError:
            pass
        drain(client)
        client.close()


def main(directory, ports):
    fronts = []
    for words in ports:
        tls_port, port, *client = words.split(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")
        if client:
            context.load_verify_locations(f"{directory}/ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        fronts.append(Front(int(tls_port), int(port), context))
    threads = [threading.Thread(target=front.serve_forever) for front in fronts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main(sys.argv[1], sys.argv[2:])
