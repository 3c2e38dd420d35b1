"""HTTP/1.1 messages read from and written to a socket: whole in memory, framing kept, bodies untouched."""
import json

# More than any API request needs; an image upload doesn't belong here.
LIMIT = 64 << 20
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "transfer-encoding", "expect"}


class Broken(Exception):
    """The other side ended or spoke nonsense in the middle of a message."""


class Message:
    """A request or an answer. `start` is its three words; `chunked` says how the body was framed."""

    def __init__(self, start, headers, body=b"", chunked=False):
        self.start = start
        self.headers = headers
        self.body = body
        self.chunked = chunked
        self.closes = False

    @property
    def status(self):
        return int(self.start[1])

    def header(self, name, default=""):
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)

    def without(self, *names):
        names = {name.lower() for name in names}
        return [(key, value) for key, value in self.headers if key.lower() not in names]

    def encoded(self, closes=False):
        """The bytes of it on the wire. The length is the header's own, unless the body is chunked."""
        headers = self.without(*HOP_BY_HOP)
        body = self.body
        if self.chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        if closes:
            headers.append(("Connection", "close"))
        head = " ".join(self.start) + "\r\n" + "".join(f"{key}: {value}\r\n" for key, value in headers) + "\r\n"
        return head.encode("latin-1") + body


def answer(status, reason, body, *headers, content_type="application/json"):
    """An answer of our own; `body` is text, or a value that is written as JSON."""
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    return Message(("HTTP/1.1", str(status), reason),
                   [("Content-Type", content_type), ("Content-Length", str(len(data))), *headers], data)


def _line(file):
    line = file.readline(65537)
    if len(line) > 65536:
        raise Broken("a line is too long")
    return line


def _head(file):
    """The first line and the headers; nil where the connection ended before a byte came."""
    line = _line(file)
    while line == b"\r\n":  # a stray one between two messages is allowed
        line = _line(file)
    if not line:
        return None
    start = tuple(line.decode("latin-1").rstrip("\r\n").split(" ", 2))
    if len(start) < 2:
        raise Broken(f"no HTTP: {line[:40]!r}")
    headers = []
    while True:
        line = _line(file)
        if not line.endswith(b"\n"):
            raise Broken("ended within the headers")
        if not line.strip():
            return Message(start if len(start) == 3 else (*start, ""), headers)
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.strip(), value.strip()))


def _exactly(file, count):
    if count > LIMIT:
        raise Broken(f"a body of {count} bytes is more than this proxy takes")
    data = file.read(count)
    if len(data) != count:
        raise Broken(f"ended after {len(data)} of {count} bytes")
    return data


def _chunks(file):
    parts, total = [], 0
    while True:
        size = int(_line(file).split(b";")[0].strip() or b"x", 16)
        if size == 0:
            while _line(file).strip():  # trailers are dropped
                pass
            return b"".join(parts)
        total += size
        if total > LIMIT:
            raise Broken("a chunked body is more than this proxy takes")
        parts.append(_exactly(file, size))
        _line(file)


def _body(file, message, until_end):
    if "chunked" in message.header("Transfer-Encoding").lower():
        message.chunked = True
        message.body = _chunks(file)
    elif message.header("Content-Length"):
        message.body = _exactly(file, int(message.header("Content-Length")))
    elif until_end:
        message.body = file.read(LIMIT)
        message.closes = True
        message.headers.append(("Content-Length", str(len(message.body))))


def read_request(file, write):
    """The next request, or nil at the end. `write` sends the 100 that a client with `Expect` waits for."""
    try:
        message = _head(file)
        if message is None:
            return None
        if "100-continue" in message.header("Expect").lower():
            write(b"HTTP/1.1 100 Continue\r\n\r\n")
        _body(file, message, until_end=False)
    except ValueError as error:
        raise Broken(str(error)) from error
    connection = message.header("Connection").lower()
    message.closes = "close" in connection or (message.start[2] == "HTTP/1.0" and "keep-alive" not in connection)
    return message


def read_answer(file, method):
    """The answer to a request of this method; interim ones (1xx) are passed over."""
    try:
        while True:
            message = _head(file)
            if message is None:
                raise Broken("ended without an answer")
            if not 100 <= message.status < 200:
                break
        if method != "HEAD" and message.status not in (204, 304):
            _body(file, message, until_end=True)
    except ValueError as error:
        raise Broken(str(error)) from error
    connection = message.header("Connection").lower()
    message.closes |= "close" in connection or (message.start[0] == "HTTP/1.0" and "keep-alive" not in connection)
    return message
