"""A D-Bus socket of this user's that is open to all: whoever comes speaks to this user's manager, as this user.

    relay.py PLACE BUS
"""

import os
import re
import socket
import sys
import threading


def pass_on(source, target):
    while data := source.recv(65536):
        own = b"AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode()
        target.sendall(re.sub(rb"AUTH EXTERNAL [0-9a-f]+", own, data))
    target.shutdown(socket.SHUT_WR)


place, bus = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(place)
listener.listen()
os.chmod(place, 0o777)
while True:
    client = listener.accept()[0]
    server = socket.socket(socket.AF_UNIX)
    server.connect(bus)
    for ends in [(client, server), (server, client)]:
        threading.Thread(target=pass_on, args=ends, daemon=True).start()
