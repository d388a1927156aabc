#!/usr/bin/env python3
"""The browser of a person who agrees: opens the address, goes where it is sent, and keeps nobody waiting."""

import os
import sys
import urllib.request

# Python's webbrowser waits for its child before it serves the redirect.
if os.fork() == 0:
    os.setsid()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(sys.argv[1], timeout=20).read()
