// Images inside wrappers, good ones and hostile ones.
#include <imgport/image.hpp>

#include "format/archive.hpp"
#include "format/packed.hpp"
#include "format/stream_container.hpp"
#include "format/wrapper.hpp"

#include "format/image_builder.hpp"
#include "format/packages.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

ImageFacts probe_text_as_file(const std::string &bytes, const ProbeOptions &options = {},
                              const std::string &name = "file")
{
    Folder const folder;
    return probe(folder.write(name, bytes), options);
}

// What goes through a shell command, as xz and the like.
std::string piped(const std::string &bytes, const std::string &command)
{
    Folder const folder;
    folder.write("in", bytes);
    run_shell(command + " < '" + (folder / "in") + "' > '" + (folder / "out") + "'");
    return folder.read("out");
}

}  // namespace

// -------------------------------------------------------------------------------------------------- one stream

TEST(Compressed, GzipIsLookedInto)
{
    auto const facts = probe_text_as_file(gzip(mbr_disk()));
    EXPECT_EQ(facts.format, Format::raw);
    EXPECT_EQ(facts.virtual_size, 1U << 20);
    EXPECT_THAT(facts.wrapped_in, ElementsAre("gzip"));
    EXPECT_EQ(facts.details.content, "mbr");
    expect_clean(facts);
}

TEST(Compressed, EachKindOfCompressionIsLookedInto)
{
    struct Kind {
        std::string program, layer;
    };
    for (auto const &kind : {Kind{"xz", "xz"}, Kind{"bzip2", "bzip2"}, Kind{"zstd", "zstd"}}) {
        IMGPORT_NEEDS(kind.program);
        auto const facts = probe_text_as_file(piped(empty_qcow2(), kind.program + " -c"));
        EXPECT_EQ(facts.format, Format::qcow2) << kind.program;
        EXPECT_EQ(facts.virtual_size, 1U << 20) << kind.program;
        EXPECT_THAT(facts.wrapped_in, ElementsAre(kind.layer));
        EXPECT_EQ(error_of(facts), "") << kind.program;
    }
}

TEST(Compressed, NothingInsideIsNoDisk)
{
    IMGPORT_NEEDS("xz", "bzip2", "zstd");
    EXPECT_THAT(error_of(probe_text_as_file(gzip(""))), HasSubstr("0 bytes"));
    for (std::string const program : {"xz", "bzip2", "zstd"})
        EXPECT_THAT(error_of(probe_text_as_file(piped("", program + " -c"))), HasSubstr("0 bytes")) << program;
}

TEST(Compressed, ContentDecidesAndNotTheName)
{
    auto const raw = probe_text_as_file(mbr_disk(), {}, "disk.img.gz");
    EXPECT_THAT(raw.wrapped_in, IsEmpty());
    EXPECT_EQ(raw.format, Format::raw);
    auto const packed = probe_text_as_file(gzip(mbr_disk()), {}, "disk.img");
    EXPECT_THAT(packed.wrapped_in, ElementsAre("gzip"));
}

TEST(Compressed, SeveralGzipMembersAreOneStream)
{
    std::string const disk = mbr_disk();
    auto const facts = probe_text_as_file(gzip(disk.substr(0, 4096)) + gzip(disk.substr(4096)));
    EXPECT_EQ(facts.virtual_size, disk.size());
    expect_clean(facts);
}

TEST(Compressed, PaddingBehindGzipIsNoError)
{
    expect_clean(probe_text_as_file(gzip(mbr_disk()) + std::string(700, '\0')));
}

TEST(Compressed, TruncatedGzipIsAnErrorAndKeepsTheFormat)
{
    std::string packed = gzip(empty_qcow2());
    auto const facts = probe_text_as_file(packed.substr(0, packed.size() - 9));
    EXPECT_EQ(facts.format, Format::qcow2);
    EXPECT_THAT(error_of(facts), HasSubstr("ends too early"));
}

TEST(Compressed, WrongChecksumOfGzipIsAnError)
{
    std::string packed = gzip(mbr_disk());
    packed[packed.size() - 8] = static_cast<char>(packed[packed.size() - 8] ^ 1);
    EXPECT_THAT(error_of(probe_text_as_file(packed)), HasSubstr("incorrect data check"));
}

TEST(Compressed, TruncatedStreamsOfTheOtherKindsAreErrors)
{
    IMGPORT_NEEDS("xz", "bzip2", "zstd");
    for (std::string const program : {"xz", "bzip2", "zstd"}) {
        std::string const packed = piped(mbr_disk(), program + " -c");
        EXPECT_THAT(error_of(probe_text_as_file(packed.substr(0, packed.size() - 5))), HasSubstr("malformed"))
            << program;
    }
}

TEST(Compressed, XzDictionaryOfManyGigabytesIsRefused)
{
    IMGPORT_NEEDS("xz");
    // The dictionary size lies in the filter flags of the block header (.xz format 1.1, 5.3.1): 40 means 4 GiB - 1.
    std::string packed = piped(mbr_disk(), "xz -c --check=none");
    constexpr std::size_t properties = 12 + 4;
    ASSERT_EQ(packed.substr(14, 2), std::string("\x21\x01", 2));
    packed[properties] = 40;
    auto const header_size = static_cast<std::size_t>((static_cast<unsigned char>(packed[12]) + 1) * 4);
    auto const crc =
        ::crc32(0, reinterpret_cast<const Bytef *>(packed.data()) + 12, static_cast<uInt>(header_size - 4));
    for (std::size_t i = 0; i < 4; ++i)
        packed[12 + header_size - 4 + i] = static_cast<char>(crc >> (8 * i) & 0xff);
    auto const facts = probe_text_as_file(packed);
    EXPECT_THAT(error_of(facts), HasSubstr("of memory"));
}

TEST(Compressed, MoreThanEightLayersAreABomb)
{
    std::string packed = mbr_disk(4096);
    for (int i = 0; i < 8; ++i)
        packed = gzip(packed);
    auto const eight = probe_text_as_file(packed);
    EXPECT_EQ(error_of(eight), "");
    EXPECT_EQ(eight.wrapped_in.size(), 8U);
    EXPECT_THAT(error_of(probe_text_as_file(gzip(packed))), HasSubstr("more than 8 wrappers"));
}

TEST(Compressed, ABombIsReadUpToTheBoundAndNoFurther)
{
    ProbeOptions options;
    options.max_stream_bytes = std::uint64_t{1} << 20;
    auto const facts = probe_text_as_file(gzip(mbr_disk(std::size_t{16} << 20)), options);
    EXPECT_EQ(severity_of(facts, "not-read-to-end"), "note");
    EXPECT_EQ(facts.virtual_size, std::nullopt);
    EXPECT_EQ(facts.format, Format::raw);
    EXPECT_FALSE(facts.refused());
}

TEST(Compressed, TimeIsABoundAsWell)
{
    ProbeOptions options;
    options.max_stream_seconds = 0;
    auto const facts = probe_text_as_file(gzip(mbr_disk()), options);
    EXPECT_EQ(severity_of(facts, "not-read-to-end"), "note");
}

TEST(Compressed, UnsupportedArchiversAreNamed)
{
    auto const facts = probe_text_as_file("7z\xbc\xaf\x27\x1c" + std::string(100, '\1'));
    EXPECT_EQ(facts.format, Format::archive);
    EXPECT_THAT(facts.wrapped_in, ElementsAre("7z"));
    EXPECT_THAT(error_of(facts), HasSubstr("refused: 7z is not supported"));
    EXPECT_THAT(error_of(probe_text_as_file("LZIP\x01" + std::string(100, '\1'))), HasSubstr("lzip is not supported"));
}

TEST(Compressed, FixedVhdInsideIsFoundByItsFooter)
{
    // The cookie, the version and the type of the disk suffice to recognise it; the rest is another reader's test.
    std::string footer(512, '\0');
    footer.replace(0, 8, "conectix");
    footer[13] = 1;
    EXPECT_EQ(probe_text_as_file(gzip(mbr_disk() + footer)).format, Format::vhd);
}

// ------------------------------------------------------------------------------------------------ stream container

namespace {

// Data and holes as they are told.
class ScriptedStream final : public ByteStream {
public:
    explicit ScriptedStream(std::vector<std::pair<char, std::uint64_t>> pieces) : m_pieces(std::move(pieces)) {}
    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (m_next == m_pieces.size())
            return 0;
        auto &[letter, left] = m_pieces[m_next];
        auto const length = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left));
        std::fill_n(out.begin(), length, static_cast<std::byte>(letter));
        left -= length;
        m_next += left == 0 ? 1 : 0;
        return length;
    }
    Result<std::uint64_t> skip_hole() override
    {
        if (m_next == m_pieces.size() || m_pieces[m_next].first != 0)
            return 0;
        return m_pieces[m_next++].second;
    }

private:
    std::vector<std::pair<char, std::uint64_t>> m_pieces;
    std::size_t m_next = 0;
};

}  // namespace

TEST(StreamContainer, KeepsHeadAndTailAndNotWhatLiesBetween)
{
    constexpr std::uint64_t mib = 1 << 20;
    ScriptedStream stream({{'a', 3}, {'b', 20 * mib}, {'c', 100}});
    auto budget = Budget::unlimited();
    StreamContainer container;
    ASSERT_TRUE(container.fill(stream, budget));
    EXPECT_EQ(container.size(), 20 * mib + 103);
    EXPECT_EQ(text_of(container.read(0, 4).value()), "aaab");
    EXPECT_EQ(text_of(container.read(20 * mib + 2, 2).value()), "bc");
    EXPECT_EQ(text_of(container.read(20 * mib + 102, 1).value()), "c");
    EXPECT_TRUE(container.has(8 * mib - 1, 1));
    EXPECT_FALSE(container.has(8 * mib, 1));
    EXPECT_FALSE(container.has(10 * mib, 1));
    EXPECT_EQ(container.read(10 * mib, 1).error().code, ErrorCode::unreadable);
    EXPECT_EQ(container.read(30 * mib, 1).error().code, ErrorCode::malformed);
    EXPECT_FALSE(container.has(UINT64_MAX, 2));
}

TEST(StreamContainer, AHoleOfPetabytesCostsNothing)
{
    constexpr std::uint64_t petabyte = std::uint64_t{1} << 50;
    ScriptedStream stream({{'a', 3}, {0, petabyte}, {'c', 10}, {0, petabyte}, {'d', 1}});
    auto budget = Budget::unlimited();
    StreamContainer container;
    ASSERT_TRUE(container.fill(stream, budget));
    EXPECT_EQ(container.size(), 2 * petabyte + 14);
    EXPECT_EQ(text_of(container.read(2 * petabyte + 12, 2).value()), std::string_view("\0d", 2));
    EXPECT_EQ(text_of(container.read(2, 3).value()), std::string_view("a\0\0", 3));
}

TEST(StreamContainer, HeadAndTailMeetInASmallStream)
{
    constexpr std::uint64_t size = (std::uint64_t{8} << 20) + 1000;
    ScriptedStream stream({{'a', size - 1}, {'z', 1}});
    auto budget = Budget::unlimited();
    StreamContainer container;
    ASSERT_TRUE(container.fill(stream, budget));
    auto const all = container.read(0, size);
    ASSERT_TRUE(all);
    EXPECT_EQ(text_of(*all), std::string(size - 1, 'a') + "z");
}

// ---------------------------------------------------------------------------------------------------- archives

TEST(Archive, TheOnlyMemberIsTheDiskWhateverItIs)
{
    for (auto const &bytes : {TarBuilder().add("folder/", "", '5').add("folder/disk", empty_qcow2()).bytes(),
                              ZipBuilder().add("folder/disk", empty_qcow2()).bytes()}) {
        auto const facts = probe_text_as_file(bytes);
        EXPECT_EQ(facts.format, Format::qcow2);
        EXPECT_EQ(facts.member, "folder/disk");
        EXPECT_EQ(facts.virtual_size, 1U << 20);
        expect_clean(facts);
    }
}

TEST(Archive, LayersAreNamedFromTheOutsideIn)
{
    auto const facts = probe_text_as_file(gzip(TarBuilder().add("disk.img", mbr_disk()).bytes()));
    EXPECT_THAT(facts.wrapped_in, ElementsAre("gzip", "tar"));
    EXPECT_EQ(facts.format, Format::raw);
}

TEST(Archive, OneDiskAmongOtherFilesIsTheDisk)
{
    auto const facts = probe_text_as_file(
        ZipBuilder().add("README.txt", "read me").add("disk.img", mbr_disk()).add("sums", "abc").bytes());
    EXPECT_EQ(facts.format, Format::raw);
    EXPECT_EQ(facts.member, "disk.img");
    EXPECT_EQ(severity_of(facts, "other-members"), "note");
    ASSERT_EQ(facts.details.members.size(), 3U);
    EXPECT_EQ(facts.details.members[0].format, Format::unknown);
    EXPECT_EQ(facts.details.members[1].format, Format::raw);
}

TEST(Archive, SeveralDisksAreAnArchive)
{
    auto const facts = probe_text_as_file(TarBuilder().add("a.img", mbr_disk()).add("b.qcow2", empty_qcow2()).bytes());
    EXPECT_EQ(facts.format, Format::archive);
    EXPECT_THAT(facts.wrapped_in, ElementsAre("tar"));
    EXPECT_EQ(facts.member, std::nullopt);
}

TEST(Archive, NoDiskIsAnArchive)
{
    EXPECT_EQ(probe_text_as_file(ZipBuilder().bytes()).format, Format::archive);
    auto const texts = probe_text_as_file(ZipBuilder().add("a.txt", "a").add("b.img", "b").bytes());
    EXPECT_EQ(texts.format, Format::archive) << "a disk has 512 bytes at least";
    EXPECT_FALSE(texts.refused());
}

TEST(Archive, WhatMacOsKeepsBesideTheFilesDoesNotCount)
{
    auto const facts = probe_text_as_file(
        ZipBuilder().add("disk.img", mbr_disk()).add("__MACOSX/._disk.img", std::string(600, 'x')).bytes());
    EXPECT_EQ(facts.format, Format::raw);
    EXPECT_EQ(facts.member, "disk.img");
    expect_clean(facts);
}

TEST(Archive, NestedArchivesNameThePathThroughThem)
{
    auto const facts = probe_text_as_file(
        ZipBuilder().add("outer/inner.tar", TarBuilder().add("disk.img", gzip(mbr_disk())).bytes()).bytes());
    EXPECT_EQ(facts.format, Format::raw);
    EXPECT_EQ(facts.member, "outer/inner.tar!/disk.img");
    EXPECT_THAT(facts.wrapped_in, ElementsAre("zip", "tar", "gzip"));
}

TEST(Archive, NamesThatLeaveTheArchiveAreRefused)
{
    for (std::string const name : {"../disk.img", "a/../../disk.img", "/disk.img", "..\\disk.img", "C:\\disk.img"}) {
        auto const facts = probe_text_as_file(TarBuilder().add(name, mbr_disk()).bytes());
        EXPECT_EQ(severity_of(facts, "unsafe-member"), "refuse") << name;
        EXPECT_EQ(facts.format, Format::archive) << name;
    }
    EXPECT_EQ(severity_of(probe_text_as_file(ZipBuilder().add("../x", "x").bytes()), "unsafe-member"), "refuse");
}

TEST(Archive, LinksAndDevicesAreRefused)
{
    struct Kind {
        char type;
        std::string name;
    };
    for (auto const &kind : {Kind{'1', "hard link"}, Kind{'2', "symbolic link"}, Kind{'3', "character device"},
                             Kind{'4', "block device"}, Kind{'6', "FIFO"}}) {
        auto const facts =
            probe_text_as_file(TarBuilder().add("disk.img", mbr_disk()).add("x", "", kind.type, "/etc/passwd").bytes());
        EXPECT_EQ(severity_of(facts, "unsafe-member"), "refuse") << kind.name;
    }
    EXPECT_EQ(
        severity_of(probe_text_as_file(ZipBuilder().add("x", "/etc/passwd", 0, 0, 0120777).bytes()), "unsafe-member"),
        "refuse");
}

TEST(Archive, NamesThatComeTwiceAreRefused)
{
    auto const facts = probe_text_as_file(TarBuilder().add("disk.img", mbr_disk()).add("./disk.img", "other").bytes());
    EXPECT_EQ(severity_of(facts, "duplicate-member"), "refuse");
    auto const folders =
        probe_text_as_file(TarBuilder().add("a/", "", '5').add("a/", "", '5').add("a/disk.img", mbr_disk()).bytes());
    expect_clean(folders);
}

TEST(Archive, EncryptedMembersAreRefused)
{
    auto const facts = probe_text_as_file(ZipBuilder().add("disk.img", mbr_disk(), 1).bytes());
    EXPECT_EQ(severity_of(facts, "encrypted"), "refuse");
    EXPECT_EQ(facts.format, Format::archive);
}

TEST(Archive, UnsupportedMethodsAreSaidToBe)
{
    auto const facts = probe_text_as_file(ZipBuilder().add("disk.img", mbr_disk(), 0, 9).bytes());
    EXPECT_EQ(facts.format, Format::archive);
    EXPECT_THAT(error_of(facts), HasSubstr("refused: zip: Unsupported ZIP compression method (9"));
}

TEST(Archive, AWrongChecksumInAZipIsAnError)
{
    std::string bytes = ZipBuilder().add("disk.img", empty_qcow2()).bytes();
    bytes[100000] = static_cast<char>(bytes[100000] ^ 1);
    auto const facts = probe_text_as_file(bytes);
    EXPECT_EQ(facts.format, Format::qcow2);
    EXPECT_THAT(error_of(facts), HasSubstr("CRC"));
}

TEST(Archive, ATruncatedArchiveIsAnError)
{
    std::string const tar = TarBuilder().add("disk.img", empty_qcow2()).bytes();
    EXPECT_THAT(error_of(probe_text_as_file(tar.substr(0, 100000))), HasSubstr("malformed: tar:"));
    std::string const zip = ZipBuilder().add("disk.img", empty_qcow2()).bytes();
    EXPECT_THAT(error_of(probe_text_as_file(zip.substr(0, 100000))), HasSubstr("malformed"));
}

TEST(Archive, NamesInUtf8SurviveAnyLocale)
{
    IMGPORT_NEEDS("tar");
    Folder const folder;
    folder.write("磁盘.img", mbr_disk());
    run_shell("cd '" + folder.path() + "' && tar --format=pax -cf a.tar 磁盘.img");
    auto const tar = probe(folder / "a.tar");
    EXPECT_EQ(tar.member, "磁盘.img");
    constexpr unsigned utf8_flag = 1U << 11;
    EXPECT_EQ(probe_text_as_file(ZipBuilder().add("磁盘.img", mbr_disk(), utf8_flag).bytes()).member, "磁盘.img");
}

TEST(Archive, SparseMembersAreReadWithoutTheirHoles)
{
    IMGPORT_NEEDS("tar", "truncate");
    Folder const folder;
    folder.write("disk.img", mbr_disk());
    for (std::string const format : {"gnu", "pax"}) {
        run_shell("cd '" + folder.path() + "' && truncate -s 1T disk.img && tar -S --format=" + format +
                  " -cf a.tar disk.img");
        auto const facts = probe(folder / "a.tar");
        EXPECT_EQ(facts.format, Format::raw);
        EXPECT_EQ(facts.virtual_size, std::uint64_t{1} << 40) << format;
        EXPECT_EQ(facts.hazard("not-read-to-end"), nullptr) << format;
    }
}

TEST(Archive, HeadsOfTheMembersAreSeenPastTheBound)
{
    ProbeOptions options;
    options.max_stream_bytes = std::uint64_t{1} << 20;
    auto const facts = probe_text_as_file(
        TarBuilder().add("a.txt", std::string(std::size_t{3} << 20, 'a')).add("b.qcow2", empty_qcow2()).bytes(),
        options);
    EXPECT_EQ(facts.format, Format::qcow2);
    EXPECT_EQ(facts.member, "b.qcow2");
    EXPECT_EQ(severity_of(facts, "not-read-to-end"), "note");
}

TEST(Archive, ARawMemberHasItsSizeFromTheArchivePastTheBound)
{
    ProbeOptions options;
    options.max_stream_bytes = std::uint64_t{1} << 20;
    auto const facts =
        probe_text_as_file(TarBuilder().add("disk.img", mbr_disk(std::size_t{9} << 20)).bytes(), options);
    EXPECT_EQ(facts.virtual_size, std::uint64_t{9} << 20);
}

TEST(Archive, TarOfTheOldKindIsKnownByItsChecksum)
{
    std::string bytes = TarBuilder().add("disk.img", mbr_disk()).bytes();
    // Without magic and version, the checksum made to fit.
    unsigned removed = 0;
    for (std::size_t i = 257; i < 265; ++i)
        removed += static_cast<unsigned char>(bytes[i]);
    bytes.replace(257, 8, 8, '\0');
    unsigned const sum = static_cast<unsigned>(std::stoul(bytes.substr(148, 6), nullptr, 8)) - removed;
    bytes.replace(148, 6, fmt::format("{:06o}", sum));
    EXPECT_THAT(probe_text_as_file(bytes).wrapped_in, ElementsAre("tar"));
    bytes[0] = 'D';
    EXPECT_THAT(probe_text_as_file(bytes).wrapped_in, IsEmpty()) << "the checksum does not fit any more";
}

TEST(Archive, MoreMembersThanAnyExportHasAreRefused)
{
    TarBuilder tar;
    for (int i = 0; i <= 10000; ++i)
        tar.add(fmt::format("f{}", i), "");
    EXPECT_THAT(error_of(probe_text_as_file(tar.bytes())), HasSubstr("more than 10000 members"));
}

TEST(Archive, ADirectoryOfMillionsIsNotLoaded)
{
    // Empty members: 46 bytes of directory each, of which libarchive would keep some 300.
    std::string entry = "PK\x01\x02" + std::string(42, '\0');
    std::string directory;
    for (int i = 0; i < 200000; ++i)
        directory += entry;
    std::string bytes = "PK\x03\x04" + std::string(26, '\0') + directory;
    std::string end = "PK\x05\x06" + std::string(18, '\0');
    for (std::size_t i = 0; i < 4; ++i) {
        end[12 + i] = static_cast<char>(directory.size() >> (8 * i) & 0xff);
        end[16 + i] = static_cast<char>(30U >> (8 * i) & 0xff);
    }
    EXPECT_THAT(error_of(probe_text_as_file(bytes + end)), HasSubstr("headers of more than 4 MiB"));
}

TEST(Archive, ASparseMapOfMillionsIsNotLoaded)
{
    // GNU tar's "PAX Format, Version 1.0" puts the map before the data: a count, then offset and length of each piece.
    std::string map = "2000000\n";
    for (int i = 0; i < 2000000; ++i)
        map += "0\n0\n";
    std::string const attributes = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n27 GNU.sparse.name=disk.img\n"
                                   "31 GNU.sparse.realsize=1048576\n";
    auto const facts = probe_text_as_file(TarBuilder().add("pax", attributes, 'x').add("sparse", map).bytes());
    EXPECT_TRUE(facts.refused());
    EXPECT_THAT(error_of(facts), HasSubstr("headers of more than 4 MiB"));
}

TEST(MemberNames, AreMadeComparable)
{
    EXPECT_EQ(normal_name("./a//b/./c"), "a/b/c");
    EXPECT_TRUE(is_safe_name("a..b/c"));
    EXPECT_FALSE(is_safe_name(""));
    EXPECT_FALSE(is_safe_name(std::string(5000, 'a')));
    EXPECT_EQ(beside("folder/vm.ovf", "disk.vmdk"), "folder/disk.vmdk");
    EXPECT_EQ(beside("vm.ovf", "./disk.vmdk"), "disk.vmdk");
}

TEST(Archive, AnyByteOfATarHeaderGetsAnAnswer)
{
    std::string const good = TarBuilder().add("disk.img", mbr_disk(4096)).bytes();
    for (std::size_t offset = 0; offset < 512; ++offset) {
        for (char const value : {'7', '\xff'}) {
            std::string bytes = good;
            bytes[offset] = value;
            auto const facts = probe_text_as_file(bytes);
            EXPECT_TRUE(facts.refused() || facts.format != Format::unknown) << offset;
        }
    }
}

TEST(Archive, AnyByteOfAZipGetsAnAnswer)
{
    std::string const good = ZipBuilder().add("disk.img", "0123456789").bytes();
    for (std::size_t offset = 0; offset < good.size(); ++offset) {
        for (char const value : {'\0', '\1', '\x7f', '\xff'}) {
            std::string bytes = good;
            bytes[offset] = value;
            auto const facts = probe_text_as_file(bytes);
            EXPECT_TRUE(facts.refused() || facts.format != Format::unknown) << offset;
        }
    }
}
