#!/usr/bin/env python3
"""The project's test, run against the cloud that was built."""
import sys
import urllib.request

answer = urllib.request.urlopen(sys.argv[1], timeout=10).read().decode()
if answer != "hello\n":
    sys.exit(f"expected `hello`, got {answer!r}")
print("the service answers")
