#!/usr/bin/env python3
"""random_disk.py --seed N [--size BYTES] [--kind KIND] FILE: a raw disk, always the same for the same seed, sparse.

Without a size one is drawn, up to 48 MiB, seldom a multiple of anything; without a kind:
  machine         as in a virtual machine: long holes, short runs of all sorts, odd ends (most disks)
  empty           one hole
  zeroes          zeroes that are written
  full            no hole: text, noise and zeroes
  incompressible  no hole: noise
Prints the kind and the size.
"""
import argparse
import random

SECTOR, CLUSTER, BLOCK = 512, 65536, 2 * 1024 * 1024
WORDS = ("the kernel found a disk and no partition on it at all so root was never mounted systemd service "
         "started failed /usr/lib/x86_64-linux-gnu/ 0x0000 127.0.0.1 = { } ; return").split()


def text(draw, length):
    words = draw.choices(WORDS, k=2000)
    line = (" ".join(words) + "\n").encode()
    out = b"".join(b"%d " % draw.getrandbits(24) + line for _ in range(length // len(line) + 1))
    return out[:length]


def far(draw, length):
    # Repeats itself at a distance of more than 4 KiB: nothing that a compressor for QCOW2 may use.
    block = draw.randbytes(draw.choice((4097, 5000, 20 * 1024, 32 * 1024)))
    return (block * (length // len(block) + 1))[:length]


def periodic(draw, length):
    block = draw.randbytes(draw.choice((1, 2, 3, 7, 512, 4095, 4096)))
    return (block * (length // len(block) + 1))[:length]


def mixed(draw, length):
    out = bytearray(draw.choice((text, noise, far, periodic))(draw, length))
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(length)
        out[at:at + 4096] = bytes(len(out[at:at + 4096]))
    return bytes(out)


def noise(draw, length):
    return draw.randbytes(length)


def zeroes(draw, length):
    return bytes(length)


KINDS_OF_DATA = (text, text, noise, zeroes, far, periodic, mixed)


def run_length(draw, most):
    # Mostly a few sectors, now and then several clusters or blocks.
    unit, count = draw.choice(((SECTOR, 8), (SECTOR, 200), (4096, 40), (CLUSTER, 6), (BLOCK, 1)))
    return max(1, min(most, unit * draw.randint(1, count) - draw.choice((0, 0, 0, 1, 100))))


def place(draw, size):
    # Where data begins: on an edge of something, beside it, or anywhere.
    unit = draw.choice((1, SECTOR, 4096, CLUSTER, BLOCK))
    at = draw.randrange(size) // unit * unit + draw.choice((0, 0, 0, SECTOR, -SECTOR, -1))
    return max(0, min(at, size - 1))


def machine(draw, size, out):
    budget = 6 * 1024 * 1024
    for _ in range(draw.randint(1, 40)):
        at = place(draw, size)
        length = run_length(draw, min(size - at, budget))
        out.seek(at)
        out.write(draw.choice(KINDS_OF_DATA)(draw, length))
        budget -= length
        if budget <= 0:
            break
    # The first and the last bytes matter more often than others.
    for at, length in ((0, SECTOR), (size - 1, 1), (max(0, size - SECTOR), SECTOR)):
        if draw.random() < 0.3:
            out.seek(at)
            out.write(draw.randbytes(min(length, size - at)))


def everywhere(draw, size, out, kinds):
    at = 0
    while at < size:
        length = min(size - at, draw.randint(1, BLOCK))
        out.write(draw.choice(kinds)(draw, length))
        at += length


def draw_size(draw):
    unit = draw.choice((1, SECTOR, SECTOR, 4096, CLUSTER, BLOCK))
    size = draw.randint(1, 48 * 1024 * 1024 // unit) * unit
    return max(SECTOR, size + draw.choice((0, 0, SECTOR, -SECTOR, 1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--size", type=int)
    parser.add_argument("--kind", choices=("machine", "empty", "zeroes", "full", "incompressible"))
    parser.add_argument("file")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    kind = options.kind or draw.choice(("machine",) * 8 + ("empty", "zeroes", "full", "incompressible"))
    size = options.size or draw_size(draw)
    if kind in ("zeroes", "full", "incompressible") and not options.size:
        size = min(size, 6 * 1024 * 1024 + size % CLUSTER)
    with open(options.file, "wb") as out:
        out.truncate(size)
        if kind == "machine":
            machine(draw, size, out)
        elif kind != "empty":
            everywhere(draw, size, out, {"zeroes": (zeroes,), "full": KINDS_OF_DATA, "incompressible": (noise,)}[kind])
    print(kind, size)


main()
