#include "format/deflate_measure.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "format/compress.hpp"

using namespace imgport;

namespace {

constexpr std::size_t window = 4096;
constexpr std::size_t cluster = 65536;

struct Settings {
    int window_bits = 12;
    int level = 6;
    int strategy = Z_DEFAULT_STRATEGY;
};

std::vector<std::byte> packed_by_zlib(Bytes bytes, const Settings &settings)
{
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, settings.level, Z_DEFLATED, -settings.window_bits, 9, settings.strategy), Z_OK);
    std::vector<std::byte> out(bytes.size() + 1000);
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

// The judge: zlib with a window of 4 KiB that is drained in steps of 64 bytes, so that it must really look at it.
std::optional<DeflateMeasure> measure_by_zlib(Bytes packed, std::size_t most)
{
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, -12), Z_OK);
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::array<Bytef, 64> step{};
    int result = Z_OK;
    while (result == Z_OK) {
        stream.next_out = step.data();
        stream.avail_out = step.size();
        result = inflate(&stream, Z_NO_FLUSH);
    }
    DeflateMeasure const measure{packed.size() - stream.avail_in, stream.total_out};
    inflateEnd(&stream);
    return result == Z_STREAM_END && measure.unpacked <= most ? std::optional(measure) : std::nullopt;
}

// Text-like, noisy, repetitive and mixed clusters.
std::vector<std::byte> cluster_of(unsigned seed)
{
    std::minstd_rand random(seed);
    std::vector<std::byte> bytes(cluster);
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::size_t const length = std::min<std::size_t>(random() % 5000 + 1, bytes.size() - at);
        unsigned const kind = random() % 4;
        std::size_t const back = random() % 30000 + 1;
        for (std::size_t i = 0; i < length; ++i, ++at) {
            if (kind == 0)
                bytes[at] = static_cast<std::byte>(random() >> 8);
            else if (kind == 1)
                bytes[at] = static_cast<std::byte>("etaoin shrdlu\n"[random() % 14]);
            else if (kind == 2 && at >= back)
                bytes[at] = bytes[at - back];
            else
                bytes[at] = std::byte{0};
        }
    }
    return bytes;
}

void expect_as_zlib(Bytes packed, const char *what, unsigned seed)
{
    auto const ours = measure_deflate(packed, cluster, window);
    auto const theirs = measure_by_zlib(packed, cluster);
    ASSERT_EQ(ours.has_value(), theirs.has_value()) << what << ", seed " << seed;
    if (!ours)
        return;
    EXPECT_EQ(ours->packed, theirs->packed) << what << ", seed " << seed;
    EXPECT_EQ(ours->unpacked, theirs->unpacked) << what << ", seed " << seed;
}

}  // namespace

TEST(DeflateMeasure, AgreesWithZlibOnEveryKindOfBlock)
{
    unsigned refused = 0;
    for (unsigned seed = 1; seed <= 60; ++seed) {
        auto const bytes = cluster_of(seed);
        for (auto const &settings : {Settings{}, Settings{12, 1}, Settings{12, 9}, Settings{12, 0},
                                     Settings{12, 6, Z_FIXED}, Settings{12, 6, Z_HUFFMAN_ONLY}, Settings{12, 6, Z_RLE},
                                     Settings{15, 6}, Settings{15, 9, Z_FIXED}, Settings{13, 6}}) {
            auto packed = packed_by_zlib(bytes, settings);
            refused += measure_deflate(packed, cluster, window) ? 0 : 1;
            expect_as_zlib(packed, "whole", seed);
            // What follows the stream is not part of it.
            packed.resize(packed.size() + 300, std::byte{0xa5});
            expect_as_zlib(packed, "with a tail", seed);
        }
    }
    EXPECT_GT(refused, 50U) << "windows of 8 and 32 KiB reach too far";
}

TEST(DeflateMeasure, AgreesWithZlibOnDamage)
{
    std::minstd_rand random(5);
    for (unsigned seed = 1; seed <= 2000; ++seed) {
        auto packed = packed_by_zlib(cluster_of(seed % 10), {12, 6, seed % 5 == 0 ? Z_FIXED : Z_DEFAULT_STRATEGY});
        for (unsigned damage = random() % 3; damage < 3; ++damage)
            packed[(random() >> 4) % (seed % 2 == 0 ? 100 : packed.size())] ^=
                static_cast<std::byte>(1 << random() % 8);
        if (seed % 7 == 0)
            packed.resize(random() % packed.size());
        expect_as_zlib(packed, "damaged", seed);
    }
    for (unsigned seed = 1; seed <= 5000; ++seed) {
        std::vector<std::byte> noise(random() % 200 + 1);
        for (auto &byte : noise)
            byte = static_cast<std::byte>(random() >> 8);
        expect_as_zlib(noise, "noise", seed);
    }
}

TEST(DeflateMeasure, OfNothingIsNothing)
{
    EXPECT_FALSE(measure_deflate({}, cluster, window));
    std::vector<std::byte> const empty = packed_by_zlib({}, {});
    auto const measure = measure_deflate(empty, cluster, window);
    ASSERT_TRUE(measure);
    EXPECT_EQ(measure->unpacked, 0U);
    EXPECT_EQ(measure->packed, empty.size());
}

TEST(DeflateMeasure, RefusesWhatIsLongerThanAsked)
{
    auto const packed = packed_by_zlib(cluster_of(3), {});
    EXPECT_TRUE(measure_deflate(packed, cluster, window));
    EXPECT_FALSE(measure_deflate(packed, cluster - 1, window));
    auto const stored = packed_by_zlib(cluster_of(3), {12, 0});
    EXPECT_FALSE(measure_deflate(stored, cluster - 1, window));
}

TEST(Compressors, KeepToTheWindowAndMakeTheSameBytesEachTime)
{
    for (auto const compression : {Compression::fast, Compression::small}) {
        auto const one = std::move(*make_compressor(compression));
        auto const other = std::move(*make_compressor(compression));
        std::vector<std::byte> out(cluster);
        std::vector<std::byte> again(cluster);
        for (unsigned seed = 1; seed <= 40; ++seed) {
            auto const bytes = cluster_of(seed);
            std::size_t const made = one->compress(bytes, out);
            if (made == 0)
                continue;
            Bytes const packed = std::span(out).first(made);
            auto const measure = measure_by_zlib(packed, cluster);
            ASSERT_TRUE(measure) << compressor_name(compression) << ", seed " << seed;
            EXPECT_EQ(measure->packed, made);
            EXPECT_EQ(measure->unpacked, cluster);
            if (seed % 2 != 0)
                continue;  // so the other one has seen something else before
            ASSERT_EQ(other->compress(bytes, again), made);
            EXPECT_TRUE(std::equal(packed.begin(), packed.end(), again.begin()));
        }
    }
}

// ISA-L looks at the address of its own state (format/isal_stream.hpp): each of these has another one.
TEST(Compressors, MakeTheSameBytesWhereverTheyLie)
{
    std::vector<std::vector<std::byte>> clusters;
    for (unsigned seed = 1; seed <= 100; ++seed) {
        std::minstd_rand random(seed);
        std::vector<std::byte> bytes(cluster);
        // Short patterns, each repeated for a while: what the table of hashes says of a place in them decides at which
        // distance it is found again.
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            std::size_t const into = at % 512;
            std::size_t const period = std::size_t{8} << at / 512 % 3;
            bytes[at] = into < period ? static_cast<std::byte>(random() >> 8) : bytes[at - period];
        }
        clusters.push_back(std::move(bytes));
    }
    std::vector<std::unique_ptr<Compressor>> compressors;
    std::vector<std::vector<std::byte>> expected;
    std::vector<std::byte> out(cluster);
    unsigned different = 0;
    for (unsigned i = 0; i < 100; ++i) {
        compressors.push_back(std::move(*make_compressor(Compression::fast)));
        for (std::size_t n = 0; n < clusters.size(); ++n) {
            std::size_t const made = compressors.back()->compress(clusters[n], out);
            std::vector<std::byte> packed(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(made));
            if (i == 0)
                expected.push_back(std::move(packed));
            else
                different += packed == expected[n] ? 0 : 1;
        }
    }
    EXPECT_EQ(different, 0U);
}

TEST(Compressors, SayThatNoiseDoesNotFit)
{
    std::minstd_rand random(1);
    std::vector<std::byte> noise(cluster);
    for (auto &byte : noise)
        byte = static_cast<std::byte>(random() >> 8);
    std::vector<std::byte> out(cluster - 512);
    for (auto const compression : {Compression::fast, Compression::small, Compression::zstd})
        EXPECT_EQ(std::move(*make_compressor(compression))->compress(noise, out), 0U) << compressor_name(compression);
}
