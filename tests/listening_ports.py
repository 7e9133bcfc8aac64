"""Ports on which processes listen, and what they answer to somebody without a token."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import grpc

# One call for each of Ray's services; what a service does not know it says so.
CALLS = (
    "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo", "/ray.rpc.NodeManagerService/GetNodeStats",
    "/ray.rpc.ObjectManagerService/Pull", "/ray.rpc.CoreWorkerService/GetCoreWorkerStats",
    "/ray.rpc.ReporterService/GetTraceback", "/ray.rpc.HealthzAgentService/HealthCheck",
)
_LISTENS = "0A"


class Listening(NamedTuple):
    """A port, the process that listens on it, and the address there."""

    process: str
    address: str
    port: int


def tree_of(root: int) -> dict[int, str]:
    """Return the command lines of a process and all that descend from it."""
    parents, commands = {}, {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                stat = (directory / "stat").read_text().rpartition(")")[2].split()
                commands[int(directory.name)] = _command(directory)
                parents[int(directory.name)] = int(stat[1])
            except OSError:
                continue  # it has ended
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: commands[pid] for pid in found if pid in commands}


def listening(commands: dict[int, str]) -> Iterator[Listening]:
    """Yield the TCP ports on which these processes listen."""
    sockets = dict(_sockets())
    for pid, command in commands.items():
        for inode in _inodes(Path(f"/proc/{pid}/fd")):
            if inode in sockets:
                yield Listening(command, *sockets[inode])


def answers(port: int) -> dict[str, str]:
    """Return what a port of this machine answers to calls without a token, by call."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        found = {call: _grpc(channel, call) for call in CALLS}
    return {call: answer for call, answer in found.items()
            if answer not in ("UNIMPLEMENTED", "UNAVAILABLE")} | {"GET /": _http(port)}


def _grpc(channel: grpc.Channel, call: str) -> str:
    try:
        channel.unary_unary(call)(b"", timeout=5)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def _http(port: int) -> str:
    """Return the status of a plain request, or that there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.settimeout(5)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            status = re.match(rb"HTTP/1.\d (\d{3})", connection.recv(64))
    except OSError:
        return "no HTTP"
    return status[1].decode() if status else "no HTTP"


def _sockets() -> Iterator[tuple[str, tuple[str, int]]]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == _LISTENS:
                address, _, port = fields[1].partition(":")
                yield fields[9], (_address(address), int(port, 16))


def _address(hexadecimal: str) -> str:
    words = [int(hexadecimal[at:at + 8], 16) for at in range(0, len(hexadecimal), 8)]
    packed = b"".join(struct.pack("=I", word) for word in words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _inodes(descriptors: Path) -> Iterator[str]:
    try:
        names = list(descriptors.iterdir())
    except OSError:
        return
    for name in names:
        try:
            if found := re.fullmatch(r"socket:\[(\d+)\]", str(name.readlink())):
                yield found[1]
        except OSError:
            continue


def _command(directory: Path) -> str:
    return (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
