#include "convert/content_digest.hpp"

#include <array>

#include "convert/piece_reader.hpp"
#include "format/reading.hpp"
#include "support/ordered_workers.hpp"

namespace imgport {
namespace {

void update_number(Sha256 &sha, std::uint64_t number)
{
    std::array<std::byte, 8> bytes{};
    store_le(std::span(bytes), 0, number);
    sha.update(bytes);
}

struct Segment {
    Piece piece;
    std::optional<Sha256::Value> digest = {};
};

class Digester final : public OrderedWorker<PieceTask, Segment> {
public:
    Digester(std::shared_ptr<Disk> disk, PiecePool &pool) : m_reader(std::move(disk), pool), m_pool(pool) {}

    Result<Segment> work(PieceTask task) override
    {
        auto piece = m_reader.read(task);
        if (!piece)
            return fail(piece.error());
        auto const digest = segment_digest(piece->disk_bytes());
        return Segment{std::move(*piece), digest};
    }
    Result<void> store(Segment segment) override
    {
        m_pool.give_back(std::move(segment.piece));
        return {};
    }

private:
    PieceReader m_reader;
    PiecePool &m_pool;
};

}  // namespace

ContentDigest::ContentDigest(std::uint64_t size)
{
    m_sha.update(bytes_of("imgport.content/1\n"));
    update_number(m_sha, *round_up(size, sector_size));
}

void ContentDigest::add(std::uint64_t offset, const Sha256::Value &segment)
{
    update_number(m_sha, offset / piece_size);
    m_sha.update(segment);
}

std::string ContentDigest::finish()
{
    return to_hex(m_sha.finish());
}

std::optional<Sha256::Value> segment_digest(Bytes segment)
{
    if (all_zero(segment))
        return std::nullopt;
    Sha256 sha;
    sha.update(segment);
    return sha.finish();
}

Result<std::string> digest_of(const DiskMaker &make_disk, unsigned threads, ProgressSink &progress)
{
    auto const disk = make_disk();
    if (!disk)
        return fail(disk.error());
    std::uint64_t const size = (*disk)->size();
    DiskPieces pieces(**disk);
    ContentDigest digest(size);
    PiecePool pool(PiecePool::Packed::no);
    OrderedJob<PieceTask, Segment> job;
    job.next = [&] { return pieces.next(); };
    job.make_worker = [&]() -> Result<std::unique_ptr<OrderedWorker<PieceTask, Segment>>> {
        // One thread does one thing at a time, and may do all on the same disk.
        auto own = threads == 1 ? disk : make_disk();
        if (!own)
            return fail(own.error());
        return std::make_unique<Digester>(std::move(*own), pool);
    };
    job.place = [&](Segment &segment) -> Result<void> {
        if (segment.digest)
            digest.add(segment.piece.offset, *segment.digest);
        progress.update(segment.piece.offset, size);
        return {};
    };
    if (auto done = run_ordered(job, threads); !done)
        return fail(done.error());
    return digest.finish();
}

}  // namespace imgport
