#include "guest/boot_loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grub_texts.hpp"
#include "guest.hpp"
#include "guest/bls.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::Contains;
using ::testing::ElementsAre;

namespace {

constexpr const char *boot_uuid = "22222222-aaaa-bbbb-cccc-000000000002";

struct Boot : Guest {
    std::vector<VolumeFacts> volumes{partition(1, "vfat", "1234-ABCD"), partition(2, "ext4", boot_uuid),
                                     partition(3, "ext4", root_uuid)};
    std::vector<MountPoint> mounts{{"/", "/dev/sda3", "ext4", {}}};
    std::shared_ptr<MemoryTree> esp_files = std::make_shared<MemoryTree>();
    ForgetfulTree esp{esp_files};
    bool has_esp = false;

    void separate_boot() { mounts.push_back({"/boot", "/dev/sda2", "ext4", {}}); }

    Known<BootLoaderFacts> read()
    {
        return read_boot_loader({tree, volumes, mounts, has_esp ? &esp : nullptr, has_esp ? "/boot/efi" : "", ""});
    }
};

std::string grubenv(const std::string &lines)
{
    std::string text = "# GRUB Environment Block\n" + lines;
    text.resize(1024, '#');
    return text;
}

}  // namespace

TEST(Grub2, TheEntriesOfADebian)
{
    Boot boot;
    boot.file("/boot/grub/grub.cfg", debian_config()).file("/boot/vmlinuz-6.1.0-18-amd64", "k");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->kind, "grub2");
    EXPECT_EQ(facts->config, "/boot/grub/grub.cfg");
    ASSERT_EQ(facts->entries.size(), 3U) << "an entry without a kernel is none";
    auto const &first = facts->entries[0];
    EXPECT_EQ(first.title, "Debian GNU/Linux");
    EXPECT_EQ(first.kernel, "/boot/vmlinuz-6.1.0-18-amd64");
    EXPECT_EQ(first.initramfs, "/boot/initrd.img-6.1.0-18-amd64");
    EXPECT_EQ(first.cmdline, std::string("root=UUID=") + root_uuid + " ro quiet");
    EXPECT_THAT(first.searches, ElementsAre(std::string("UUID=") + root_uuid));
    EXPECT_EQ(first.where.file, "/boot/grub/grub.cfg");
    EXPECT_EQ(first.where.line, 33U);
    EXPECT_EQ(facts->entries[2].initramfs, "/boot/initrd.img-6.1.0-17-amd64") << "the last one named";
    EXPECT_EQ(facts->default_entry, 0U);
}

TEST(Grub2, WhichEntryIsTheDefault)
{
    struct Case {
        const char *line;
        const char *environment;
        std::optional<std::uint32_t> entry;
    };
    const Case cases[] = {
        {"set default=\"0\"", "", 0},
        {"set default=\"1>1\"", "", 2},
        {"set default=\"gnulinux-advanced>adv-17\"", "", 2},
        {"set default='Advanced options for Debian GNU/Linux>Debian, with Linux 6.1.0-17'", "", 2},
        {"set default=\"1\"", "", 1},
        {"set default=\"no such entry\"", "", 0},
        {"set default=\"99999999999999999999999\"", "", 0},
        {"set default=\"2\"", "", std::nullopt},
        {"set default=\"${saved_entry}\"", "saved_entry=gnulinux-advanced>adv-17\n", 2},
        {"set default=\"${saved_entry}\"", "saved_entry=\n", 0},
        {"set default=\"0\"", "next_entry=1>0\n", 1},
    };
    for (auto const &[line, environment, entry] : cases) {
        Boot boot;
        boot.file("/boot/grub/grub.cfg", debian_config(line));
        if (*environment != '\0')
            boot.file("/boot/grub/grubenv", grubenv(environment));
        auto const facts = boot.read();
        ASSERT_TRUE(facts) << facts.reason();
        EXPECT_EQ(facts->default_entry, entry) << line << " " << environment;
    }
}

namespace {

// What Container Linux and Flatcar have: a function, and a partition that is looked for in the table.
constexpr const char *container_linux = R"(set prefix=($root)/flatcar/grub
set default="flatcar"
function gptprio {
    gptprio.next -d usr_device -u usr_uuid
    if [ $? -ne 0 -o -z "$usr_uuid" ]; then
        abort
    fi
    if [ "$usr_uuid" = "7130c94a-213a-4e5a-8e26-6cce9662f132" ]; then
        set kernel="/flatcar/vmlinuz-a"
    else
        set kernel="/flatcar/vmlinuz-b"
    fi
}
function start {
    linux$suf $1 mount.usr=PARTUUID=$usr_uuid $2
}
menuentry "USR-B" --id=flatcar-b {
    start /flatcar/vmlinuz-b
}
menuentry "default" --id=flatcar --unrestricted {
    gptprio
    start $kernel root=LABEL=ROOT
}
)";

}  // namespace

TEST(Grub2, FunctionsAndThePartitionOfContainerLinux)
{
    struct Slot {
        const char *label;
        const char *uuid;
        const char *kernel;
    };
    for (auto const &[label, uuid, kernel] :
         {Slot{"USR-A", "7130c94a-213a-4e5a-8e26-6cce9662f132", "/boot/flatcar/vmlinuz-a"},
          Slot{"USR-B", "e03dd35c-7c2d-4a47-b3fe-27f15780a57c", "/boot/flatcar/vmlinuz-b"}}) {
        Boot boot;
        boot.volumes[1].partition_label = label;
        boot.volumes[1].partition_uuid = uuid;
        boot.mounts.push_back({"/boot", "/dev/sda1", "vfat", {}});
        boot.file("/boot/flatcar/grub/grub.cfg", container_linux)
            .file("/boot/flatcar/vmlinuz-a", "k")
            .file("/boot/flatcar/vmlinuz-b", "k");
        auto const facts = boot.read();
        ASSERT_TRUE(facts) << facts.reason();
        ASSERT_EQ(facts->default_entry, 1U);
        EXPECT_EQ(facts->entries[1].kernel, kernel);
        EXPECT_EQ(facts->entries[1].cmdline, std::string("mount.usr=PARTUUID=") + uuid + " root=LABEL=ROOT");
    }
}

TEST(Grub2, FunctionsThatCallEachOtherEnd)
{
    Boot boot;
    boot.file("/boot/grub/grub.cfg", "function f {\n f\n f\n g\n}\nfunction g {\n f\n}\nf\n"
                                     "menuentry a {\n f\n linux /k\n}\n");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->entries.size(), 1U);
}

TEST(Grub2, ADefaultEntryThatGoesOnElsewhereIsUnknown)
{
    Boot boot;
    boot.file("/boot/grub/grub.cfg",
              "set default=1\nmenuentry a {\n linux /k\n}\nmenuentry b {\n configfile /load-a\n}\n");
    auto const facts = boot.read();
    ASSERT_FALSE(facts);
    EXPECT_NE(facts.reason().find("another configuration"), std::string::npos) << facts.reason();
    // One that nobody asked for is none.
    boot.file("/boot/grub/grub.cfg",
              "set default=0\nmenuentry a {\n linux /k\n}\nmenuentry b {\n configfile /load-a\n}\n");
    ASSERT_TRUE(boot.read());
    EXPECT_EQ(boot.read()->entries.size(), 1U);
}

TEST(Grub2, PathsOnASeparateBootVolume)
{
    Boot boot;
    boot.separate_boot();
    boot.file("/boot/grub2/grub.cfg", std::string("menuentry 'x' {\n search --no-floppy --fs-uuid --set=root ") +
                                          boot_uuid +
                                          "\n linux16 /vmlinuz-5 root=/dev/sda3\n initrd16 /initramfs-5.img\n}\n"
                                          "menuentry y {\n set root='hd0,gpt2'\n linux ($root)/vmlinuz-5\n}\n");
    auto const facts = boot.read();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->entries[0].kernel, "/boot/vmlinuz-5");
    EXPECT_EQ(facts->entries[0].initramfs, "/boot/initramfs-5.img");
    EXPECT_EQ(facts->entries[1].kernel, "/boot/vmlinuz-5");
}

TEST(Grub2, PathsOnBtrfsLoseTheSubvolume)
{
    Boot boot;
    boot.mounts = {{"/", "/dev/sda3", "btrfs", "@"}, {"/home", "/dev/sda3", "btrfs", "@home"}};
    boot.file("/boot/grub/grub.cfg", std::string("menuentry 'x' {\n search --fs-uuid --set=root ") + root_uuid +
                                         "\n linux /@/boot/vmlinuz root=UUID=x rootflags=subvol=@\n}\n")
        .file("/boot/vmlinuz", "k");
    EXPECT_EQ(boot.read()->entries[0].kernel, "/boot/vmlinuz");
}

TEST(Grub2, BootLoaderSpecificationOfARhel8)
{
    Boot boot;
    boot.separate_boot();
    boot.file("/boot/grub2/grub.cfg",
              "set pager=1\nif [ -f ${config_directory}/grubenv ]; then\n  load_env -f ${config_directory}/grubenv\n"
              "elif [ -s $prefix/grubenv ]; then\n  load_env\nfi\n"
              "if [ \"${next_entry}\" ] ; then\n  set default=\"${next_entry}\"\nelse\n  set "
              "default=\"${saved_entry}\"\nfi\n"
              "insmod part_gpt\nset root='hd0,gpt2'\nsearch --no-floppy --fs-uuid --set=root " +
                  std::string(boot_uuid) +
                  "\n"
                  "if [ -z \"${kernelopts}\" ]; then\n  set kernelopts=\"root=wrong\"\nfi\n"
                  "insmod blscfg\nblscfg\n"
                  "if [ -f ${config_directory}/user.cfg ]; then\n  source ${config_directory}/user.cfg\nfi\n")
        .file("/boot/grub2/grubenv",
              grubenv("saved_entry=abc-4.18.0-80.el8.x86_64\nkernelopts=root=UUID=r ro crashkernel=auto \n"))
        .file("/boot/loader/entries/abc-4.18.0-80.el8.x86_64.conf",
              "title Old\nversion 4.18.0-80.el8.x86_64\nlinux /vmlinuz-4.18.0-80.el8.x86_64\n"
              "initrd /initramfs-4.18.0-80.el8.x86_64.img $tuned_initrd\noptions $kernelopts $tuned_params\nid x\n")
        .file("/boot/loader/entries/abc-4.18.0-147.el8.x86_64.conf",
              "title New\nlinux /vmlinuz-4.18.0-147.el8.x86_64\noptions root=UUID=own ro\n")
        .file("/boot/loader/entries/abc-0-rescue.conf", "title Rescue\nlinux /vmlinuz-0-rescue\noptions $kernelopts\n");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    ASSERT_EQ(facts->entries.size(), 3U);
    EXPECT_EQ(facts->entries[0].title, "New");
    EXPECT_EQ(facts->entries[1].title, "Old");
    EXPECT_EQ(facts->entries[2].title, "Rescue");
    EXPECT_EQ(facts->default_entry, 1U);
    EXPECT_EQ(facts->entries[1].kernel, "/boot/vmlinuz-4.18.0-80.el8.x86_64");
    EXPECT_EQ(facts->entries[1].initramfs, "/boot/initramfs-4.18.0-80.el8.x86_64.img");
    EXPECT_EQ(facts->entries[1].cmdline, "root=UUID=r ro crashkernel=auto");
    EXPECT_EQ(facts->entries[0].cmdline, "root=UUID=own ro");
    EXPECT_EQ(facts->entries[1].where.file, "/boot/loader/entries/abc-4.18.0-80.el8.x86_64.conf");
    EXPECT_EQ(facts->entries[1].where.line, 3U);
    EXPECT_THAT(facts->entries[1].searches, Contains(std::string("UUID=") + boot_uuid));
}

TEST(Grub2, DollarsInABootLoaderSpecificationThatNameNothing)
{
    Boot boot;
    boot.file("/boot/grub2/grub.cfg", "set v=1\nblscfg\n")
        .file("/boot/loader/entries/a.conf", "title A\nlinux /vmlinuz\noptions a=$v b=${v} c=$ d=${ e=\"$-\"\n");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    ASSERT_EQ(facts->entries.size(), 1U);
    EXPECT_EQ(facts->entries[0].cmdline, "a=1 b=1 c=$ d=${ e=\"$-\"");
}

TEST(Grub2, AStubOnTheEfiPartitionIsNotTheConfiguration)
{
    Boot boot;
    boot.has_esp = true;
    std::string const stub =
        "search.fs_uuid 33333333-0000-0000-0000-000000000000 root hd0,gpt2\nset prefix=($root)'/boot/grub'\n"
        "configfile $prefix/grub.cfg\n";
    boot.file("/boot/efi/EFI/debian/grub.cfg", stub).file("/boot/grub/grub.cfg", debian_config());
    boot.esp_files->file("/EFI/debian/grub.cfg", stub)
        .file("/EFI/debian/shimx64.efi", "MZ")
        .file("/EFI/Boot/bootx64.EFI", "MZ");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->config, "/boot/grub/grub.cfg");
    EXPECT_THAT(facts->entries[0].searches, Contains("UUID=33333333-0000-0000-0000-000000000000"));
    EXPECT_TRUE(facts->efi_system_partition);
    EXPECT_THAT(facts->efi_files, ElementsAre("/EFI/Boot/bootx64.EFI", "/EFI/debian/shimx64.efi"));
}

TEST(Grub2, AConfigurationThatLiesOnTheEfiPartition)
{
    Boot boot;
    boot.has_esp = true;
    boot.separate_boot();
    boot.file("/boot/efi/EFI/redhat/grub.cfg",
              "menuentry 'RHEL 7' {\n set root='hd0,gpt2'\n linuxefi /vmlinuz-3.10 ro\n"
              " initrdefi /initramfs-3.10.img\n}\n");
    auto const facts = boot.read();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->config, "/boot/efi/EFI/redhat/grub.cfg");
    EXPECT_EQ(facts->entries[0].kernel, "/boot/vmlinuz-3.10");
}

TEST(GrubLegacy, TitlesRootsAndDefault)
{
    Boot boot;
    boot.separate_boot();
    boot.file("/boot/grub/grub.conf",
              "# grub.conf\ndefault=1\ntimeout=5\nsplashimage=(hd0,1)/grub/splash.xpm.gz\nhiddenmenu\n"
              "title Other\n\trootnoverify (hd0,0)\n\tchainloader +1\n"
              "title CentOS (2.6.32-754.el6.x86_64)\n\troot (hd0,1)\n"
              "\tkernel /vmlinuz-2.6.32 ro root=UUID=r  quiet\n\tinitrd /initramfs-2.6.32.img\n"
              "title direct\n\tkernel --no-mem-option (hd0,2)/boot/vmlinuz root=/dev/sda3\n");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->kind, "grub-legacy");
    ASSERT_EQ(facts->entries.size(), 2U);
    EXPECT_EQ(facts->default_entry, 0U);
    EXPECT_EQ(facts->entries[0].title, "CentOS (2.6.32-754.el6.x86_64)");
    EXPECT_EQ(facts->entries[0].kernel, "/boot/vmlinuz-2.6.32");
    EXPECT_EQ(facts->entries[0].initramfs, "/boot/initramfs-2.6.32.img");
    EXPECT_EQ(facts->entries[0].cmdline, "ro root=UUID=r quiet");
    EXPECT_EQ(facts->entries[1].kernel, "/boot/vmlinuz");
}

TEST(Extlinux, LabelsRelativePathsAndDefault)
{
    Boot boot;
    boot.file("/boot/extlinux/extlinux.conf",
              "DEFAULT l1\nTIMEOUT 10\nUI menu.c32\nINCLUDE more.conf\n"
              "LABEL l0\n  KERNEL ../vmlinuz-0\n  APPEND root=UUID=a initrd=../initrd-0\n"
              "LABEL l1\n  MENU LABEL Linux one\n  LINUX /boot/vmlinuz-1\n  INITRD /boot/initrd-1\n  APPEND ro\n")
        .file("/boot/extlinux/more.conf", "LABEL menu\n  KERNEL vesamenu.c32\n");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->kind, "extlinux");
    ASSERT_EQ(facts->entries.size(), 2U);
    EXPECT_EQ(facts->entries[0].kernel, "/boot/vmlinuz-0");
    EXPECT_EQ(facts->entries[0].initramfs, "/boot/initrd-0");
    EXPECT_EQ(facts->entries[1].title, "Linux one");
    EXPECT_EQ(facts->default_entry, 1U);
}

TEST(SystemdBoot, EntriesOnTheEfiPartition)
{
    Boot boot;
    boot.has_esp = true;
    boot.mounts.push_back({"/boot/efi", "/dev/sda1", "vfat", {}});
    boot.file("/boot/efi/loader/loader.conf", "timeout 3\ndefault old*\n")
        .file("/boot/efi/loader/entries/new.conf",
              "title New\nlinux /m/2/linux\ninitrd /m/2/ucode\ninitrd /m/2/initrd\noptions a\noptions b\n")
        .file("/boot/efi/loader/entries/old.conf", "title Old\nlinux /m/1/linux\n")
        .file("/boot/efi/m/1/linux", "k")
        .file("/boot/efi/m/2/linux", "k");
    boot.esp_files->file("/EFI/systemd/systemd-bootx64.efi", "MZ");
    auto const facts = boot.read();
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->kind, "systemd-boot");
    ASSERT_EQ(facts->entries.size(), 2U);
    EXPECT_EQ(facts->entries[*facts->default_entry].title, "Old");
    EXPECT_EQ(facts->entries[1 - *facts->default_entry].cmdline, "a b");
    EXPECT_EQ(facts->entries[1 - *facts->default_entry].kernel, "/boot/efi/m/2/linux");
}

TEST(BootLoader, NoneIsAFact)
{
    Boot boot;
    auto const facts = boot.read();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->kind, "");
    EXPECT_FALSE(facts->efi_system_partition);
}

TEST(EfiSystemPartition, NeedsItsTypeAndFat)
{
    DiskFacts disk;
    disk.partitions.resize(2);
    disk.partitions[0].number = 1;
    disk.partitions[0].type = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    disk.partitions[1].number = 2;
    disk.partitions[1].type = "ef";
    std::vector<VolumeFacts> volumes{partition(1, "ext4", "x"), partition(2, "vfat", "y")};
    ASSERT_NE(find_efi_system_partition(disk, volumes), nullptr);
    EXPECT_EQ(find_efi_system_partition(disk, volumes)->partition, 2U);
    volumes[1].filesystem.type = "";
    EXPECT_EQ(find_efi_system_partition(disk, volumes), nullptr);
}

TEST(VersionOrder, IsRpms)
{
    struct Case {
        const char *a;
        const char *b;
        int order;
    };
    constexpr Case cases[] = {{"1.0", "1.0", 0},
                              {"1.0", "2.0", -1},
                              {"2.0.1", "2.0", 1},
                              {"5.14.0-70", "5.14.0-427", -1},
                              {"1.05", "1.5", 0},
                              {"1.0a", "1.0", 1},
                              {"1.0~rc1", "1.0", -1},
                              {"1.0^git1", "1.0", 1},
                              {"1.0^git1", "1.0.1", -1},
                              {"a", "1", -1},
                              {"1.0~rc1", "1.0~rc2", -1},
                              {"", "", 0},
                              {"99999999999999999999999999", "3", 1}};
    for (auto const &[a, b, order] : cases) {
        auto const sign = [](int n) { return (n > 0) - (n < 0); };
        EXPECT_EQ(sign(compare_versions(a, b)), order) << a << " " << b;
        EXPECT_EQ(sign(compare_versions(b, a)), -order) << b << " " << a;
    }
}

TEST(GrubHostile, BracesAndConditionsThatNeverClose)
{
    std::string deep;
    for (int i = 0; i < 5000; ++i)
        deep += "submenu x {\n";
    std::string ifs;
    for (int i = 0; i < 5000; ++i)
        ifs += "if true; then\n";
    std::string loops;
    for (int i = 0; i < 5000; ++i)
        loops += "while true; do\n";
    for (auto const &text :
         {deep, ifs, loops, std::string("menuentry x {\n"), std::string("}\n"), std::string("if true\n"),
          std::string("if true; then\nelse\n"), std::string("menuentry 'never closed {\n")}) {
        Boot boot;
        boot.file("/boot/grub/grub.cfg", text);
        auto const facts = boot.read();
        if (text.starts_with("menuentry 'never")) {
            // A quote that never closes swallows the rest: no entries, as GRUB would see none.
            EXPECT_TRUE(!facts || facts->entries.empty());
            continue;
        }
        ASSERT_FALSE(facts) << text.substr(0, 30);
        EXPECT_TRUE(facts.reason().starts_with("/boot/grub/grub.cfg: line ")) << facts.reason();
    }
}

TEST(GrubHostile, VariablesThatDoubleThemselves)
{
    std::string text = "set a=xxxxxxxxxxxxxxxx\n";
    for (int i = 0; i < 64; ++i)
        text += "set a=\"$a$a\"\n";
    text += "menuentry \"$a\" {\nlinux /vmlinuz $a\n}\n";
    Boot boot;
    boot.file("/boot/grub/grub.cfg", text);
    auto const facts = boot.read();
    ASSERT_TRUE(facts);
    EXPECT_LE(facts->entries[0].cmdline.size(), 64U * 1024);
    // and one line that names a long one again and again
    std::string again = "set a=" + std::string(10'000, 'x') + "\nmenuentry y {\nlinux /vmlinuz ";
    for (int i = 0; i < 100'000; ++i)
        again += "$a ";
    Boot many;
    many.file("/boot/grub/grub.cfg", again + "\n}\n");
    ASSERT_TRUE(many.read());
    EXPECT_LE(many.read()->entries[0].cmdline.size(), 1U << 20);
    std::string variables;
    for (int i = 0; i < 100'000; ++i)
        variables += "a" + std::to_string(i) + "=1\n";
    Boot set;
    set.file("/boot/grub/grub.cfg", variables + "menuentry z {\nlinux /vmlinuz\n}\n");
    EXPECT_TRUE(set.read());
    Boot test;
    std::string words;
    for (int i = 0; i < 100'000; ++i)
        words += " -a x";
    test.file("/boot/grub/grub.cfg", "if [ x" + words + " ]; then\nmenuentry z {\nlinux /vmlinuz\n}\nfi\n");
    EXPECT_EQ(test.read()->entries.size(), 1U);
}

TEST(GrubHostile, ThousandsOfEntriesAndLinesThatAreTooLongForAnyone)
{
    std::string many;
    for (int i = 0; i < 2000; ++i)
        many += "menuentry e { linux /k }\nmenuentry f {\nlinux /k\n}\n";
    Boot boot;
    boot.file("/boot/grub/grub.cfg", many);
    EXPECT_FALSE(boot.read());
    Boot long_line;
    long_line.file("/boot/grub/grub.cfg", "set x=" + std::string(1 << 18, '(') + "\nmenuentry e {\nlinux /k " +
                                              std::string(1 << 18, 'a') + "\n}\n");
    EXPECT_TRUE(long_line.read());
    Boot dollars;
    dollars.file("/boot/grub/grub.cfg", "set x=" + std::string(1 << 18, '$') + "\n");
    EXPECT_FALSE(dollars.read());
    Boot extlinux;
    extlinux.file("/boot/extlinux/extlinux.conf", "INCLUDE extlinux.conf\n");
    EXPECT_FALSE(extlinux.read());
    Boot nul;
    nul.file("/boot/grub/grub.cfg", std::string("menuentry\0", 10));
    EXPECT_FALSE(nul.read());
}
