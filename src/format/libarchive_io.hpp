// What libarchive needs of us: a locale for its names, and seeking within bounds.
#pragma once

#include <clocale>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace imgport {

// libarchive turns names into the thread's character set. UTF-8 keeps them as they are, whatever LANG says.
class Utf8Names {
public:
    Utf8Names()
    {
        static locale_t const utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        if (utf8 != nullptr)
            m_before = ::uselocale(utf8);
    }
    Utf8Names(const Utf8Names &) = delete;
    Utf8Names &operator=(const Utf8Names &) = delete;
    ~Utf8Names()
    {
        if (m_before != nullptr)
            ::uselocale(m_before);
    }

private:
    locale_t m_before = nullptr;
};

// Where lseek(2) would go in `size` bytes; nullopt where that is outside of them.
inline std::optional<std::uint64_t> seek_target(std::uint64_t position, std::uint64_t size, std::int64_t offset,
                                                int whence)
{
    std::uint64_t const from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position : size;
    std::uint64_t target = 0;
    if (__builtin_add_overflow(from, offset, &target) || target > size)
        return std::nullopt;
    return target;
}

}  // namespace imgport
