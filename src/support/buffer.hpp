// Room for bytes that are about to be written: not set to anything first, which std::vector would do.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace imgport {

class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t size) : m_bytes(std::make_unique_for_overwrite<std::byte[]>(size)), m_size(size) {}

    std::size_t size() const { return m_size; }
    std::span<std::byte> bytes() { return {m_bytes.get(), m_size}; }
    std::span<const std::byte> bytes() const { return {m_bytes.get(), m_size}; }

private:
    std::unique_ptr<std::byte[]> m_bytes;
    std::size_t m_size = 0;
};

}  // namespace imgport
