"""Floating addresses, as a router would do them: what this host sends to one arrives at the fixed address behind it."""
import subprocess


def table(mark):
    return f"ip test_cloud_{mark}"


def write(mark, addresses):
    """`addresses`: fixed by floating. What was there before is replaced at once."""
    rules = "\n".join(f"    ip daddr {floating} dnat to {fixed}" for floating, fixed in sorted(addresses.items()))
    chains = "\n".join(
        f"  chain {hook} {{\n    type nat hook {hook} priority -100;\n{rules}\n  }}"
        for hook in ["prerouting", "output"])
    text = f"table {table(mark)}\ndelete table {table(mark)}\n"
    if addresses:
        text += f"table {table(mark)} {{\n{chains}\n}}\n"
    subprocess.run(["/usr/sbin/nft", "-f", "-"], input=text, text=True, check=True)


def remove(mark):
    write(mark, {})
