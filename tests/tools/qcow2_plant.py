#!/usr/bin/env python3
"""qcow2_plant.py DEFECT IMAGE: puts a compressed cluster of one kind in the place of an image's first plain ones.

The image is a QCOW2 whose disk begins with two plain clusters. `qemu-img check` finds nothing in the result: refcounts,
flags and offsets are as they should be. The defects:
  none     a good stream, which shows that the planting itself is not what is found
  window   one that refers back further than 4 KiB
  short    one that is less than a cluster
  long     one that is more than a cluster
  cut      one whose last sector is left out
  overlap  one stream for two clusters of the disk
  large    one that is longer than a plain cluster
"""
import os
import random
import struct
import sys
import zlib


def deflate(data, bits=12, level=9):
    stream = zlib.compressobj(level, zlib.DEFLATED, -bits, 9)
    return stream.compress(data) + stream.flush()


def stream_of(defect, size):
    noise = random.Random(1)
    text = (b"a line of text that compresses, number %d\n" * 3000) % tuple(range(3000))
    if defect == "window":
        block = noise.randbytes(20 * 1024)
        return deflate((block * (size // len(block) + 1))[:size], 15)
    if defect == "short":
        return deflate(text[:size - 1000])
    if defect == "long":
        return deflate(text[:size + 1000])
    if defect == "large":
        return deflate(noise.randbytes(size), level=0)
    if defect in ("none", "overlap", "cut"):
        return deflate(text[:size])
    sys.exit(__doc__)


def main(defect, path):
    with open(path, "r+b") as image:
        def number(offset, code=">Q"):
            image.seek(offset)
            return struct.unpack(code, image.read(struct.calcsize(code)))[0]

        def put(offset, value, code=">Q"):
            image.seek(offset)
            image.write(struct.pack(code, value))

        bits = number(20, ">I")
        size = 1 << bits
        table = number(number(40)) & 0x00FFFFFFFFFFFE00
        hosts = [number(table + 8 * guest) & 0x00FFFFFFFFFFFE00 for guest in (0, 1)]
        assert all(hosts) and hosts[1] == hosts[0] + size, "the disk does not begin with two plain clusters in a row"
        counts = number(number(48)) & ~511

        def descriptor(offset, length):
            sectors = (offset % 512 + length - 1) // 512
            return 1 << 62 | sectors << 62 - (bits - 8) | offset

        stream = stream_of(defect, size)
        image.seek(hosts[0])
        image.write(stream.ljust(size, b"\0"))
        put(table, descriptor(hosts[0], len(stream) - (512 if defect == "cut" else 0)))
        if defect == "overlap":
            put(table + 8, descriptor(hosts[0], len(stream)))
            put(counts + 2 * (hosts[0] >> bits), 2, ">H")
            put(counts + 2 * (hosts[1] >> bits), 0, ">H")
        if defect == "large":  # reaches into the next cluster, which then belongs to it
            assert size < len(stream) <= 2 * size
            put(table + 8, 0)


main(*sys.argv[1:])
