// The first step: what opens a file, and what may not be decided by luck.
#include <imgport/image.hpp>

#include <sys/stat.h>

#include "format/image_builder.hpp"
#include "format/packages.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

// Enough of a footer to be one (Microsoft's specification, "Hard Disk Footer Format"): cookie, version, type fixed.
std::string vhd_footer()
{
    std::string footer(512, '\0');
    footer.replace(0, 8, "conectix");
    footer[13] = 1;
    footer[63] = 2;
    return footer;
}

std::string with_iso(std::string bytes)
{
    bytes.resize(std::max<std::size_t>(bytes.size(), 40960));
    bytes.replace(32768, 7,
                  std::string("\x01"
                              "CD001\x01"));
    return bytes;
}

void expect_two_formats(const std::string &bytes)
{
    Folder const folder;
    auto const facts = probe(folder.write("file", bytes));
    EXPECT_EQ(severity_of(facts, "two-formats"), "refuse");
    EXPECT_THAT(error_of(facts), HasSubstr("malformed: magic: two formats match at once"));
}

}  // namespace

TEST(Probe, AMissingFileIsUnreadable)
{
    auto const facts = probe("/nonexistent/disk.img");
    EXPECT_EQ(facts.path, "/nonexistent/disk.img");
    EXPECT_THAT(error_of(facts), HasSubstr("unreadable: cannot be opened"));
    EXPECT_EQ(facts.format, Format::unknown);
}

TEST(Probe, AFolderIsNoImage)
{
    Folder const folder;
    EXPECT_THAT(error_of(probe(folder.path())), HasSubstr("is a folder"));
}

TEST(Probe, AFifoDoesNotHang)
{
    Folder const folder;
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    EXPECT_THAT(error_of(probe(folder / "fifo")), HasSubstr("neither a regular file nor a block device"));
}

TEST(Probe, SizesAreThoseOfTheFile)
{
    Folder const folder;
    auto const facts = probe(folder.write("disk.img", mbr_disk()));
    EXPECT_EQ(facts.file_size, 1U << 20);
    EXPECT_EQ(facts.virtual_size, 1U << 20);
    EXPECT_GT(facts.allocated_size, 0U);
}

TEST(TwoFormats, Qcow2WithTheFooterOfAFixedVhd)
{
    expect_two_formats(empty_qcow2() + vhd_footer());
}

TEST(TwoFormats, Qcow2ThatIsAnIso)
{
    expect_two_formats(with_iso(empty_qcow2()));
}

TEST(TwoFormats, GzipWithTheFooterOfAFixedVhd)
{
    expect_two_formats(gzip(mbr_disk()) + vhd_footer());
}

TEST(TwoFormats, GzipThatIsAnIso)
{
    expect_two_formats(with_iso(gzip(mbr_disk())));
}

TEST(TwoFormats, TarThatIsADiskWithABootSector)
{
    std::string tar = TarBuilder().add("disk.img", mbr_disk()).bytes();
    // The partition table lies in the padding of the header, which the checksum covers.
    std::string const table = mbr_disk().substr(446, 66);
    unsigned sum = static_cast<unsigned>(std::stoul(tar.substr(148, 6), nullptr, 8));
    for (std::size_t i = 0; i < table.size(); ++i)
        sum += static_cast<unsigned char>(table[i]) - static_cast<unsigned char>(tar[446 + i]);
    tar.replace(446, 66, table);
    tar.replace(148, 6, fmt::format("{:06o}", sum));
    expect_two_formats(tar);
}

TEST(TwoFormats, InsideAWrapperToo)
{
    Folder const folder;
    auto const facts = probe(folder.write("file.gz", gzip(empty_qcow2() + vhd_footer())));
    EXPECT_EQ(severity_of(facts, "two-formats"), "refuse");
    EXPECT_EQ(facts.wrapped_in, std::vector<std::string>{"gzip"});
}

TEST(TwoFormats, AnIsoWithAPartitionTableIsOne)
{
    Folder const folder;
    std::string disk = with_iso(mbr_disk(std::size_t{1} << 20));
    auto const facts = probe(folder.write("hybrid.iso", disk));
    EXPECT_EQ(facts.format, Format::iso);
    EXPECT_EQ(facts.hazard("two-formats"), nullptr);
}
