"""Keeps clients on the proxy: where an answer names a real service, it names the proxy's address instead.

Only values of `href` (links, pages, version documents) and, in keystone's answers, of `url` (the catalog), `self`,
`next` and `previous` are changed, byte by byte, so that all else stays as it was. In a JSON text a quote inside a string is
escaped: names, metadata and console output that hold such text are never taken for a link.
"""
import re
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Rewriter:
    """`services` maps a real service's address to the proxy's."""

    def __init__(self, services):
        self.addresses = {}
        for upstream, own in services.items():
            split = urlsplit(upstream)
            host = f"[{split.hostname}]" if ":" in split.hostname else split.hostname
            for name in LOOPBACK if host in LOOPBACK else (host,):
                self.addresses[f"{split.scheme}://{name}:{split.port}"] = own
                if split.port == 80:
                    self.addresses[f"{split.scheme}://{name}"] = own
        longest_first = sorted(self.addresses, key=len, reverse=True)
        address = b"(" + b"|".join(re.escape(text.encode()) for text in longest_first) + b")"
        self.address = re.compile(address + rb"(?=[/?#\"]|$)")
        self.links = re.compile(rb'("href"\s*:\s*")' + address + rb'(?=[/?#"])')
        self.all_links = re.compile(rb'("(?:href|url|self|next|previous)"\s*:\s*")' + address + rb'(?=[/?#"])')

    def _own(self, address):
        return self.addresses[address.decode()].encode()

    def apply(self, service, message):
        message.headers = [(name, self._header(name, value)) for name, value in message.headers]
        if "json" not in message.header("Content-Type"):
            return
        pattern = self.all_links if service == "keystone" else self.links
        body = pattern.sub(lambda match: match[1] + self._own(match[2]), message.body)
        if body != message.body:
            message.body = body
            if not message.chunked:
                message.headers = [(name, str(len(body)) if name.lower() == "content-length" else value)
                                   for name, value in message.headers]

    def _header(self, name, value):
        if name.lower() not in ("location", "content-location", "www-authenticate"):
            return value
        return self.address.sub(lambda match: self._own(match[1]), value.encode("latin-1")).decode("latin-1")
