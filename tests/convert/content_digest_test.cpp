#include "convert/content_digest.hpp"

#include <gtest/gtest.h>

#include "support/digest.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using imgport::testing::MemoryDisk;

namespace {

constexpr std::size_t segment = 1 << 20;

Result<std::string> try_digest(Disk &disk)
{
    // The disk is the test's own.
    return digest_of([&] { return std::shared_ptr<Disk>(&disk, [](Disk *) {}); }, 1, silent_progress());
}

std::string digest(Disk &disk)
{
    return try_digest(disk).value();
}

// A disk that knows its holes, and fails the test where one is read.
class HoleyDisk final : public Disk {
public:
    std::uint64_t size() const override { return std::uint64_t{1} << 40; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        EXPECT_EQ(offset, 7 * segment);
        std::fill(out.begin(), out.end(), std::byte{'x'});
        return {};
    }
    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        if (offset > 0)
            return std::vector<Extent>{{offset, length, ExtentKind::hole}};
        return std::vector<Extent>{{0, 7 * segment, ExtentKind::zero},
                                   {7 * segment, segment, ExtentKind::data},
                                   {8 * segment, length - 8 * segment, ExtentKind::hole}};
    }
};

}  // namespace

// The same definition, computed by other programs: docs/content-digest.md.
TEST(ContentDigest, IsTheDocumentedOne)
{
    IMGPORT_NEEDS("python3");
    MemoryDisk disk(3 * segment + 1024);
    disk.put(segment + 5, "hello");
    disk.put(3 * segment, "tail");
    std::string const expected =
        imgport::testing::run_tool({"python3", "-c",
                                    "import hashlib,struct\n"
                                    "M=1<<20; d=bytearray(3*M+1024); d[M+5:M+10]=b'hello'; d[3*M:3*M+4]=b'tail'\n"
                                    "h=hashlib.sha256(b'imgport.content/1\\n'+struct.pack('<Q',len(d)))\n"
                                    "for i in range(0,len(d),M):\n"
                                    "  s=bytes(d[i:i+M])\n"
                                    "  if any(s): h.update(struct.pack('<Q',i//M)+hashlib.sha256(s).digest())\n"
                                    "print(h.hexdigest())"});
    EXPECT_EQ(digest(disk) + "\n", expected);
}

TEST(ContentDigest, DoesNotReadHolesAndEndsSoonOnATebibyte)
{
    HoleyDisk disk;
    EXPECT_EQ(digest(disk).size(), 64U);
}

TEST(ContentDigest, TellsApartOneByteOnePlaceAndOneSector)
{
    MemoryDisk a(4 * segment);
    MemoryDisk b(4 * segment);
    EXPECT_EQ(digest(a), digest(b));
    a.put(2 * segment, "x");
    EXPECT_NE(digest(a), digest(b));
    b.put(3 * segment, "x");
    EXPECT_NE(digest(a), digest(b));
    MemoryDisk longer(4 * segment + 512);
    longer.put(2 * segment, "x");
    EXPECT_NE(digest(a), digest(longer));
}

TEST(ContentDigest, TakesAnOddTailAsPaddedToASector)
{
    MemoryDisk odd(1000);
    odd.put(0, "x");
    MemoryDisk even(1024);
    even.put(0, "x");
    EXPECT_EQ(digest(odd), digest(even));
}

TEST(ContentDigest, OfAnEmptyDiskIsOne)
{
    MemoryDisk empty(0);
    EXPECT_EQ(digest(empty).size(), 64U);
}

TEST(ContentDigest, PassesAReadErrorOn)
{
    MemoryDisk disk(segment);
    disk.make_unreadable(10);
    EXPECT_EQ(try_digest(disk).error().code, ErrorCode::unreadable);
}
