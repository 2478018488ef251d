"""A tiny gateway process on the inherited socket: answers its pid, and drains as the real one does.

python toy_gateway.py --fd N --pulse-fd M
"""

import argparse
import os
import signal
import socket
import sys
import threading
import time

options = argparse.ArgumentParser()
options.add_argument("--fd", type=int)
options.add_argument("--pulse-fd", type=int)
said = options.parse_args()
if os.environ.get("GATEWAY_DIES"):
    sys.exit("this gateway cannot start")
listener = socket.socket(fileno=said.fd)
running = threading.Semaphore(100)


def leave(*_: object) -> None:
    for _ in range(100):  # every answer has finished
        running.acquire()
    os._exit(0)


def lifeline() -> None:
    os.read(int(os.environ["PLEIADE_LIFELINE_FD"]), 1)
    os._exit(0)


def answer(client: socket.socket) -> None:
    with running, client:
        request = client.recv(65536)
        time.sleep(1.0 if b"slow" in request else 0)
        body = b"%d" % os.getpid()
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))


signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=leave).start())
threading.Thread(target=lifeline, daemon=True).start()
os.write(said.pulse_fd, b"ready\n")
listener.settimeout(0.2)
while True:
    os.write(said.pulse_fd, b".")
    try:
        client, _ = listener.accept()
    except (TimeoutError, BlockingIOError):
        continue
    client.setblocking(True)
    threading.Thread(target=answer, args=(client,)).start()
