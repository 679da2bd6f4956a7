#include "convert/native.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "convert/image_output.hpp"
#include "convert/piece_reader.hpp"
#include "format/compress.hpp"
#include "format/qcow2_writer.hpp"
#include "format/raw_writer.hpp"
#include "format/vhd_writer.hpp"
#include "support/ordered_workers.hpp"

namespace imgport {
namespace {

// A piece on its way, and its part of the content digest.
struct Product {
    Piece piece;
    std::optional<Sha256::Value> digest = {};
};

// What every worker needs to know.
struct Shared {
    const ImageWriter &writer;
    ImageOutput &output;
    PiecePool &pool;
    Compression compression = Compression::none;
    bool take_over = false;
    bool digest = false;
};

class Converter final : public OrderedWorker<PieceTask, Product> {
public:
    Converter(const Shared &shared, std::shared_ptr<Disk> disk, std::unique_ptr<Compressor> compressor)
        : m_shared(shared), m_reader(std::move(disk), shared.pool), m_compressor(std::move(compressor))
    {}

    Result<Product> work(PieceTask task) override
    {
        auto piece = m_shared.take_over ? m_reader.take_over(task, m_shared.digest) : m_reader.read(task);
        if (!piece)
            return fail(piece.error());
        Product product{std::move(*piece)};
        if (m_shared.digest)
            product.digest = segment_digest(product.piece.disk_bytes());
        m_shared.writer.pack(product.piece, m_compressor.get());
        return product;
    }

    Result<void> store(Product product) override
    {
        if (auto done = m_shared.output.write(product.piece); !done)
            return done;
        m_shared.pool.give_back(std::move(product.piece));
        return {};
    }

private:
    const Shared &m_shared;
    PieceReader m_reader;
    std::unique_ptr<Compressor> m_compressor;
};

// SOURCE_DATE_EPOCH (reproducible-builds.org), as seconds since 2000-01-01; 0 where it is not set.
std::uint32_t vhd_time()
{
    constexpr std::uint64_t vhd_epoch = 946'684'800;
    const char *const text = std::getenv("SOURCE_DATE_EPOCH");
    if (text == nullptr)
        return 0;
    std::uint64_t seconds = 0;
    std::string_view const digits = text;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), seconds).ec != std::errc{})
        return 0;
    return seconds < vhd_epoch ? 0
                               : static_cast<std::uint32_t>(std::min<std::uint64_t>(seconds - vhd_epoch, 0xffffffff));
}

class NativeConversion {
public:
    NativeConversion(const ConversionPlan &plan, const ConvertOptions &options, bool digest, int output,
                     ProgressSink &progress)
        : m_plan(plan), m_compression(options.compression), m_digest_wanted(digest), m_output(output),
          m_progress(progress), m_content(plan.virtual_size)
    {
        switch (plan.target) {
        case Format::qcow2:
            m_writer = make_qcow2_writer({.size = plan.virtual_size,
                                          .compression = options.compression,
                                          .preallocate = options.preallocation == Preallocation::metadata});
            break;
        case Format::vhd: {
            auto writer = make_vhd_writer(
                {.size = plan.virtual_size, .fixed = options.vhd_type == VhdType::fixed, .created = vhd_time()});
            m_vhd = writer.get();
            m_writer = std::move(writer);
            break;
        }
        default: m_writer = make_raw_writer(plan.virtual_size); break;
        }
    }

    Result<std::optional<std::string>> run(const DiskMaker &make_disk, unsigned threads)
    {
        auto const disk = make_disk();
        if (!disk)
            return fail(disk.error());
        DiskPieces pieces(**disk);
        PiecePool pool(m_compression == Compression::none ? PiecePool::Packed::no : PiecePool::Packed::yes);
        Shared const shared{*m_writer,      m_output, pool, m_compression, m_compression == Compression::fast,
                            m_digest_wanted};
        OrderedJob<PieceTask, Product> job;
        job.next = [&] { return pieces.next(); };
        job.make_worker = [&]() -> Result<std::unique_ptr<OrderedWorker<PieceTask, Product>>> {
            // One thread does one thing at a time, and may do all on the same disk.
            auto own = threads == 1 ? disk : make_disk();
            if (!own)
                return fail(own.error());
            auto compressor = make_compressor(m_compression);
            if (!compressor)
                return fail(compressor.error());
            return std::make_unique<Converter>(shared, std::move(*own), std::move(*compressor));
        };
        job.place = [this](Product &product) { return place(product); };
        if (auto done = run_ordered(job, threads); !done)
            return fail(done.error());
        std::optional<std::string> digest;
        if (m_digest_wanted)
            digest = m_content.finish();
        if (m_vhd != nullptr)
            m_vhd->identify(unique_id(digest));
        if (auto done = m_writer->finish(m_output); !done)
            return fail(done.error());
        return digest;
    }

private:
    Result<void> place(Product &product)
    {
        if (product.digest)
            m_content.add(product.piece.offset, *product.digest);
        if (m_vhd != nullptr && !m_first && !product.piece.stored.empty())
            m_first = segment_digest(product.piece.disk_bytes());
        m_writer->place(product.piece);
        m_progress.update(product.piece.offset, m_plan.virtual_size);
        return {};
    }

    // A version 8 UUID (RFC 9562, 5.8): of the content, or, where that was not computed, of the disk's size and its
    // first piece that is not empty, which holds the identifiers of the partition table.
    std::array<std::byte, 16> unique_id(const std::optional<std::string> &digest) const
    {
        Sha256 sha;
        sha.update(bytes_of("imgport.vhd/1\n"));
        std::array<std::byte, 8> size{};
        store_le(std::span(size), 0, m_plan.virtual_size);
        sha.update(size);
        if (digest)
            sha.update(bytes_of(*digest));
        else if (m_first)
            sha.update(*m_first);
        auto const value = sha.finish();
        std::array<std::byte, 16> id{};
        std::copy_n(value.begin(), id.size(), id.begin());
        id[6] = (id[6] & std::byte{0x0f}) | std::byte{0x80};
        id[8] = (id[8] & std::byte{0x3f}) | std::byte{0x80};
        return id;
    }

    const ConversionPlan &m_plan;
    Compression m_compression;
    bool m_digest_wanted;
    ImageOutput m_output;
    ProgressSink &m_progress;
    std::unique_ptr<ImageWriter> m_writer;
    VhdWriter *m_vhd = nullptr;  // the same, where it is one
    ContentDigest m_content;
    std::optional<Sha256::Value> m_first;
};

}  // namespace

Result<std::optional<std::string>> native_convert(const DiskMaker &make_disk, int output, const ConversionPlan &plan,
                                                  const ConvertOptions &options, unsigned threads, bool digest,
                                                  ProgressSink &progress)
{
    return NativeConversion(plan, options, digest, output, progress).run(make_disk, threads);
}

}  // namespace imgport
