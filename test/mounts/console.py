"""Waits at a console socket as an engine does (SCM_RIGHTS, unix(7)): prints the terminal's name, then what comes."""
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
os.chdir(os.path.dirname(sys.argv[1]))
listener.bind(os.path.basename(sys.argv[1]))
listener.listen(1)
print("listening", flush=True)
connection, _ = listener.accept()
name, descriptors, _, _ = socket.recv_fds(connection, 4096, 8)
print(len(descriptors), name.decode(), flush=True)
while True:
    try:
        data = os.read(descriptors[0], 4096)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data.replace(b"\r", b""))
