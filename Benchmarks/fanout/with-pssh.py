"""parallel-ssh on all machines at once. usage: as with-asyncssh.py"""
import os
import sys

from gevent import joinall
from pssh.clients import ParallelSSHClient

machines, key, count, *copy = sys.argv[1:]
with open(machines) as lines:
    names, hosts, ports = zip(*(line.split() for line in lines))
client = ParallelSSHClient(list(hosts), user="root", port=int(ports[0]), pkey=key, pool_size=len(hosts),
                           allow_agent=False, num_retries=5)
for _ in range(int(count)):
    output = client.run_command("true")
    client.join(output)
    assert all(host.exit_code == 0 for host in output)
if copy:
    arguments = [{"local": copy[0], "remote": os.path.join(copy[1], name)} for name in names]
    joinall(client.copy_file("%(local)s", "%(remote)s", copy_args=arguments), raise_error=True)
