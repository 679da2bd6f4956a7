// What is kept of the files of an open image: pages of their mapping tables, and clusters that were unpacked. A backing
// chain or a split disk shares one, so that its size (6 MiB at most) does not grow with their number.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <string_view>
#include <vector>

#include "support/bytes.hpp"
#include "support/file.hpp"

namespace imgport {

class ImageCache {
public:
    // Fills `out` out of kept pages. For entries of tables: short, and close to one another. Past the end of the file:
    // malformed, naming `field`. A file must outlive the cache.
    Result<void> read_table(const InputFile &file, std::uint64_t offset, std::span<std::byte> out,
                            std::string_view field);

    template <std::unsigned_integral T>
    Result<T> table_be(const InputFile &file, std::uint64_t offset, std::string_view field)
    {
        std::array<std::byte, sizeof(T)> bytes{};
        if (auto done = read_table(file, offset, bytes, field); !done)
            return fail(done.error());
        return load_be<T>(bytes, 0);
    }
    template <std::unsigned_integral T>
    Result<T> table_le(const InputFile &file, std::uint64_t offset, std::string_view field)
    {
        std::array<std::byte, sizeof(T)> bytes{};
        if (auto done = read_table(file, offset, bytes, field); !done)
            return fail(done.error());
        return load_le<T>(bytes, 0);
    }

    // How many entries from `offset` on are the same as the one there: at least 1, `most` at most, and only of those
    // that are at hand. Long tables are mostly of one value.
    template <std::unsigned_integral T>
    std::uint64_t alike(const InputFile &file, std::uint64_t offset, std::uint64_t most)
    {
        auto const found = page(file, offset / page_size);
        std::size_t const into = offset % page_size;
        if (!found || into + sizeof(T) > found->size())
            return 1;
        Bytes const entries = found->subspan(into);
        most = std::min<std::uint64_t>(most, entries.size() / sizeof(T));
        std::uint64_t count = 1;
        while (count < most && load_le<T>(entries, count * sizeof(T)) == load_le<T>(entries, 0))
            ++count;
        return count;
    }

    // The unpacked cluster whose packed bytes lie at `offset` in `file`; nullptr where it is not kept. Good until the
    // next keep_unpacked().
    const std::vector<std::byte> *unpacked(const InputFile &file, std::uint64_t offset);
    const std::vector<std::byte> &keep_unpacked(const InputFile &file, std::uint64_t offset,
                                                std::vector<std::byte> bytes);

private:
    static constexpr std::uint64_t page_size = 16 * 1024;
    static constexpr std::size_t pages = 128;                            // 2 MiB
    static constexpr std::size_t most_unpacked_bytes = 4 * 1024 * 1024;  // or one cluster, if it is larger
    static constexpr std::size_t most_unpacked = 64;                     // they are searched one by one

    struct Page {
        const InputFile *file = nullptr;
        std::uint64_t number = 0;
        std::vector<std::byte> bytes = {};
    };
    struct Unpacked {
        const InputFile *file;
        std::uint64_t offset;
        std::vector<std::byte> bytes;
    };
    // Without bytes where the page lies behind the file.
    Result<Bytes> page(const InputFile &file, std::uint64_t number);

    std::array<Page, pages> m_pages;  // each page has but one place
    std::list<Unpacked> m_unpacked;   // the latest first
    std::size_t m_unpacked_bytes = 0;
};

}  // namespace imgport
