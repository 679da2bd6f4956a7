// Disks for the tests: out of memory, and out of a file that other programs made.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <imgport/disk.hpp>

#include "support/bytes.hpp"
#include "support/file.hpp"

namespace imgport::testing {

class MemoryDisk final : public Disk {
public:
    explicit MemoryDisk(std::size_t size) : m_bytes(size) {}

    std::uint64_t size() const override { return m_bytes.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (!range_inside(offset, out.size(), m_bytes.size()))
            return fail(ErrorCode::malformed, "outside the disk");
        if (m_bad_offset && *m_bad_offset >= offset && *m_bad_offset < offset + out.size())
            return fail(ErrorCode::unreadable, "input/output error");
        std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return {};
    }

    // Any read that touches that byte fails.
    void make_unreadable(std::uint64_t offset) { m_bad_offset = offset; }
    void put(std::size_t offset, std::string_view text) { std::memcpy(&m_bytes.at(offset), text.data(), text.size()); }
    template <class T>
    void put_le(std::size_t offset, T value)
    {
        store_le<T>(m_bytes, offset, value);
    }
    template <class T>
    void put_be(std::size_t offset, T value)
    {
        store_be<T>(m_bytes, offset, value);
    }
    std::vector<std::byte> &bytes() { return m_bytes; }

private:
    std::vector<std::byte> m_bytes;
    std::optional<std::uint64_t> m_bad_offset;
};

class FileDisk final : public Disk {
public:
    static std::shared_ptr<FileDisk> open(const std::string &path)
    {
        auto file = InputFile::open(path);
        return file ? std::shared_ptr<FileDisk>(new FileDisk(std::move(*file))) : nullptr;
    }
    std::uint64_t size() const override { return m_file.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override { return m_file.read(offset, out); }

private:
    explicit FileDisk(InputFile file) : m_file(std::move(file)) {}
    InputFile m_file;
};

}  // namespace imgport::testing
