"""TLS before the services, as a load balancer would do it. usage: tls_front.py DIRECTORY [TLS-PORT:PORT[:client]]...

DIRECTORY has ca.pem, server.pem and server.key; `client` wants a certificate of that CA of whoever comes.
"""
import asyncio
import ssl
import sys

HEAD_LIMIT = 1 << 16


async def copy(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def front(port):
    async def serve(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
            # The services make their links with it. One request a connection: later heads needn't be found.
            lines += [b"X-Forwarded-Proto: https", b"Connection: close"]
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                back_writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
                asking = asyncio.create_task(copy(reader, back_writer))
                await copy(back_reader, writer)
                asking.cancel()
            finally:
                back_writer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    return serve


async def main(directory, ports):
    servers = []
    for words in ports:
        tls_port, port, *client = words.split(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")
        if client:
            context.load_verify_locations(f"{directory}/ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        servers.append(await asyncio.start_server(
            front(int(port)), "127.0.0.1", int(tls_port), ssl=context, limit=HEAD_LIMIT))
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main(sys.argv[1], sys.argv[2:]))
