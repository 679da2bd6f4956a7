// The virtual disk inside an image: a random-access, mostly empty run of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

enum class ExtentKind {
    data,  // bytes are stored
    zero,  // reads as zeroes, stored as such
    hole,  // reads as zeroes, nothing stored
};

// A range of a disk that is all of one kind. Bytes.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    ExtentKind kind = ExtentKind::data;

    friend bool operator==(const Extent &, const Extent &) = default;
};

// One thread at a time may use a Disk unless its maker says otherwise.
class Disk {
public:
    Disk() = default;
    Disk(const Disk &) = delete;
    Disk &operator=(const Disk &) = delete;
    virtual ~Disk() = default;

    // The virtual size in bytes.
    virtual std::uint64_t size() const = 0;

    // Fills `out` from `offset`. A range that leaves the disk is an error (malformed), never a short read.
    virtual Result<void> read(std::uint64_t offset, std::span<std::byte> out) = 0;

    // The extents that cover [offset, offset + length) without gap or overlap, in order, cut to that range.
    // A maker that knows nothing of holes answers one `data` extent.
    virtual Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length);
};

// A window of another disk: a partition. The parent is shared.
Result<std::shared_ptr<Disk>> slice(std::shared_ptr<Disk> parent, std::uint64_t offset, std::uint64_t length);

}  // namespace imgport
