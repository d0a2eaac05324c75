#!/usr/bin/env python3
"""Stands between a client and a PostgreSQL socket and holds every byte back, as a far network would.

usage: delay_proxy.py ROUND_TRIP_MILLIS SOCKET

Listens on a free port of 127.0.0.1, prints the port, and serves until it is killed. Each direction is delayed by half the
round trip. Bytes are delayed, not throttled: what is sent together arrives together, so pipelining pays off as it does on a
real line.
"""

import asyncio
import contextlib
import sys
import time


async def pass_on(reader, writer, delay):
    """Copies one direction; a reading task stamps what arrives, so that waiting for one piece never delays the next."""
    pieces = asyncio.Queue()

    async def stamp():
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                pieces.put_nowait((time.monotonic() + delay, data))
        pieces.put_nowait((time.monotonic() + delay, b""))

    reading = asyncio.create_task(stamp())
    with contextlib.suppress(ConnectionError):
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
    reading.cancel()
    writer.close()


async def main():
    delay = float(sys.argv[1]) / 2000

    async def serve(reader, writer):
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(sys.argv[2])
        except OSError as error:
            print(f"delay_proxy: {error}", file=sys.stderr)
            writer.close()
            return
        await asyncio.gather(pass_on(reader, server_writer, delay), pass_on(server_reader, writer, delay))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if len(sys.argv) != 3:
    sys.exit(__doc__)
with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(main())
