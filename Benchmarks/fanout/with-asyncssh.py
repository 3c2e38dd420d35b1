"""asyncssh on all machines at once. usage: with-asyncssh.py MACHINES KEY COUNT [FILE DIRECTORY]: `true` COUNT times on each, or FILE to DIRECTORY/NAME."""
import asyncio
import sys

import asyncssh

machines, key, count, *copy = sys.argv[1:]


async def one(name, address, port):
    async with asyncssh.connect(address, int(port), username="root", client_keys=[key], known_hosts=f"{machines}.known",
                                config=None, agent_path=None) as connection:
        for _ in range(int(count)):
            await connection.run("true", check=True)
        if copy:
            async with connection.start_sftp_client() as sftp:
                await sftp.put(copy[0], f"{copy[1]}/{name}")


async def everything():
    with open(machines) as lines:
        await asyncio.gather(*(one(*line.split()) for line in lines))


asyncio.run(everything())
