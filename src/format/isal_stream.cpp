#include "format/isal_stream.hpp"

#include <bit>
#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace imgport {
namespace {

// The lowest bits of an address that the hash does not see.
constexpr std::uintptr_t slot_size = std::uintptr_t{1} << 16;
// 15 bits of the address reach every bucket, so any aligned 2 GiB have a place for us, and so have any 4 GiB. They are
// only looked through; nothing but the state itself is ever used.
constexpr std::size_t search_size = std::size_t{4} << 30;
constexpr std::size_t state_size = (sizeof(isal_zstream) + slot_size - 1) / slot_size * slot_size;
constexpr std::uint32_t bucket_mask = IGZIP_LVL1_HASH_SIZE - 1;
constexpr std::uint32_t wanted_bucket = 0x1555;

// What the instruction crc32 makes of four bytes, from 0.
std::uint32_t crc32c_of(std::uint32_t value)
{
    for (int bit = 0; bit < 32; ++bit)
        value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78 : 0);
    return value;
}

bool is_good_place(std::uintptr_t address)
{
    return (crc32c_of(static_cast<std::uint32_t>(address >> 16)) & bucket_mask) == wanted_bucket;
}

void release(std::uintptr_t begin, std::uintptr_t end)
{
    if (begin < end)
        ::munmap(std::bit_cast<void *>(begin), end - begin);
}

}  // namespace

IsalStream::IsalStream()
{
    void *const room = ::mmap(nullptr, search_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return;
    auto const begin = std::bit_cast<std::uintptr_t>(room);
    std::uintptr_t const end = begin + search_size;
    std::uintptr_t at = (begin + slot_size - 1) / slot_size * slot_size;
    while (at + state_size <= end && !is_good_place(at))
        at += slot_size;
    if (at + state_size > end || ::mprotect(std::bit_cast<void *>(at), state_size, PROT_READ | PROT_WRITE) != 0) {
        release(begin, end);
        return;
    }
    release(begin, at);
    release(at + state_size, end);
    m_stream = new (std::bit_cast<void *>(at)) isal_zstream{};
}

IsalStream::~IsalStream()
{
    auto const at = std::bit_cast<std::uintptr_t>(m_stream);
    release(at, m_stream == nullptr ? at : at + state_size);
}

}  // namespace imgport
