#!/usr/bin/python3
# Debian's nova-compute comes with a hypervisor, which the fake driver has no use for.
import sys

from nova.cmd.compute import main

sys.exit(main())
