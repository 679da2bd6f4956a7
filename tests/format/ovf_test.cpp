// OVF descriptors and packages, good ones and hostile ones.
#include "format/ovf.hpp"

#include <imgport/image.hpp>

#include "format/image_builder.hpp"
#include "format/ovf_units.hpp"
#include "format/packages.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

ImageFacts probe_bytes(const std::string &bytes, const std::string &name = "file")
{
    Folder const folder;
    return probe(folder.write(name, bytes));
}

ImageFacts read(const std::string &text)
{
    ImageFacts facts;
    if (auto const done = read_ovf(text, facts); !done)
        set_error(facts, done.error());
    return facts;
}

std::vector<std::string> files_of(const ImageFacts &facts)
{
    std::vector<std::string> files;
    for (auto const &disk : facts.details.ovf->disks)
        files.push_back(disk.file);
    return files;
}

std::string replaced(std::string text, const std::string &what, const std::string &with)
{
    auto const at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
}

OvfBuilder one_disk()
{
    OvfBuilder ovf;
    ovf.disks = {{"disk.img"}};
    return ovf;
}

}  // namespace

TEST(OvfUnits, AreMultipliedOut)
{
    EXPECT_EQ(bytes_per_unit("byte"), 1U);
    EXPECT_EQ(bytes_per_unit("byte * 2^30"), 1U << 30);
    EXPECT_EQ(bytes_per_unit("byte*2^20"), 1U << 20);
    EXPECT_EQ(bytes_per_unit("byte * 1024 * 1024"), 1U << 20);
    EXPECT_EQ(bytes_per_unit("byte * 10^9"), 1000000000U);
    EXPECT_EQ(bytes_per_unit("GigaBytes"), 1U << 30);
    for (std::string const bad : {"", "bit", "byte * 2^64", "byte * 2^99999999999", "byte * -1", "byte ^ 2", "byte * "})
        EXPECT_EQ(bytes_per_unit(bad), std::nullopt) << bad;
}

TEST(OvfReference, IsDecodedAsFarAsItCanBe)
{
    EXPECT_EQ(decode_href("my%20disk.vmdk"), "my disk.vmdk");
    EXPECT_EQ(decode_href("url%24encoded%a-1.vmdk"), "url$encoded%a-1.vmdk");
    EXPECT_EQ(decode_href("100%"), "100%");
    EXPECT_EQ(decode_href("%2"), "%2");
}

TEST(Ovf, TellsNameFirmwareAndDisks)
{
    OvfBuilder ovf;
    ovf.disks = {{"a.vmdk", 40}, {"b.vmdk", 50}};
    ovf.firmware = "efi";
    auto const facts = read(ovf.text());
    expect_clean(facts);
    auto const &details = *facts.details.ovf;
    EXPECT_EQ(details.name, "machine");
    EXPECT_EQ(details.firmware, "efi");
    ASSERT_EQ(details.disks.size(), 2U);
    EXPECT_EQ(details.disks[0].file, "a.vmdk");
    EXPECT_EQ(details.disks[0].capacity, std::uint64_t{40} << 20);
    EXPECT_TRUE(details.disks[0].bootable);
    EXPECT_FALSE(details.disks[1].bootable);
}

TEST(Ovf, DisksAreOrderedByAddressAndNotByTheirPlaceInTheText)
{
    OvfBuilder ovf;
    ovf.disks = {{"a.vmdk"}, {"b.vmdk"}};
    std::string text = replaced(ovf.text(), "<rasd:AddressOnParent>0<", "<rasd:AddressOnParent>7<");
    EXPECT_THAT(files_of(read(text)), ElementsAre("b.vmdk", "a.vmdk"));
}

TEST(Ovf, IdeComesBeforeSataAndSataBeforeScsi)
{
    OvfBuilder ovf;
    ovf.disks = {{"scsi.vmdk"}, {"sata.vmdk"}, {"ide.vmdk"}};
    ovf.extra_items = "<Item><rasd:Address>0</rasd:Address><rasd:InstanceID>4</rasd:InstanceID>"
                      "<rasd:ResourceType>20</rasd:ResourceType></Item>"
                      "<Item><rasd:Address>0</rasd:Address><rasd:InstanceID>5</rasd:InstanceID>"
                      "<rasd:ResourceType>5</rasd:ResourceType></Item>";
    std::string text = ovf.text();
    text = replaced(text, "<rasd:InstanceID>11</rasd:InstanceID><rasd:Parent>3<",
                    "<rasd:InstanceID>11</rasd:InstanceID><rasd:Parent>4<");
    text = replaced(text, "<rasd:InstanceID>12</rasd:InstanceID><rasd:Parent>3<",
                    "<rasd:InstanceID>12</rasd:InstanceID><rasd:Parent>5<");
    EXPECT_THAT(files_of(read(text)), ElementsAre("ide.vmdk", "sata.vmdk", "scsi.vmdk"));
}

TEST(Ovf, TheBootOrderOfOvftoolCounts)
{
    OvfBuilder ovf;
    ovf.disks = {{"a.vmdk"}, {"b.vmdk"}};
    ovf.extra_sections = R"(<vmw:BootOrderSection vmw:instanceId="99" vmw:type="cdrom"/>)"
                         R"(<vmw:BootOrderSection vmw:instanceId="11" vmw:type="disk"/>)";
    auto const facts = read(ovf.text());
    EXPECT_THAT(files_of(facts), ElementsAre("b.vmdk", "a.vmdk"));
    EXPECT_TRUE(facts.details.ovf->disks[0].bootable);
}

TEST(Ovf, AnEmptyDiskDoesNotBoot)
{
    OvfBuilder ovf;
    ovf.disks = {{"a.vmdk"}, {"b.vmdk"}};
    auto const facts = read(replaced(ovf.text(), R"(ovf:fileRef="file0")", ""));
    EXPECT_THAT(files_of(facts), ElementsAre("b.vmdk", ""));
    EXPECT_TRUE(facts.details.ovf->disks[0].bootable);
}

TEST(Ovf, FirmwareOfVirtualBoxIsRead)
{
    OvfBuilder ovf = one_disk();
    ovf.firmware = "";
    ovf.extra_sections = R"(<vbox:Machine xmlns:vbox="http://www.virtualbox.org/ovf/machine"><Hardware>)"
                         R"(<Firmware type="EFI64"/></Hardware></vbox:Machine>)";
    EXPECT_EQ(read(ovf.text()).details.ovf->firmware, "efi");
}

TEST(Ovf, CapacityChosenAtDeploymentIsNotKnown)
{
    auto const facts = read(replaced(one_disk().text(), R"(ovf:capacity="1")", R"(ovf:capacity="${disk.size}")"));
    expect_clean(facts);
    EXPECT_EQ(facts.details.ovf->disks[0].capacity, 0U);
}

TEST(OvfHostile, DeltaDisksAreRefused)
{
    OvfBuilder ovf = one_disk();
    ovf.disk_attributes = R"(ovf:parentRef="base")";
    EXPECT_EQ(severity_of(read(ovf.text()), "missing-parent"), "refuse");
}

TEST(OvfHostile, FilesOutsideOfThePackageAreRefused)
{
    for (std::string const name : {"../disk.vmdk", "%2e%2e/disk.vmdk", "/etc/passwd", "http://host/disk.vmdk",
                                   "file:disk.vmdk", "a/%2E./../../b", "..%5cdisk.vmdk"}) {
        OvfBuilder ovf;
        ovf.disks = {{name}};
        EXPECT_EQ(severity_of(read(ovf.text()), "unsafe-member"), "refuse") << name;
    }
    OvfBuilder ovf;
    ovf.disks = {{"subdir/disk.vmdk"}};
    expect_clean(read(ovf.text()));
}

TEST(OvfHostile, SizesThatAreNoneAreMalformed)
{
    for (std::string const size : {"-1", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e3",
                                   "0x10", "18446744073709551616"}) {
        OvfBuilder ovf = one_disk();
        ovf.file_attributes = "ovf:size=\"" + size + "\"";
        EXPECT_THAT(error_of(read(ovf.text())), HasSubstr("malformed: File/size: line 5: " + size)) << size;
        EXPECT_THAT(error_of(read(replaced(one_disk().text(), R"(ovf:capacity="1")", "ovf:capacity=\"" + size + "\""))),
                    HasSubstr("malformed: Disk/capacity: line 6: " + size))
            << size;
    }
}

TEST(OvfHostile, CapacityTimesUnitsOverflows)
{
    auto const facts = read(replaced(one_disk().text(), R"(ovf:capacity="1")", R"(ovf:capacity="17592186044417")"));
    EXPECT_THAT(error_of(facts), HasSubstr("Disk/capacity"));
}

TEST(OvfHostile, ReferencesToNothingAreMalformed)
{
    EXPECT_THAT(error_of(read(replaced(one_disk().text(), R"(ovf:fileRef="file0")", R"(ovf:fileRef="nope")"))),
                HasSubstr("Disk/fileRef: line 6: there is no file with the id 'nope'"));
    EXPECT_THAT(error_of(read(replaced(one_disk().text(), "ovf:/disk/disk0", "ovf:/disk/nope"))),
                HasSubstr("Item/HostResource: ovf:/disk/nope does not exist"));
}

TEST(OvfHostile, IdsThatComeTwiceAreMalformed)
{
    OvfBuilder ovf;
    ovf.disks = {{"a"}, {"b"}};
    EXPECT_THAT(error_of(read(replaced(ovf.text(), R"(ovf:id="file1")", R"(ovf:id="file0")"))),
                HasSubstr("two files have the id 'file0'"));
    EXPECT_THAT(error_of(read(replaced(ovf.text(), R"(ovf:diskId="disk1")", R"(ovf:diskId="disk0")"))),
                HasSubstr("two disks have the id 'disk0'"));
}

TEST(OvfHostile, FilesInChunksAreSaidToBeUnsupported)
{
    OvfBuilder ovf = one_disk();
    ovf.file_attributes = R"(ovf:chunkSize="7516192768")";
    EXPECT_THAT(error_of(read(ovf.text())), HasSubstr("File/chunkSize"));
}

TEST(OvfHostile, SeveralMachinesAreRefused)
{
    std::string const text = replaced(one_disk().text(), "</VirtualSystem>",
                                      "</VirtualSystem><VirtualSystemCollection><VirtualSystem ovf:id=\"two\"/>"
                                      "</VirtualSystemCollection>");
    EXPECT_EQ(severity_of(read(text), "several-systems"), "refuse");
}

TEST(OvfHostile, DocumentTypesAreRefused)
{
    std::string const bomb = R"(<!DOCTYPE Envelope [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>)";
    EXPECT_THAT(error_of(read(replaced(one_disk().text(), "<Envelope", bomb + "<Envelope"))),
                HasSubstr("document type declaration"));
    std::string const external = R"(<!DOCTYPE Envelope SYSTEM "file:///etc/passwd">)";
    EXPECT_THAT(error_of(read(replaced(one_disk().text(), "<Envelope", external + "<Envelope"))),
                HasSubstr("document type declaration"));
}

TEST(OvfHostile, ADeclaredEncodingHidesNothing)
{
    // In UTF-7 "+ADw-!DOCTYPE" would be a document type.
    std::string const text = replaced(one_disk().text(), R"(encoding="UTF-8")", R"(encoding="UTF-7")");
    EXPECT_THAT(error_of(read(replaced(text, "<Envelope", "+ADw-!DOCTYPE a+AD4-<Envelope"))), HasSubstr("malformed"));
}

TEST(OvfHostile, BrokenUtf8IsMalformed)
{
    EXPECT_THAT(error_of(read(replaced(one_disk().text(), "machine", "\xff\xfe"))), HasSubstr("is not UTF-8 text"));
    EXPECT_THAT(error_of(read(replaced(one_disk().text(), "machine", "mach\xe9"))), HasSubstr("is not UTF-8 text"));
}

TEST(OvfHostile, WhatIsNotWellFormedNamesTheLine)
{
    EXPECT_THAT(error_of(read(replaced(one_disk().text(), "</References>", ""))), HasSubstr("OVF descriptor: line "));
    EXPECT_THAT(error_of(read("<Envelope")), HasSubstr("OVF descriptor: line 1"));
    EXPECT_THAT(error_of(read("<other/>")), HasSubstr("an Envelope was expected"));
}

TEST(OvfHostile, NestingWithoutEndIsRefused)
{
    std::string deep;
    for (int i = 0; i < 100000; ++i)
        deep += "<a>";
    EXPECT_THAT(error_of(read("<Envelope>" + deep)), HasSubstr("malformed"));
}

TEST(OvfHostile, ADescriptorWithoutEndIsRefused)
{
    std::string text = one_disk().text();
    text.insert(text.find("<References>"), std::string(longest_ovf, ' '));
    EXPECT_THAT(error_of(probe_bytes(text)), HasSubstr("longer than 4 MiB"));
}

TEST(OvfHostile, AnyCutOfADescriptorGetsAnAnswer)
{
    std::string const text = one_disk().text();
    for (std::size_t length = 0; length < text.size(); length += 7)
        EXPECT_TRUE(read(text.substr(0, length)).error) << length;
}

TEST(OvfManifest, BothSpellingsAreRead)
{
    std::string const sum(64, 'A');
    auto const sums = read_ovf_manifest("SHA256(a (1).vmdk)= " + sum + "\r\n\nSHA2-256 (b.vmdk) = " + sum +
                                        "\nSHA1(c)= " + std::string(40, '0'));
    ASSERT_TRUE(sums);
    ASSERT_EQ(sums->size(), 3U);
    EXPECT_EQ((*sums)[0].file, "a (1).vmdk");
    EXPECT_EQ((*sums)[0].hex, std::string(64, 'a'));
    EXPECT_EQ((*sums)[1].algorithm, "SHA256");
    EXPECT_EQ((*sums)[2].algorithm, "SHA1");
}

TEST(OvfManifest, WhatIsNoLineIsMalformed)
{
    for (std::string const line : {"SHA1(a)= xyz", "SHA1 a = 00", "MD5(a)= 00", "SHA1)a(= 00", "=", "SHA256(a)= 00"}) {
        auto const sums = read_ovf_manifest("\n" + line);
        ASSERT_FALSE(sums) << line;
        EXPECT_THAT(sums.error().message, HasSubstr("line 2")) << line;
    }
}

// -------------------------------------------------------------------------------------------------------- packages

TEST(Ova, TheFirstDiskIsTheSystemDisk)
{
    OvfBuilder ovf;
    ovf.disks = {{"system.img"}, {"data.qcow2"}};
    std::string const system = mbr_disk();
    std::string const data = empty_qcow2();
    std::string const text = ovf.text();
    std::string const manifest = sum_line("SHA256", "vm.ovf", text) + sum_line("SHA256", "system.img", system) +
                                 sum_line("SHA256", "data.qcow2", data);
    auto const facts = probe_bytes(TarBuilder()
                                       .add("vm.ovf", text)
                                       .add("vm.mf", manifest)
                                       .add("data.qcow2", data)
                                       .add("system.img", system)
                                       .bytes());
    expect_clean(facts);
    EXPECT_EQ(facts.format, Format::ova);
    EXPECT_THAT(facts.wrapped_in, IsEmpty());
    EXPECT_EQ(facts.member, "system.img");
    EXPECT_EQ(facts.virtual_size, 1U << 20);
    EXPECT_EQ(facts.details.ovf->manifest_valid, true);
    EXPECT_EQ(facts.details.members.size(), 4U);
}

TEST(Ova, AManifestAtTheEndIsCheckedToo)
{
    std::string const disk = mbr_disk();
    auto const with = [&](const std::string &content) {
        return probe_bytes(TarBuilder()
                               .add("vm.ovf", one_disk().text())
                               .add("disk.img", disk)
                               .add("vm.mf", sum_line("SHA1", "disk.img", content))
                               .bytes());
    };
    EXPECT_EQ(with(disk).details.ovf->manifest_valid, true);
    auto const facts = with(mbr_disk(4096));
    EXPECT_EQ(facts.details.ovf->manifest_valid, false);
    EXPECT_EQ(severity_of(facts, "manifest-mismatch"), "refuse");
    EXPECT_THAT(message_of(facts, "manifest-mismatch"), HasSubstr(hex_digest("SHA1", bytes_of(disk))));
}

TEST(Ova, ADescriptorThatIsNotTheSignedOneIsRefused)
{
    auto const facts = probe_bytes(TarBuilder()
                                       .add("vm.ovf", one_disk().text())
                                       .add("vm.mf", sum_line("SHA512", "vm.ovf", "another"))
                                       .add("disk.img", mbr_disk())
                                       .bytes());
    EXPECT_EQ(severity_of(facts, "manifest-mismatch"), "refuse");
}

TEST(Ova, WithoutAManifestNothingIsSaidOfIt)
{
    auto const facts = probe_bytes(TarBuilder().add("vm.ovf", one_disk().text()).add("disk.img", mbr_disk()).bytes());
    expect_clean(facts);
    EXPECT_EQ(facts.details.ovf->manifest_valid, std::nullopt);
}

TEST(Ova, ADiskThatIsNotThereIsMalformed)
{
    auto const facts = probe_bytes(TarBuilder().add("vm.ovf", one_disk().text()).add("other.img", mbr_disk()).bytes());
    EXPECT_EQ(facts.format, Format::ova);
    EXPECT_THAT(error_of(facts), HasSubstr("File/href: the disk file disk.img is not in the package"));
}

TEST(Ova, HazardsOfItsDisksAreItsOwn)
{
    std::string disk = empty_qcow2();
    disk[11 + 4] = 0;
    disk.replace(8, 8, std::string("\0\0\0\0\0\0\x02\0", 8));  // backing_file_offset 512
    disk.replace(16, 4, std::string("\0\0\0\x04", 4));
    disk.replace(512, 4, "base");
    OvfBuilder ovf;
    ovf.disks = {{"disk.qcow2"}};
    auto const facts = probe_bytes(TarBuilder().add("vm.ovf", ovf.text()).add("disk.qcow2", disk).bytes());
    EXPECT_TRUE(facts.refused());
    EXPECT_THAT(hazards_of(facts), HasSubstr("backing-file refuse"));
}

TEST(Ova, WhatTheDescriptorSaysOfSizesIsCompared)
{
    OvfBuilder ovf;
    ovf.disks = {{"disk.img", 2}};
    ovf.file_attributes = R"(ovf:size="12345")";
    auto const facts = probe_bytes(TarBuilder().add("vm.ovf", ovf.text()).add("disk.img", mbr_disk()).bytes());
    EXPECT_EQ(hazards_of(facts), "ovf-file-size warn, ovf-capacity warn");
    EXPECT_FALSE(facts.refused());
}

TEST(Ova, FoldersEncodedNamesAndCompressedDisksAreFound)
{
    OvfBuilder ovf;
    ovf.disks = {{"my%20disk.img.gz"}};
    auto const facts =
        probe_bytes(TarBuilder().add("vm/vm.ovf", ovf.text()).add("vm/my disk.img.gz", gzip(mbr_disk())).bytes());
    expect_clean(facts);
    EXPECT_EQ(facts.member, "vm/my disk.img.gz");
    EXPECT_EQ(facts.virtual_size, 1U << 20);
}

TEST(Ova, AroundItTheWrappersAreNamed)
{
    std::string const ova = TarBuilder().add("vm.ovf", one_disk().text()).add("disk.img", mbr_disk()).bytes();
    auto const compressed = probe_bytes(gzip(ova));
    EXPECT_EQ(compressed.format, Format::ova);
    EXPECT_THAT(compressed.wrapped_in, ElementsAre("gzip"));
    EXPECT_EQ(compressed.member, "disk.img");
    auto const zipped = probe_bytes(ZipBuilder().add("vm.ova", ova).bytes());
    EXPECT_EQ(zipped.format, Format::ova);
    EXPECT_THAT(zipped.wrapped_in, ElementsAre("zip"));
    EXPECT_EQ(zipped.member, "vm.ova!/disk.img");
}

TEST(Ova, ADescriptorByItselfIsOne)
{
    auto const facts = probe_bytes(one_disk().text(), "vm.ovf");
    EXPECT_EQ(facts.format, Format::ova);
    EXPECT_EQ(facts.variant, "descriptor");
    EXPECT_EQ(facts.virtual_size, std::nullopt);
    EXPECT_EQ(facts.member, std::nullopt);
    expect_clean(facts);
}
