#include "guest/decompress.hpp"

#include <array>
#include <cstring>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "guest/codec_streams.hpp"
#include "guest/compressed_frames.hpp"

namespace imgport {
namespace {

tl::unexpected<Error> broken(const ByteReader &in, std::string_view kind, std::string_view message)
{
    return fail(
        {ErrorCode::malformed, fmt::format("the {} data is damaged: {}", kind, message), {}, in.position(), {}, {}});
}

// Gives a reader's bytes and takes them a step late, so that what was given but not used can stay.
class LateTaker final : public FileStream {
public:
    explicit LateTaker(ByteReader &in) : m_in(in), m_start(in.position()) {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (auto const skipped = m_in.skip(m_given); !skipped)
            return fail(skipped.error());
        m_given = 0;
        auto const some = m_in.peek_some();
        if (!some)
            return fail(some.error());
        m_given = std::min(out.size(), some->size());
        std::memcpy(out.data(), some->data(), m_given);
        return m_given;
    }

    // Takes as much as makes `used` bytes in all.
    Result<void> settle(std::uint64_t used)
    {
        std::uint64_t const taken = m_in.position() - m_start;
        if (used < taken || used - taken > m_given)
            return broken(m_in, "compressed", "its end cannot be told");
        m_given = 0;
        return m_in.skip(used - taken);
    }

private:
    ByteReader &m_in;
    std::uint64_t m_start;
    std::size_t m_given = 0;
};

// One of libarchive's filters, with nothing but that filter enabled.
class ArchiveStream final : public FileStream {
public:
    // Exactly one of `frame` and `taker` is there: the bytes to decompress.
    ArchiveStream(ByteReader &in, const std::string &kind, std::unique_ptr<FileStream> frame)
        : m_in(in), m_kind(kind), m_frame(std::move(frame)), m_taker(in), m_archive(archive_read_new())
    {}
    ~ArchiveStream() override { archive_read_free(m_archive); }

    Result<void> open()
    {
        int enabled = ARCHIVE_FATAL;
        if (m_kind == "lz4")
            enabled = archive_read_support_filter_lz4(m_archive);
        else
            enabled = archive_read_support_filter_bzip2(m_archive);
        // ARCHIVE_WARN would mean that libarchive starts a program of that name.
        if (enabled != ARCHIVE_OK)
            return fail(ErrorCode::environment, fmt::format("this libarchive was built without {}", m_kind));
        archive_read_support_format_raw(m_archive);
        archive_entry *entry = nullptr;
        if (archive_read_open(m_archive, this, nullptr, &ArchiveStream::give, nullptr) != ARCHIVE_OK ||
            archive_read_next_header(m_archive, &entry) != ARCHIVE_OK)
            return failure();
        return {};
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (m_ended)
            return 0;
        la_ssize_t const n = archive_read_data(m_archive, out.data(), out.size());
        if (n < 0)
            return failure();
        if (n == 0) {
            m_ended = true;
            if (auto const settled = settle(); !settled)
                return fail(settled.error());
        }
        return static_cast<std::size_t>(n);
    }

private:
    // archive_read_callback: hands out the next bytes.
    static la_ssize_t give(archive *, void *self_pointer, const void **buffer)
    {
        auto *const self = static_cast<ArchiveStream *>(self_pointer);
        auto const n = self->m_frame ? self->m_frame->read(self->m_buffer) : self->m_taker.read(self->m_buffer);
        if (!n) {
            self->m_error = n.error();
            return -1;
        }
        *buffer = self->m_buffer.data();
        return static_cast<la_ssize_t>(*n);
    }

    Result<void> settle()
    {
        if (!m_frame)
            return m_taker.settle(static_cast<std::uint64_t>(archive_filter_bytes(m_archive, -1)));
        auto const rest = m_frame->read(m_buffer);
        if (!rest)
            return fail(rest.error());
        if (*rest != 0)
            return broken(m_in, m_kind, "the decoder stopped before its end");
        return {};
    }

    tl::unexpected<Error> failure() const
    {
        if (m_error)
            return fail(*m_error);
        const char *const message = archive_error_string(m_archive);
        return broken(m_in, m_kind, message != nullptr ? message : "it cannot be decoded");
    }

    ByteReader &m_in;
    std::string m_kind;
    std::unique_ptr<FileStream> m_frame;
    LateTaker m_taker;
    archive *m_archive;
    std::array<std::byte, 64 * 1024> m_buffer{};
    std::optional<Error> m_error;
    bool m_ended = false;
};

}  // namespace

std::string compression_of(Bytes head)
{
    struct Magic {
        std::string_view bytes;
        const char *name;
    };
    using namespace std::string_view_literals;
    constexpr Magic magics[] = {
        {"\x1f\x8b"sv, "gzip"},
        {"\xfd"
         "7zXZ\0"sv,
         "xz"},
        {"\x28\xb5\x2f\xfd"sv, "zstd"},
        {"\x02\x21\x4c\x18"sv, "lz4"},
        {"\x04\x22\x4d\x18"sv, "lz4"},
        {"BZh"sv, "bzip2"},
        {"\x5d\0\0"sv, "lzma"},
        {"\x89LZO"sv, "lzo"},
    };
    for (auto const &magic : magics) {
        if (begins_with(head, magic.bytes))
            return magic.name;
    }
    return {};
}

Result<std::unique_ptr<FileStream>> decompress(ByteReader &in, const std::string &compression)
{
    if (compression == "gzip")
        return gzip_stream(in);
    if (compression == "zstd")
        return zstd_stream(in);
    if (compression == "xz" || compression == "lzma")
        return lzma_stream(in, compression);
    if (compression != "lz4" && compression != "bzip2")
        return fail({ErrorCode::malformed,
                     fmt::format("{} compression cannot be read", compression),
                     {},
                     in.position(),
                     {},
                     {}});
    auto stream = std::make_unique<ArchiveStream>(in, compression, compression == "lz4" ? lz4_frame(in) : nullptr);
    if (auto const opened = stream->open(); !opened)
        return fail(opened.error());
    return stream;
}

}  // namespace imgport
