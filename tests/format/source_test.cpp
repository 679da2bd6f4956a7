// Images made ready to be opened: what QEMU reads of them is what went in.
#include "format/source.hpp"

#include <cstdlib>
#include <filesystem>

#include "format/image_builder.hpp"
#include "format/packages.hpp"
#include "support/subprocess.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

// 12 MiB: a partition table, text here and there, much of nothing.
std::string sample_disk()
{
    std::string disk = mbr_disk(std::size_t{12} << 20);
    for (std::size_t i = 0; i < 300000; ++i)
        disk[(std::size_t{1} << 20) + i] = static_cast<char>(i * 7 + i / 251);
    disk.replace((std::size_t{7} << 20) + 5000, 5, "hello");
    disk.replace(disk.size() - 4, 4, "last");
    return disk;
}

Result<Source> open_source(const std::string &path, const SourceOptions &options = {})
{
    return Source::open(path, probe(path, {options.allowed}), options, silent_progress());
}

std::string error_text(const Result<Source> &source)
{
    return source ? "opened" : std::string(to_string(source.error().code)) + ": " + describe(source.error());
}

// Reads it all by its extents: holes must be holes, and no byte may be left out.
std::string contents(Disk &disk)
{
    std::string text(disk.size(), '\0');
    auto const extents = disk.extents(0, disk.size());
    EXPECT_TRUE(extents);
    std::uint64_t at = 0;
    for (auto const &extent : extents.value_or(std::vector<Extent>{})) {
        EXPECT_EQ(extent.offset, at);
        at = extent.offset + extent.length;
        if (extent.kind != ExtentKind::data)
            continue;
        auto const piece = std::as_writable_bytes(std::span(text)).subspan(extent.offset, extent.length);
        auto const done = disk.read(extent.offset, piece);
        EXPECT_TRUE(done) << done.error().message;
    }
    EXPECT_EQ(at, disk.size());
    return text;
}

// Says "same" rather than printing megabytes.
std::string compared(const std::string &actual, const std::string &expected)
{
    if (actual == expected)
        return "same";
    return actual.size() == expected.size() ? "other bytes" : fmt::format("{} bytes", actual.size());
}

std::string disk_against(const Result<Source> &source, const std::string &expected)
{
    if (!source)
        return error_text(source);
    auto const disk = open_disk(*source, "");
    if (!disk)
        return describe(disk.error());
    return compared(contents(**disk), expected);
}

std::string disk_against(const std::string &path, const std::string &expected, const SourceOptions &options = {})
{
    return disk_against(open_source(path, options), expected);
}

std::size_t files_in(const std::string &folder)
{
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST(Source, EveryFormatGivesTheSameDisk)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    Folder const folder;
    std::string const disk = sample_disk();
    folder.write("disk.raw", disk);
    EXPECT_EQ(disk_against(folder / "disk.raw", disk), "same");
    struct Target {
        std::string format, options;
    };
    for (auto const &target :
         {Target{"qcow2", "compat=1.1"}, Target{"qcow2", "compat=0.10"}, Target{"vpc", "force_size=on"},
          Target{"vpc", "subformat=fixed,force_size=on"}, Target{"vmdk", "subformat=monolithicSparse"},
          Target{"vmdk", "subformat=streamOptimized"}, Target{"vhdx", "subformat=dynamic"},
          Target{"vhdx", "subformat=fixed"}, Target{"vdi", "static=off"}, Target{"qcow", ""}, Target{"qed", ""},
          Target{"parallels", ""}}) {
        std::string const name = folder / "image";
        run_shell("qemu-img convert -f raw -O " + target.format +
                  (target.options.empty() ? "" : " -o " + target.options) + " '" + (folder / "disk.raw") + "' '" +
                  name + "'");
        EXPECT_EQ(disk_against(name, disk), "same") << target.format << " " << target.options;
        std::filesystem::remove(name);
    }
}

TEST(Source, QemuImgReadsTheName)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    std::string const disk = sample_disk();
    folder.write("disk.raw", disk);
    run_shell("cd '" + folder.path() +
              "' && qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on disk.raw a.vhd");
    auto const source = open_source(folder / "a.vhd");
    ASSERT_TRUE(source) << error_text(source);
    EXPECT_THAT(source->qemu_name(), ::testing::StartsWith("json:{"));
    Command command;
    command.arguments = {"qemu-img", "convert", "-O", "raw", source->qemu_name(), folder / "out"};
    command.keep_fds = source->fds();
    auto const result = run(command);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 0) << result->err;
    EXPECT_EQ(compared(folder.read("out"), disk), "same");
}

TEST(Source, WrappedImagesAreUnpackedWithTheirHoles)
{
    IMGPORT_NEEDS("xz", "zstd");
    Folder const folder;
    std::string const disk = sample_disk();
    folder.write("disk.raw", disk);
    run_shell("cd '" + folder.path() + "' && xz -0 -k disk.raw && zstd -q -k disk.raw");
    folder.write("disk.raw.gz", gzip(disk));
    folder.write("disk.zip", ZipBuilder().add("a.txt", "text").add("disk.raw", disk).bytes());
    folder.write("disk.tar.gz", gzip(TarBuilder().add("disk.raw.gz", gzip(disk)).bytes()));
    folder.write("nested.zip", ZipBuilder().add("in.tar", TarBuilder().add("disk.raw", disk).bytes()).bytes());
    for (std::string const name :
         {"disk.raw.xz", "disk.raw.zst", "disk.raw.gz", "disk.zip", "disk.tar.gz", "nested.zip"}) {
        auto const source = open_source(folder / name);
        ASSERT_TRUE(source) << name << ": " << error_text(source);
        EXPECT_EQ(disk_against(source, disk), "same") << name;
        EXPECT_EQ(source->facts().path, folder / name);
        EXPECT_FALSE(source->facts().wrapped_in.empty());
        EXPECT_LT(source->facts().allocated_size, std::uint64_t{1} << 20) << name << ": holes were written";
    }
}

TEST(Source, UnpackingLeavesNothingBehind)
{
    Folder const folder;
    Folder const temp;
    folder.write("disk.gz", gzip(sample_disk()));
    {
        auto const source = open_source(folder / "disk.gz", {{}, temp.path(), 0});
        ASSERT_TRUE(source) << error_text(source);
        EXPECT_EQ(files_in(temp.path()), 0U) << "the copy has no name";
    }
    EXPECT_EQ(files_in(temp.path()), 0U);
}

TEST(Source, SparseTarMembersKeepTheirHoles)
{
    IMGPORT_NEEDS("tar", "truncate");
    Folder const folder;
    folder.write("disk.img", mbr_disk());
    run_shell("cd '" + folder.path() + "' && truncate -s 100G disk.img && tar -S -cf a.tar disk.img");
    auto const source = open_source(folder / "a.tar");
    ASSERT_TRUE(source) << error_text(source);
    EXPECT_EQ(source->facts().virtual_size, std::uint64_t{100} << 30);
    EXPECT_LT(source->facts().allocated_size, std::uint64_t{1} << 20);
}

TEST(Source, MoreThanAllowedIsNotUnpacked)
{
    Folder const folder;
    folder.write("disk.gz", gzip(std::string(std::size_t{4} << 20, 'x')));
    EXPECT_THAT(error_text(open_source(folder / "disk.gz", {{}, "", std::uint64_t{1} << 20})),
                HasSubstr("refused: " + (folder / "disk.gz") + ": unpacks to more than 1 MiB"));
    // Zeroes take no room, and yet time: a bomb is made of them.
    folder.write("zero.gz", gzip(mbr_disk(std::size_t{4} << 20)));
    EXPECT_THAT(error_text(open_source(folder / "zero.gz", {{}, "", std::uint64_t{1} << 20})), HasSubstr("refused"));
    EXPECT_EQ(error_text(open_source(folder / "zero.gz", {{}, "", std::uint64_t{4} << 20})), "opened");
}

TEST(Source, AnInterruptEndsTheUnpacking)
{
    Folder const folder;
    std::string const path = folder.write("disk.tar", TarBuilder().add("disk.img", sample_disk()).bytes());
    auto const facts = probe(path);
    // The flag is for the whole process: another one raises it.
    EXPECT_EXIT(
        {
            request_interrupt();
            auto const source = Source::open(path, facts, {}, silent_progress());
            std::exit(!source && source.error().code == ErrorCode::interrupted ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
}

TEST(Source, DisksOfAnOvaAreChosenByMember)
{
    Folder const folder;
    std::string const system = sample_disk();
    std::string const data = mbr_disk(std::size_t{2} << 20);
    OvfBuilder ovf;
    ovf.disks = {{"system.img", 12}, {"data.img.gz", 2}};
    std::string const packed = gzip(data);
    std::string const manifest = sum_line("SHA256", "system.img", system) + sum_line("SHA512", "data.img.gz", packed);
    std::string const path = folder.write("vm.ova", TarBuilder()
                                                        .add("vm.ovf", ovf.text())
                                                        .add("system.img", system)
                                                        .add("data.img.gz", packed)
                                                        .add("vm.mf", manifest)
                                                        .bytes());
    auto facts = probe(path);
    EXPECT_EQ(facts.member, "system.img");
    EXPECT_EQ(disk_against(Source::open(path, facts, {}, silent_progress()), system), "same");
    facts.member = "data.img.gz";
    auto const source = Source::open(path, facts, {}, silent_progress());
    EXPECT_EQ(disk_against(source, data), "same");
    EXPECT_EQ(source->facts().format, Format::raw);
    facts.member = "nothing.img";
    EXPECT_THAT(error_text(Source::open(path, facts, {}, silent_progress())), HasSubstr("holds no 'nothing.img'"));
}

TEST(Source, ASumThatDoesNotFitIsFoundWhileUnpacking)
{
    Folder const folder;
    std::string const disk = mbr_disk();
    std::string const path = folder.write("vm.ova", TarBuilder()
                                                        .add("vm.ovf", OvfBuilder{{{"disk.img"}}}.text())
                                                        .add("vm.mf", sum_line("SHA256", "disk.img", "another"))
                                                        .add("disk.img", disk)
                                                        .bytes());
    auto facts = probe(path);
    EXPECT_TRUE(facts.refused());
    // As if the disk had been too large for probe() to read to its end.
    facts.hazards.clear();
    auto const text = error_text(Source::open(path, facts, {}, silent_progress()));
    EXPECT_THAT(text, HasSubstr("malformed"));
    EXPECT_THAT(text, HasSubstr(hex_digest("SHA256", bytes_of(disk))));
    EXPECT_THAT(text, HasSubstr(hex_digest("SHA256", bytes_of("another"))));
}

TEST(Source, UnsafeMembersBehindTheDiskAreFoundWhileUnpacking)
{
    Folder const folder;
    std::string const path = folder.write("a.tar", TarBuilder().add("disk.img", mbr_disk()).add("../x", "x").bytes());
    auto facts = probe(path);
    facts.hazards.clear();
    EXPECT_THAT(error_text(Source::open(path, facts, {}, silent_progress())), HasSubstr("leaves the archive"));
}

TEST(Source, WhatTheUnpackedImageLeadsToIsRefused)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("base.raw", mbr_disk());
    run_shell("cd '" + folder.path() + "' && qemu-img create -q -f qcow2 -b base.raw -F raw top.qcow2");
    folder.write("top.gz", gzip(folder.read("top.qcow2")));
    auto facts = probe(folder / "top.gz");
    EXPECT_TRUE(facts.refused());
    facts.hazards.clear();
    EXPECT_THAT(error_text(Source::open(folder / "top.gz", facts, {}, silent_progress())), HasSubstr("refused"));
}

TEST(Source, ArchivesAndDescriptorsAreNoDisks)
{
    Folder const folder;
    folder.write("a.tar", TarBuilder().add("a.img", mbr_disk()).add("b.img", mbr_disk()).bytes());
    EXPECT_THAT(error_text(open_source(folder / "a.tar")), HasSubstr("holds no single disk"));
    folder.write("vm.ovf", OvfBuilder{{{"disk.img"}}}.text());
    EXPECT_THAT(error_text(open_source(folder / "vm.ovf")), HasSubstr("only the descriptor of a machine"));
}

TEST(Source, ABackingChainIsFollowedAsFarAsItIsAllowed)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    Folder const folder;
    std::string disk = sample_disk();
    folder.write("base.raw", disk);
    run_shell("cd '" + folder.path() +
              "' && qemu-img create -q -f qcow2 -b base.raw -F raw middle.qcow2"
              " && qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2"
              " && qemu-io -f qcow2 -c 'write -P 65 2M 4k' middle.qcow2 >/dev/null"
              " && qemu-io -f qcow2 -c 'write -P 66 3M 4k' top.qcow2 >/dev/null");
    disk.replace(std::size_t{2} << 20, 4096, std::string(4096, 'A'));
    disk.replace(std::size_t{3} << 20, 4096, std::string(4096, 'B'));
    SourceOptions options;
    EXPECT_THAT(error_text(open_source(folder / "top.qcow2", options)), HasSubstr("--allow-backing"));
    options.allowed.backing = {"middle.qcow2"};
    EXPECT_THAT(error_text(open_source(folder / "top.qcow2", options)), HasSubstr("base.raw"));
    options.allowed.backing = {"middle.qcow2", "base.raw"};
    EXPECT_EQ(disk_against(folder / "top.qcow2", disk, options), "same");
}

TEST(Source, ABackingFileThatIsALinkIsNotFollowed)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("real.raw", mbr_disk());
    std::filesystem::create_symlink(folder / "real.raw", folder / "base.raw");
    run_shell("cd '" + folder.path() + "' && qemu-img create -q -f qcow2 -b base.raw -F raw top.qcow2");
    SourceOptions options;
    options.allowed.backing = {"base.raw"};
    EXPECT_THAT(error_text(open_source(folder / "top.qcow2", options)), HasSubstr("unreadable"));
}

TEST(Source, ABackingLoopIsRefused)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    run_shell("cd '" + folder.path() +
              "' && qemu-img create -q -f qcow2 -u -b b.qcow2 -F qcow2 a.qcow2 1M"
              " && qemu-img create -q -f qcow2 -u -b a.qcow2 -F qcow2 b.qcow2 1M");
    SourceOptions options;
    options.allowed.backing = {"a.qcow2", "b.qcow2"};
    EXPECT_THAT(error_text(open_source(folder / "a.qcow2", options)), HasSubstr("is a loop"));
}

TEST(Source, AChainOfNineBackingFilesIsRefused)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    SourceOptions options;
    std::string script = "cd '" + folder.path() + "' && qemu-img create -q -f qcow2 0.qcow2 1M";
    for (int i = 1; i <= 9; ++i) {
        script += fmt::format(" && qemu-img create -q -f qcow2 -u -b {}.qcow2 -F qcow2 {}.qcow2 1M", i - 1, i);
        options.allowed.backing.push_back(fmt::format("{}.qcow2", i - 1));
    }
    run_shell(script);
    EXPECT_EQ(error_text(open_source(folder / "8.qcow2", options)), "opened");
    EXPECT_THAT(error_text(open_source(folder / "9.qcow2", options)), HasSubstr("longer than 8"));
}

TEST(Source, ABackingFileOfAnotherFormatThanTheHeaderSaysIsRefused)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    // The guest of a raw disk has written the header of a QCOW2 to it.
    folder.write("base.raw", empty_qcow2());
    run_shell("cd '" + folder.path() + "' && qemu-img create -q -f qcow2 -b base.raw -F raw top.qcow2");
    SourceOptions options;
    options.allowed.backing = {"base.raw"};
    EXPECT_THAT(error_text(open_source(folder / "top.qcow2", options)), HasSubstr("the image on top of it says raw"));
}

TEST(Source, ExtentsOfAVmdkAreReadWhereTheyAreAllowed)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    std::string const disk = sample_disk();
    for (std::string const subformat : {"monolithicFlat", "twoGbMaxExtentFlat", "twoGbMaxExtentSparse"}) {
        Folder const folder;
        folder.write("disk.raw", disk);
        run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O vmdk -o subformat=" + subformat +
                  " disk.raw disk.vmdk");
        EXPECT_THAT(error_text(open_source(folder / "disk.vmdk")), HasSubstr("--allow-extent")) << subformat;
        SourceOptions options;
        options.allowed.extents = {"disk-flat.vmdk", "disk-f001.vmdk", "disk-s001.vmdk"};
        EXPECT_EQ(disk_against(folder / "disk.vmdk", disk, options), "same") << subformat;
    }
}

TEST(Source, AnExtentThatIsALinkIsNotFollowed)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("disk.raw", mbr_disk());
    run_shell("cd '" + folder.path() +
              "' && qemu-img convert -f raw -O vmdk -o subformat=monolithicFlat disk.raw "
              "disk.vmdk && mv disk-flat.vmdk real && ln -s real disk-flat.vmdk");
    SourceOptions options;
    options.allowed.extents = {"disk-flat.vmdk"};
    EXPECT_NE(error_text(open_source(folder / "disk.vmdk", options)), "opened");
}

TEST(Source, ASparseExtentIsReadByUsBeforeQemuGetsIt)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("disk.raw", sample_disk());
    run_shell("cd '" + folder.path() +
              "' && qemu-img convert -f raw -O vmdk -o subformat=twoGbMaxExtentSparse disk.raw "
              "disk.vmdk");
    SourceOptions options;
    options.allowed.extents = {"disk-s001.vmdk"};
    ASSERT_EQ(error_text(open_source(folder / "disk.vmdk", options)), "opened");
    patch_file(folder / "disk-s001.vmdk", 12, std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8));  // capacity
    EXPECT_NE(error_text(open_source(folder / "disk.vmdk", options)), "opened");
}

TEST(Source, AFileThatWasReplacedSinceTheProbeIsNotTaken)
{
    Folder const folder;
    std::string const path = folder.write("disk", mbr_disk());
    auto const facts = probe(path);
    folder.write("disk", empty_qcow2());
    EXPECT_THAT(error_text(Source::open(path, facts, {}, silent_progress())), HasSubstr("was raw, and is qcow2 now"));
}

TEST(Source, AFileThatChangesIsFoundOut)
{
    Folder const folder;
    std::string const path = folder.write("disk", mbr_disk());
    auto const source = open_source(path);
    ASSERT_TRUE(source) << error_text(source);
    EXPECT_TRUE(source->check_unchanged());
    patch_file(path, 600, "changed");
    EXPECT_FALSE(source->check_unchanged());
}

TEST(Source, APendingLogIsReplayedInAPrivateCopy)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd", "bzip2");
    const char *const corpus = std::getenv("IMGPORT_CORPUS");
    std::string const packed =
        std::string(corpus != nullptr ? corpus : "") + "/qemu-iotests/iotest-dirtylog-10G-4M.vhdx.bz2";
    if (corpus == nullptr || !std::filesystem::exists(packed))
        GTEST_SKIP() << "no image with a pending log: IMGPORT_CORPUS names no folder that has one";
    Folder const folder;
    run_shell("bzip2 -dc '" + packed + "' > '" + (folder / "disk.vhdx") + "'");
    std::string const before = folder.read("disk.vhdx");
    for (auto const &path : {packed, folder / "disk.vhdx"}) {
        EXPECT_TRUE(probe(path).details.vhdx->log_pending);
        auto const source = open_source(path);
        ASSERT_TRUE(source) << error_text(source);
        EXPECT_FALSE(source->facts().details.vhdx->log_pending);
        EXPECT_TRUE(source->check_unchanged());
        auto const disk = open_disk(*source, "");
        ASSERT_TRUE(disk) << disk.error().message;
        EXPECT_EQ((*disk)->size(), std::uint64_t{10} << 30);
    }
    EXPECT_EQ(compared(folder.read("disk.vhdx"), before), "same");
}

TEST(RawDisk, HolesAreFoundAndReadsStayInside)
{
    IMGPORT_NEEDS("truncate");
    Folder const folder;
    folder.write("disk", mbr_disk());
    run_shell("truncate -s 1G '" + (folder / "disk") + "'");
    auto const source = open_source(folder / "disk");
    ASSERT_TRUE(source) << error_text(source);
    auto const disk = open_disk(*source, "");
    ASSERT_TRUE(disk);
    auto const extents = (*disk)->extents(0, std::uint64_t{1} << 30);
    ASSERT_TRUE(extents);
    EXPECT_EQ(extents->back().kind, ExtentKind::hole);
    std::array<std::byte, 10> buffer{};
    EXPECT_FALSE((*disk)->read((std::uint64_t{1} << 30) - 5, buffer));
    EXPECT_FALSE((*disk)->read(UINT64_MAX, buffer));
    EXPECT_FALSE((*disk)->extents(UINT64_MAX, 2));
}

TEST(DiskServer, ServesSeveralAtOnceAndLeavesNothingBehind)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    Folder const folder;
    Folder const temp;
    std::string const disk = sample_disk();
    folder.write("disk.raw", disk);
    auto const source = open_source(folder / "disk.raw");
    ASSERT_TRUE(source) << error_text(source);
    {
        auto server = DiskServer::start(*source, temp.path());
        ASSERT_TRUE(server) << server.error().message;
        auto const one = server->disk();
        auto const two = server->disk();
        ASSERT_TRUE(one && two);
        EXPECT_EQ(compared(contents(**one), disk), "same");
        EXPECT_EQ(compared(contents(**two), disk), "same");
        run_shell("qemu-img compare -f raw -F raw '" + (folder / "disk.raw") +
                  "' 'nbd+unix:///?socket=" + server->socket() + "'");
    }
    EXPECT_EQ(files_in(temp.path()), 0U);
}

TEST(DiskServer, ADiskOutlivesTheServerObject)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    Folder const folder;
    std::string const disk = sample_disk();
    folder.write("disk.raw", disk);
    auto const source = open_source(folder / "disk.raw");
    ASSERT_TRUE(source) << error_text(source);
    std::shared_ptr<Disk> kept;
    {
        auto server = DiskServer::start(*source, "");
        ASSERT_TRUE(server) << server.error().message;
        kept = server->disk().value();
    }
    EXPECT_EQ(compared(contents(*kept), disk), "same");
}

TEST(DiskServer, WhatQemuCannotOpenIsSaidToBe)
{
    IMGPORT_NEEDS("qemu-nbd");
    Folder const folder;
    std::string const path = folder.write("disk.qcow2", empty_qcow2());
    auto const source = open_source(path);
    ASSERT_TRUE(source) << error_text(source);
    patch_file(path, 0, "none");  // behind our back, so that QEMU refuses it
    auto const disk = open_qemu_disk(*source, "");
    ASSERT_FALSE(disk);
    EXPECT_THAT(disk.error().message, HasSubstr("qemu-nbd cannot open it"));
}

TEST(DiskServer, AFolderTooLongForASocketIsSaidToBe)
{
    Folder const folder;
    std::string const deep = folder / std::string(100, 'a');
    std::filesystem::create_directory(deep);
    auto const source = open_source(folder.write("disk", mbr_disk()));
    ASSERT_TRUE(source) << error_text(source);
    auto const server = DiskServer::start(*source, deep);
    ASSERT_FALSE(server);
    EXPECT_THAT(server.error().message, HasSubstr("too long for a socket"));
}
