// QEMU is the oracle: what qemu-img writes is clean to our readers, and has the size that qemu-img says.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "format/container.hpp"
#include "format/file_container.hpp"
#include "format/image_builder.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

// A disk with data here and there, the last sector included, whose size is no round number.
std::string make_source(const Folder &folder)
{
    std::string text((20 << 20) + 3 * 512, '\0');
    std::uint32_t state = 1;
    for (std::size_t at = 0; at + 5000 < text.size(); at += 700'000) {
        for (std::size_t i = 0; i < 5000; ++i) {
            state = state * 1664525 + 1013904223;
            text[at + i] = static_cast<char>(state >> 24);
        }
    }
    text.back() = 'x';
    return folder.write("source.raw", text);
}

struct Case {
    const FormatReader &reader;
    std::string driver;
    std::string options;  // of -o
    std::string variant;
    std::string hazards = "";
    std::string more = "";  // another option of qemu-img convert
};

std::uint64_t size_by_qemu(const std::string &file, const std::string &driver)
{
    auto const text = run_tool({"qemu-img", "info", "--output=json", "-f", driver, file});
    auto const json = nlohmann::json::parse(text, nullptr, false);
    return json.is_object() ? json.value("virtual-size", std::uint64_t{0}) : 0;
}

ImageFacts read_file(const FormatReader &reader, const std::string &file, const AllowedFiles &allowed = {})
{
    auto input = InputFile::open(file);
    EXPECT_TRUE(input);
    FileContainer container(std::move(*input));
    EXPECT_TRUE(reader.recognise(container)) << file;
    return facts_of(reader, container, allowed);
}

const std::vector<Case> &cases()
{
    static const std::vector<Case> all{
        {qcow2_reader, "qcow2", "", "v3"},
        {qcow2_reader, "qcow2", "compat=0.10", "v2"},
        {qcow2_reader, "qcow2", "cluster_size=512", "v3"},
        {qcow2_reader, "qcow2", "cluster_size=2M", "v3"},
        {qcow2_reader, "qcow2", "refcount_bits=1", "v3"},
        {qcow2_reader, "qcow2", "refcount_bits=64", "v3"},
        {qcow2_reader, "qcow2", "preallocation=metadata", "v3"},
        {qcow2_reader, "qcow2", "preallocation=full", "v3"},
        {qcow2_reader, "qcow2", "extended_l2=on,cluster_size=128k", "v3", "extended-l2 note"},
        {qcow2_reader, "qcow2", "", "v3", "", "-c"},
        {qcow2_reader, "qcow2", "cluster_size=512", "v3", "", "-c"},
        {qcow2_reader, "qcow2", "cluster_size=2M", "v3", "", "-c"},
        {qcow2_reader, "qcow2", "compression_type=zstd", "v3", "zstd note", "-c"},
        {vhd_reader, "vpc", "", "dynamic"},
        {vhd_reader, "vpc", "force_size=on", "dynamic"},
        {vhd_reader, "vpc", "subformat=fixed", "fixed"},
        {vhd_reader, "vpc", "subformat=fixed,force_size=on", "fixed"},
        {vmdk_reader, "vmdk", "", "monolithicSparse"},
        {vmdk_reader, "vmdk", "subformat=streamOptimized", "streamOptimized"},
        {vmdk_reader, "vmdk", "subformat=monolithicFlat", "monolithicFlat", "extent-file note"},
        {vmdk_reader, "vmdk", "subformat=twoGbMaxExtentSparse", "twoGbMaxExtentSparse", "extent-file note"},
        {vmdk_reader, "vmdk", "subformat=twoGbMaxExtentFlat", "twoGbMaxExtentFlat", "extent-file note"},
        {vhdx_reader, "vhdx", "", "dynamic"},
        {vhdx_reader, "vhdx", "subformat=fixed", "fixed"},
        {vhdx_reader, "vhdx", "block_size=256M", "dynamic"},
        {vdi_reader, "vdi", "", "dynamic"},
        {vdi_reader, "vdi", "static=on", "fixed"},
        {qcow_reader, "qcow", "", "v1"},
        {qed_reader, "qed", "", ""},
        {parallels_reader, "parallels", "", "extended"},
    };
    return all;
}

}  // namespace

TEST(ReadersAgainstQemuImg, WhatItConvertsIsCleanAndHasItsSize)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    std::string const source = make_source(folder);
    for (std::size_t i = 0; i < cases().size(); ++i) {
        Case const &one = cases()[i];
        SCOPED_TRACE(one.driver + " " + one.options + " " + one.more);
        std::string const name = fmt::format("image{}", i);
        std::vector<std::string> command{"qemu-img", "convert", "-f", "raw", "-O", one.driver};
        if (!one.options.empty())
            command.insert(command.end(), {"-o", one.options});
        if (!one.more.empty())
            command.push_back(one.more);
        command.insert(command.end(), {source, folder / name});
        run_tool(command);
        AllowedFiles const allowed{{}, {name + "-flat", name + "-s001", name + "-f001"}};
        auto const facts = read_file(one.reader, folder / name, allowed);
        EXPECT_EQ(error_of(facts), "");
        EXPECT_EQ(hazards_of(facts), one.hazards);
        EXPECT_EQ(facts.variant, one.variant);
        EXPECT_EQ(facts.virtual_size, size_by_qemu(folder / name, one.driver));
    }
}

TEST(ReadersAgainstQemuImg, LargeEmptyDisksCostNothing)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    struct Large {
        const FormatReader &reader;
        const char *driver;
        const char *size;
    };
    for (auto const &[reader, driver, size] :
         {Large{qcow2_reader, "qcow2", "60T"}, Large{vhd_reader, "vpc", "2000G"}, Large{vmdk_reader, "vmdk", "60T"},
          Large{vhdx_reader, "vhdx", "60T"}, Large{vdi_reader, "vdi", "8T"}}) {
        run_tool({"qemu-img", "create", "-q", "-f", driver, folder / driver, size});
        auto const facts = read_file(reader, folder / driver);
        expect_clean(facts);
        EXPECT_EQ(facts.virtual_size, size_by_qemu(folder / driver, driver)) << driver;
    }
}

TEST(ReadersAgainstQemuImg, WhatLeadsElsewhereIsRefused)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    run_tool({"qemu-img", "create", "-q", "-f", "qcow2", folder / "base", "10M"});
    struct Linked {
        const FormatReader &reader;
        std::string arguments;
        std::string hazard;
    };
    for (auto const &[reader, arguments, hazard] :
         {Linked{qcow2_reader, "-f qcow2 -b base -F qcow2 a 10M", "backing-file"},
          Linked{qed_reader, "-f qed -b base -F qcow2 a 10M", "backing-file"},
          Linked{qcow_reader, "-f qcow -b base -F qcow2 a 10M", "backing-file"},
          Linked{vmdk_reader, "-f vmdk -b v -F vmdk a", "missing-parent"},
          Linked{qcow2_reader, "-f qcow2 -o data_file=d a 10M", "external-data-file"},
          Linked{qcow2_reader,
                 "--object secret,id=s,data=abc -f qcow2 -o "
                 "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 a 10M",
                 "encrypted"}}) {
        run_shell("cd '" + folder.path() + "' && rm -f a v && qemu-img create -q -f vmdk v 10M && qemu-img create -q " +
                  arguments);
        auto const facts = read_file(reader, folder / "a");
        EXPECT_EQ(severity_of(facts, hazard), "refuse") << arguments;
        EXPECT_EQ(error_of(facts), "") << arguments;
    }
}

TEST(ReadersAgainstQemuImg, SnapshotsAndBitmapsAreRead)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    run_shell("cd '" + folder.path() +
              "' && qemu-img create -q -f qcow2 a 10M && qemu-img snapshot -c one a && "
              "qemu-img snapshot -c two a && qemu-img bitmap --add a b0");
    auto const facts = read_file(qcow2_reader, folder / "a");
    EXPECT_EQ(error_of(facts), "");
    EXPECT_EQ(hazards_of(facts), "snapshots warn");
    EXPECT_EQ(facts.details.qcow2->snapshots, 2U);
}

TEST(ReadersAgainstQemuImg, AFileCutInHalfIsNoticed)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    std::string const source = make_source(folder);
    for (auto const &one : cases()) {
        if (one.driver == "qcow" || one.driver == "qed" || one.driver == "parallels" || !one.hazards.empty() ||
            one.options.starts_with("preallocation"))
            continue;
        SCOPED_TRACE(one.driver + " " + one.options + " " + one.more);
        run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O " + one.driver + " " + one.more +
                  (one.options.empty() ? "" : " -o " + one.options) +
                  " source.raw a && truncate -s $(($(stat -c %s a) / 2)) a");
        auto input = InputFile::open(folder / "a");
        ASSERT_TRUE(input);
        FileContainer container(std::move(*input));
        // A fixed VHD without its footer is no VHD any more.
        if (one.variant == "fixed" && one.driver == "vpc")
            EXPECT_FALSE(one.reader.recognise(container));
        else
            EXPECT_NE(error_of(facts_of(one.reader, container)), "");
    }
}
