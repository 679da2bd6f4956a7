#include "convert/native.hpp"

#include "convert/image_output.hpp"
#include "convert/piece_reader.hpp"
#include "format/compress.hpp"
#include "support/ordered_workers.hpp"

namespace imgport {
namespace {

// Preallocation has tables to write where the disk has nothing: so many of them at a time are in memory.
constexpr std::uint64_t longest_gap = std::uint64_t{16} << 30;

// A piece on its way, and its part of the content digest.
struct Product {
    Piece piece;
    std::optional<Sha256::Value> digest = {};
};

// What every worker needs to know.
struct Shared {
    const ImageMaking &making;
    PieceSink &sink;
    PiecePool &pool;
    bool take_over = false;
};

class Converter final : public OrderedWorker<PieceTask, Product> {
public:
    Converter(const Shared &shared, std::shared_ptr<Disk> disk, std::unique_ptr<Compressor> compressor)
        : m_shared(shared), m_reader(std::move(disk), shared.pool), m_compressor(std::move(compressor))
    {}

    Result<Product> work(PieceTask task) override
    {
        bool const digest = m_shared.making.digest_wanted();
        auto piece = m_shared.take_over ? m_reader.take_over(task, digest) : m_reader.read(task);
        if (!piece)
            return fail(piece.error());
        Product product{std::move(*piece)};
        if (digest)
            product.digest = segment_digest(product.piece.disk_bytes());
        m_shared.making.writer().pack(product.piece, m_compressor.get());
        return product;
    }

    Result<void> store(Product product) override
    {
        if (auto done = m_shared.sink.store(product.piece); !done)
            return done;
        m_shared.pool.give_back(std::move(product.piece));
        return {};
    }

private:
    const Shared &m_shared;
    PieceReader m_reader;
    std::unique_ptr<Compressor> m_compressor;
};

}  // namespace

Result<std::optional<std::string>> make_image(ImageMaking making, const DiskMaker &make_disk, PieceSink &sink,
                                              const ConvertOptions &options, unsigned threads, ProgressSink &progress)
{
    auto const disk = make_disk();
    if (!disk)
        return fail(disk.error());
    DiskPieces pieces(**disk, making.next(), options.preallocation == Preallocation::metadata ? longest_gap : 0);
    PiecePool pool(options.compression == Compression::none ? PiecePool::Packed::no : PiecePool::Packed::yes);
    Shared const shared{making, sink, pool, options.compression == Compression::fast};
    OrderedJob<PieceTask, Product> job;
    job.next = [&] { return pieces.next(); };
    job.make_worker = [&]() -> Result<std::unique_ptr<OrderedWorker<PieceTask, Product>>> {
        // One thread does one thing at a time, and may do all on the same disk.
        auto own = threads == 1 ? disk : make_disk();
        if (!own)
            return fail(own.error());
        auto compressor = make_compressor(options.compression);
        if (!compressor)
            return fail(compressor.error());
        return std::make_unique<Converter>(shared, std::move(*own), std::move(*compressor));
    };
    job.place = [&](Product &product) {
        sink.about_to_place(making);
        making.place(product.piece, product.digest);
        progress.update(product.piece.offset, (*disk)->size());
        return sink.take(product.piece);
    };
    if (auto done = run_ordered(job, threads); !done)
        return fail(done.error());
    sink.about_to_place(making);
    return making.finish(sink);
}

Result<std::optional<std::string>> native_convert(const DiskMaker &make_disk, int output, const ConversionPlan &plan,
                                                  const ConvertOptions &options, unsigned threads, bool digest,
                                                  ProgressSink &progress)
{
    ImageOutput file(output);
    return make_image(ImageMaking(plan, options, digest), make_disk, file, options, threads, progress);
}

}  // namespace imgport
