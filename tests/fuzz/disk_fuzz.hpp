// What the fuzz targets of the image formats share: an image out of memory is described, and its disk is opened by our
// own reader, whatever the description says, read here and there, and its map held against the bytes.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "format/container.hpp"
#include "format/file_container.hpp"
#include "format/native_disk.hpp"
#include "support/bytes.hpp"

namespace imgport::fuzz {

inline void require(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

struct Piece {
    std::uint64_t offset = 0;
    Bytes bytes = {};
};

// A file in memory with those pieces, and zeroes between them.
inline Result<InputFile> memory_file(std::uint64_t size, std::initializer_list<Piece> pieces)
{
    static Fd const fd(::memfd_create("image", MFD_CLOEXEC));
    require(::ftruncate(fd.get(), 0) == 0 && ::ftruncate(fd.get(), static_cast<off_t>(size)) == 0, "ftruncate");
    for (auto const &[offset, bytes] : pieces)
        require(::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
                    static_cast<ssize_t>(bytes.size()),
                "pwrite");
    return InputFile::open(descriptor_path(fd.get()));
}

inline Result<InputFile> memory_file(Bytes bytes)
{
    return memory_file(bytes.size(), {{0, bytes}});
}

inline void read_window(Disk &disk, std::uint64_t offset, std::uint64_t length)
{
    length = std::min(length, disk.size() - offset);
    auto const extents = disk.extents(offset, length);
    if (!extents)
        return;
    std::uint64_t at = offset;
    std::vector<std::byte> bytes;
    for (auto const &extent : *extents) {
        require(extent.offset == at && extent.length > 0, "extents follow one another");
        at += extent.length;
        bytes.assign(static_cast<std::size_t>(std::min<std::uint64_t>(extent.length, 70'000)), std::byte{0xa5});
        bool const good = disk.read(extent.offset, bytes).has_value();
        if (extent.kind != ExtentKind::data)
            require(good && all_zero(bytes), "a hole reads as zeroes");
        if (extent.offset - offset > (std::uint64_t{4} << 20))
            break;
    }
    require(at <= offset + length, "extents stay in their range");
}

inline void drive_disk(const FormatReader &reader, const InputFile &file)
{
    FileView view(file);
    if (!reader.recognise(view))
        return;
    ImageFacts facts;
    facts.format = reader.format;
    reader.describe(view, {}, facts);
    auto const disk = open_native_disk(file, facts, std::make_shared<ImageCache>());
    if (!disk)
        return;
    std::uint64_t const size = (*disk)->size();
    read_window(**disk, 0, std::uint64_t{32} << 20);
    read_window(**disk, size / 2, std::uint64_t{4} << 20);
    read_window(**disk, size - std::min<std::uint64_t>(size, 1 << 20), 1 << 20);
    // All kinds of runs in one read that begins and ends anywhere.
    std::vector<std::byte> bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, 300'001)));
    (void)(*disk)->read(std::min<std::uint64_t>(777, size - bytes.size()), bytes);
    require(!(*disk)->read(size, std::span(bytes).first(std::min<std::size_t>(bytes.size(), 1))) || bytes.empty(),
            "a read past the end is an error");
}

}  // namespace imgport::fuzz
