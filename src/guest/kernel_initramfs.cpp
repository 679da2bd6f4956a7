#include "guest/kernel_initramfs.hpp"

#include <algorithm>
#include <cstring>

#include <imgport/progress.hpp>

#include <fmt/format.h>

#include "guest/decompress.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t max_kernel = 1ULL << 30;  // bytes, unpacked
constexpr unsigned max_attempts = 8;              // to read what only looked like an initramfs
constexpr std::size_t cpio_header = 110;          // bytes
// vmlinux.lds.h, INIT_RAM_FS: the initramfs begins at a multiple of 4. Sections keep that in the file.
constexpr std::size_t alignment = 4;

// A file's stream from `offset` on, `length` bytes of it, and decompressed where it is compressed.
class Payload final : public FileStream {
public:
    explicit Payload(std::unique_ptr<FileStream> file) : m_file(std::move(file)), m_in(*m_file) {}

    ByteReader &file() { return m_in; }

    Result<void> start(std::uint64_t length)
    {
        m_left = length;
        auto const head = m_in.peek(6);
        if (!head)
            return fail(head.error());
        m_compression = compression_of(*head);
        if (m_compression.empty())
            return {};
        auto plain = decompress(m_in, m_compression);
        if (!plain)
            return fail(plain.error());
        m_plain = std::move(*plain);
        m_left = max_kernel;
        return {};
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), m_left)));
        auto n = out.empty() ? Result<std::size_t>(0) : m_plain ? m_plain->read(out) : read_file(out);
        if (n)
            m_left -= *n;
        return n;
    }

private:
    Result<std::size_t> read_file(std::span<std::byte> out)
    {
        auto const some = m_in.peek_some();
        if (!some)
            return fail(some.error());
        std::size_t const n = std::min(out.size(), some->size());
        std::memcpy(out.data(), some->data(), n);
        if (auto const skipped = m_in.skip(n); !skipped)
            return fail(skipped.error());
        return n;
    }

    std::unique_ptr<FileStream> m_file;
    ByteReader m_in;
    std::string m_compression;
    std::unique_ptr<FileStream> m_plain;
    std::uint64_t m_left = 0;
};

struct Place {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

// Where the kernel lies in its image.
std::optional<Place> find_payload(Bytes head)
{
    auto const text_at = [&](std::size_t offset, std::string_view text) {
        return range_inside(offset, text.size(), head.size()) && begins_with(head.subspan(offset), text);
    };
    if (text_at(0x202, "HdrS")) {
        std::uint64_t const sectors = read_le<std::uint8_t>(head, 0x1f1).value_or(0);
        auto const offset = read_le<std::uint32_t>(head, 0x248).value_or(0);
        auto const length = read_le<std::uint32_t>(head, 0x24c).value_or(0);
        if (read_le<std::uint16_t>(head, 0x206).value_or(0) < 0x0208 || length == 0)
            return std::nullopt;
        return Place{((sectors == 0 ? 4 : sectors) + 1) * 512 + offset, length};
    }
    if (text_at(4, "zimg"))
        return Place{read_le<std::uint32_t>(head, 8).value_or(0), read_le<std::uint32_t>(head, 12).value_or(0)};
    if (text_at(0x38, "ARM\x64") || compression_of(head) == "gzip")
        return Place{0, max_kernel};
    return std::nullopt;
}

bool is_cpio_header(Bytes head)
{
    return head.size() >= cpio_header && is_cpio(head) &&
           std::all_of(head.begin() + 6, head.begin() + cpio_header, [](std::byte b) {
               auto const c = static_cast<char>(b);
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

// More of a compressed stream's header than compression_of() looks at, as a kernel is full of short runs of bytes.
bool begins_compressed(Bytes head, const std::string &compression)
{
    auto const byte = [&](std::size_t i) { return std::to_integer<unsigned>(head[i]); };
    if (head.size() < 16)
        return false;
    if (compression == "gzip")
        return byte(2) == 8 && (byte(3) & 0xe0) == 0;
    if (compression == "bzip2")
        return begins_with(head.subspan(4), "1AY&SY");
    if (compression == "lzo")
        return begins_with(head.subspan(4), std::string_view("\0\r\n\x1a\n", 5));
    if (compression == "lzma") {
        // A dictionary of 2^n, a size below 4 GiB or none, and the first byte of the range coder, which is 0.
        auto const dictionary = load_le<std::uint32_t>(head, 1);
        auto const size = load_le<std::uint64_t>(head, 5);
        return dictionary >= 4096 && is_power_of_two(dictionary) && (size + 1 == 0 || size >> 32 == 0) && byte(13) == 0;
    }
    return true;
}

class BytesStream final : public FileStream {
public:
    explicit BytesStream(Bytes bytes) : m_bytes(bytes.begin(), bytes.end()) {}
    Result<std::size_t> read(std::span<std::byte> out) override
    {
        std::size_t const n = std::min(out.size(), m_bytes.size() - m_at);
        std::memcpy(out.data(), m_bytes.data() + m_at, n);
        m_at += n;
        return n;
    }

private:
    std::vector<std::byte> m_bytes;
    std::size_t m_at = 0;
};

// Whether a cpio archive comes out of what is compressed at the start of `head`. Where that hangs on more than the
// bytes at hand: true.
bool may_hold_cpio(Bytes head, const std::string &compression)
{
    if (compression == "lzo")
        return true;
    BytesStream stream(head);
    ByteReader in(stream);
    auto const plain = decompress(in, compression);
    if (!plain)
        return false;
    ByteReader inner(**plain);
    auto const first = inner.peek(cpio_header);
    if (!first)  // blocks of these may be longer
        return head.size() == ByteReader::window &&
               (compression == "zstd" || compression == "lz4" || compression == "bzip2");
    return is_cpio_header(*first);
}

bool may_begin_initramfs(Bytes head, Bytes more)
{
    if (is_cpio_header(head))
        return true;
    std::string const compression = compression_of(head);
    return !compression.empty() && begins_compressed(head, compression) && may_hold_cpio(more, compression);
}

// Goes on to the next place where an initramfs may begin; false at the end.
Result<bool> find_start(ByteReader &in)
{
    constexpr std::size_t step = ByteReader::window / 2;
    constexpr std::size_t enough = 128;  // bytes to tell by
    for (;;) {
        auto const some = in.peek(step);
        if (!some)
            return fail(some.error());
        if (some->empty())
            return false;
        std::size_t const end = some->size() < step ? some->size() : step - enough;
        std::size_t at = 0;
        auto const looks_right = [&](std::size_t i) {
            Bytes const head = some->subspan(i);
            std::string const compression = compression_of(head);
            return is_cpio_header(head) || (!compression.empty() && begins_compressed(head, compression));
        };
        while (at < end && !looks_right(at))
            at += alignment;
        if (at >= end) {
            if (auto const skipped = in.skip(std::min(at, some->size())); !skipped)
                return fail(skipped.error());
            continue;
        }
        if (auto const skipped = in.skip(at); !skipped)
            return fail(skipped.error());
        auto const more = in.peek(ByteReader::window);
        if (!more)
            return fail(more.error());
        if (may_begin_initramfs(*more, *more))
            return true;
        if (auto const skipped = in.skip(std::min(alignment, more->size())); !skipped)
            return fail(skipped.error());
    }
}

// The archives that lie here one after the other, with zeroes between.
Result<void> walk_here(ByteReader &in, const CpioVisitor &visit)
{
    InitramfsWalker walker(visit);
    for (;;) {
        if (auto const taken = walker.take_segment(in); !taken)
            return taken;
        if (auto const skipped = skip_zeroes(in); !skipped)
            return skipped;
        auto const more = in.peek(ByteReader::window);
        if (!more)
            return fail(more.error());
        if (!may_begin_initramfs(*more, *more))
            return {};
    }
}

}  // namespace

Result<std::unique_ptr<FileStream>> open_unpacked_kernel(FileTree &tree, const std::string &image)
{
    auto file = tree.open(image);
    if (!file)
        return fail(file.error());
    auto payload = std::make_unique<Payload>(std::move(*file));
    auto const head = payload->file().peek(4096);
    if (!head)
        return fail(head.error());
    auto const place = find_payload(*head);
    if (!place || place->length == 0)
        return nullptr;
    if (auto const skipped = payload->file().skip(place->offset); !skipped)
        return fail(skipped.error());
    if (auto const started = payload->start(place->length); !started)
        return fail(started.error());
    return payload;
}

Result<std::optional<InitramfsFacts>> read_kernel_own_initramfs(FileTree &tree, const std::string &image,
                                                                const std::string &version)
{
    std::uint64_t from = 0;
    std::optional<Error> first_error;
    for (unsigned attempt = 0; attempt < max_attempts; ++attempt) {
        auto kernel = open_unpacked_kernel(tree, image);
        if (!kernel)
            return fail(kernel.error());
        if (!*kernel)
            return std::nullopt;
        ByteReader in(**kernel);
        if (auto const skipped = in.skip(from); !skipped)
            return fail(skipped.error());
        auto const found = find_start(in);
        if (!found)
            return fail(found.error());
        if (!*found)
            break;
        from = in.position() + alignment;
        auto facts = collect_initramfs([&](const CpioVisitor &visit) { return walk_here(in, visit); }, version);
        if (facts)
            return std::optional(std::move(*facts));
        if (facts.error().code == ErrorCode::interrupted)
            return fail(facts.error());
        if (!first_error)
            first_error = facts.error();
    }
    if (first_error)
        return fail(*first_error);
    return fail(ErrorCode::malformed, "no initramfs was found in the kernel");
}

}  // namespace imgport
