#!/usr/bin/env python3
"""qcow2_clusters.py [--max-runs N] [--max-seeks N] [--in-order] [--json] IMAGE...

Walks a QCOW2 by itself, and looks at what `qemu-img check` does not look at:
  * each compressed cluster inflates with a window of 4 KiB (zlib, 12 bits, drained in 64-byte steps: qemu inflates in
    one go, where the output serves as the window and a distance that is too far is never noticed) to exactly one
    cluster, and its stream ends; a zstd cluster is exactly one frame of one cluster;
  * no two compressed streams overlap, none is as long as a plain cluster, none begins behind the end of the file;
  * the header says version 3 with nothing unusual in it, and nothing lies behind the last used byte;
  * metadata clusters and how many contiguous runs they form; how often a reader that opens the image and reads all
    its tables has to seek.
  --max-runs N   more runs of metadata are an error
  --max-seeks N  more seeks are an error
  --in-order     data that does not lie in the disk's order is an error; plain and compressed for themselves
Prints one line of figures for each image, and exits with 1 when something is wrong, 2 when an image cannot be walked.
"""
import argparse
import ctypes
import json
import os
import struct
import sys
import zlib

COMPRESSED, COPIED, ZERO = 1 << 62, 1 << 63, 1
OFFSET = 0x00FFFFFFFFFFFE00
STEP = 64


class Unwalkable(Exception):
    pass


class File:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self.fd).st_size

    def read(self, offset, length, what):
        data = os.pread(self.fd, length, offset)
        if len(data) != length:
            raise Unwalkable("%s at %#x: the file ends there" % (what, offset))
        return data

    def numbers(self, offset, count, what):
        return struct.unpack(">%dQ" % count, self.read(offset, 8 * count, what))


def inflate(data, cluster_size):
    """The bytes that came out and how many went in; or an error's text. A reader with a window of 4 KiB."""
    stream = zlib.decompressobj(-12)
    came, used = 0, 0
    try:
        # In small pieces: what was not used yet is copied with each call.
        while not stream.eof and used < len(data):
            rest = data[used:used + 256]
            used += len(rest)
            while not stream.eof:
                out = stream.decompress(rest, STEP)
                came += len(out)
                rest = stream.unconsumed_tail
                if came > cluster_size:
                    return came, used, "more than a cluster comes out"
                if not rest and len(out) < STEP:
                    break
        used -= len(stream.unused_data)
    except zlib.error as error:
        return came, used, "does not inflate with 12 window bits after %d bytes: %s" % (came, error)
    if not stream.eof:
        return came, used, "the stream does not end (%d bytes came out)" % came
    if came != cluster_size:
        return came, used, "%d bytes come out, not a cluster" % came
    return came, used, None


class Zstd:
    def __init__(self):
        self.library = ctypes.CDLL("libzstd.so.1")
        for name in ("ZSTD_decompress", "ZSTD_findFrameCompressedSize"):
            getattr(self.library, name).restype = ctypes.c_size_t

    def inflate(self, data, cluster_size):
        used = self.library.ZSTD_findFrameCompressedSize(data, ctypes.c_size_t(len(data)))
        if self.library.ZSTD_isError(ctypes.c_size_t(used)):
            return 0, 0, "is no zstd frame"
        out = ctypes.create_string_buffer(cluster_size + 1)
        came = self.library.ZSTD_decompress(out, ctypes.c_size_t(cluster_size + 1), data, ctypes.c_size_t(used))
        if self.library.ZSTD_isError(ctypes.c_size_t(came)):
            return 0, used, "the zstd frame is damaged"
        if came != cluster_size:
            return came, used, "%d bytes come out, not a cluster" % came
        return came, used, None


class Image:
    def __init__(self, path):
        self.path, self.errors, self.file = path, [], File(path)
        self.metadata = set()  # numbers of host clusters
        self.reads = []  # (offset, length) in the order of a reader who opens the image
        self.streams = []  # (offset, length, guest cluster) of compressed clusters
        self.plain = self.zeroes = self.used_end = self.backward = 0
        self.last_of = {0: 0, COMPRESSED: 0}

    def wrong(self, text, *values):
        if len(self.errors) < 20:
            self.errors.append(text % values)

    def add_metadata(self, offset, length, is_read=True):
        if offset % self.cluster_size:
            self.wrong("metadata at %#x is not aligned to a cluster", offset)
        first, last = offset // self.cluster_size, (offset + length - 1) // self.cluster_size
        for number in range(first, last + 1):
            if number in self.metadata:
                self.wrong("cluster %#x is used twice for metadata", number * self.cluster_size)
            self.metadata.add(number)
        if is_read:
            self.reads.append((offset, length))
        self.used_end = max(self.used_end, offset + length)

    def read_header(self):
        head = self.file.read(0, 104, "the header")
        (magic, version, backing, _, self.cluster_bits, self.size, crypt, self.l1_size, self.l1_offset,
         self.table_offset, self.table_clusters, snapshots, _) = struct.unpack(">4sIQIIQIIQQIIQ", head[:72])
        if magic != b"QFI\xfb":
            raise Unwalkable("is no QCOW2")
        self.cluster_size = 1 << self.cluster_bits
        incompatible, compatible, autoclear, order, length = struct.unpack(">QQQII", head[72:104]) if version > 2 else (
            0, 0, 0, 4, 72)
        kind = self.file.read(104, 1, "the header")[0] if length > 104 else 0
        self.zstd = Zstd() if kind == 1 else None
        for what, value, wanted in (("version", version, 3), ("backing file", backing, 0), ("encryption", crypt, 0),
                                    ("snapshots", snapshots, 0), ("incompatible features", incompatible, 8 if kind else 0),
                                    ("compatible features", compatible, 0), ("autoclear features", autoclear, 0),
                                    ("refcount order", order, 4), ("compression type above zstd", kind > 1, False)):
            if value != wanted:
                self.wrong("header: %s is %s, expected %s", what, value, wanted)
        if length % 8 or length < 104 or length > self.cluster_size:
            self.wrong("header: its length is %d", length)
        if incompatible & ~8:
            raise Unwalkable("has incompatible features %#x" % incompatible)
        self.add_metadata(0, self.cluster_size)

    def read_refcounts(self):
        count = self.table_clusters * self.cluster_size // 8
        self.add_metadata(self.table_offset, self.table_clusters * self.cluster_size, False)
        for entry in self.file.numbers(self.table_offset, count, "the refcount table"):
            if entry:
                self.add_metadata(entry & ~511, self.cluster_size, False)

    def read_tables(self):
        entries = self.cluster_size // 8
        needed = -(-self.size // (self.cluster_size * entries))
        if self.l1_size < needed:
            raise Unwalkable("the L1 table has %d entries, the disk needs %d" % (self.l1_size, needed))
        if not self.l1_size:
            return
        self.add_metadata(self.l1_offset, 8 * self.l1_size)
        clusters = -(-self.size // self.cluster_size)
        for number, entry in enumerate(self.file.numbers(self.l1_offset, self.l1_size, "the L1 table")):
            if not entry & OFFSET:
                continue
            self.add_metadata(entry & OFFSET, self.cluster_size)
            for index, cluster in enumerate(self.file.numbers(entry & OFFSET, entries, "an L2 table")):
                if not cluster:
                    continue
                guest = number * entries + index
                if guest >= clusters:
                    self.wrong("cluster %d lies behind the end of the disk", guest)
                self.add_cluster(guest, cluster)

    def add_cluster(self, guest, entry):
        if entry & COMPRESSED:
            bits = 62 - (self.cluster_bits - 8)
            offset = entry & ((1 << bits) - 1)
            sectors = (entry & (COMPRESSED - 1)) >> bits
            length = (sectors + 1) * 512 - offset % 512
            if entry & COPIED:
                self.wrong("compressed cluster %d has the flag of plain ones", guest)
            if offset >= self.file.size:
                self.wrong("compressed cluster %d begins behind the end of the file", guest)
            self.streams.append((offset, length, guest))
        else:
            offset = entry & OFFSET
            if entry & ZERO:
                self.zeroes += 1
            if not offset:
                return
            self.plain += not entry & ZERO
            if offset % self.cluster_size:
                self.wrong("plain cluster %d is not aligned", guest)
            if offset >= self.file.size:
                self.wrong("plain cluster %d lies behind the end of the file", guest)
            if offset // self.cluster_size in self.metadata:
                self.wrong("plain cluster %d lies over metadata", guest)
            self.used_end = max(self.used_end, offset + self.cluster_size)
        # A compressed cluster may go back to where the last one ended, before plain clusters in between.
        kind = entry & COMPRESSED
        self.backward += offset < self.last_of[kind]
        self.last_of[kind] = offset

    def check_streams(self):
        end = 0
        for offset, length, guest in sorted(self.streams):
            data = os.pread(self.file.fd, length, offset)
            read = self.zstd.inflate if self.zstd else inflate
            _, used, error = read(data, self.cluster_size)
            if error:
                self.wrong("compressed cluster %d at %#x: %s", guest, offset, error)
                used = length
            if used >= self.cluster_size:
                self.wrong("compressed cluster %d is no smaller than a plain one: %d bytes", guest, used)
            if offset < end:
                self.wrong("compressed cluster %d at %#x lies over the one before", guest, offset)
            if {offset // self.cluster_size, (offset + used - 1) // self.cluster_size} & self.metadata:
                self.wrong("compressed cluster %d lies over metadata", guest)
            end = offset + used
            self.compressed_bytes += used
        self.used_end = max(self.used_end, end)

    def check(self):
        self.compressed_bytes = 0
        self.read_header()
        self.read_refcounts()
        self.read_tables()
        self.check_streams()
        used = -(-self.used_end // self.cluster_size) * self.cluster_size
        if self.file.size > used:
            self.wrong("%d bytes lie behind the last used cluster", self.file.size - used)

    def figures(self):
        runs = sum(number - 1 not in self.metadata for number in self.metadata)
        seeks, at = 0, 0
        for offset, length in self.reads:
            # To the end of the cluster counts as read on: a table that fills a part of it is no reason to seek.
            seeks += offset != at
            at = -(-(offset + length) // self.cluster_size) * self.cluster_size
        return {"size": self.size, "cluster_size": self.cluster_size, "file_size": self.file.size,
                "plain": self.plain, "compressed": len(self.streams), "zeroes": self.zeroes,
                "compressed_bytes": self.compressed_bytes, "compression": "zstd" if self.zstd else "zlib",
                "metadata_clusters": len(self.metadata), "metadata_runs": runs, "seeks": seeks,
                "backward": self.backward}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--max-runs", type=int)
    parser.add_argument("--max-seeks", type=int)
    parser.add_argument("--in-order", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    options = parser.parse_args()
    status = 0
    for path in options.images:
        try:
            image = Image(path)
            image.check()
        except (Unwalkable, OSError, struct.error) as error:
            print("%s: %s" % (path, error), file=sys.stderr)
            status = 2
            continue
        figures = image.figures()
        for limit, name in ((options.max_runs, "metadata_runs"), (options.max_seeks, "seeks"),
                            (0 if options.in_order else None, "backward")):
            if limit is not None and figures[name] > limit:
                image.wrong("%s: %d, at most %d are allowed", name.replace("_", " "), figures[name], limit)
        print(json.dumps(figures) if options.json else
              "%s: %s" % (path, ", ".join("%s %s" % (key.replace("_", " "), value) for key, value in figures.items())))
        for error in image.errors:
            print("%s: %s" % (path, error), file=sys.stderr)
        status = max(status, 1 if image.errors else 0)
    return status


sys.exit(main())
