#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/grub_defaults.hpp"
#include "guest/hypervisor_tools.hpp"
#include "guest/initramfs_recipe.hpp"
#include "guest/multipath.hpp"
#include "guest/services.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

std::vector<std::string> values(const std::vector<Evidence> &evidence)
{
    std::vector<std::string> texts;
    for (auto const &item : evidence)
        texts.push_back(item.value);
    return texts;
}

}  // namespace

// ---------------------------------------------------------------------------------------------- grub defaults

TEST(GrubDefaults, AreSetByTheLastFileThatSpeaks)
{
    Guest guest;
    guest
        .file("/etc/default/grub", "# comment\nGRUB_CMDLINE_LINUX=\"console=tty0 quiet\"\n"
                                   "GRUB_CMDLINE_LINUX_DEFAULT='splash'\n")
        .file("/etc/default/grub.d/50-cloud.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=\"console=ttyS0\"\n")
        .file("/etc/default/grub.d/60-more.cfg", "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX crashkernel=auto\"\n"
                                                 "GRUB_CMDLINE_LINUX_DEFAULT=\"${GRUB_CMDLINE_LINUX_DEFAULT} x\"\n")
        .file("/etc/default/grub.d/README", "GRUB_CMDLINE_LINUX=no\n");
    auto const facts = read_grub_defaults(guest.tree);
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_TRUE(facts->present);
    EXPECT_EQ(facts->cmdline.value, "console=tty0 quiet crashkernel=auto");
    EXPECT_EQ(facts->cmdline.where.file, "/etc/default/grub.d/60-more.cfg");
    EXPECT_EQ(facts->cmdline.where.line, 1U);
    EXPECT_EQ(facts->cmdline_default.value, "console=ttyS0 x");
    EXPECT_EQ(facts->disable_uuid.value, "");
}

TEST(GrubDefaults, AreAbsentOrBroken)
{
    Guest guest;
    EXPECT_FALSE(read_grub_defaults(guest.tree)->present);
    guest.files->broken("/etc/default/grub");
    EXPECT_FALSE(read_grub_defaults(guest.tree));
}

TEST(GrubDefaults, DoNotGrowWithoutEnd)
{
    Guest guest;
    guest.file("/etc/default/grub", "GRUB_CMDLINE_LINUX=" + std::string(60'000, 'x') + "\n");
    for (int i = 10; i < 60; ++i)
        guest.file("/etc/default/grub.d/" + std::to_string(i) + ".cfg",
                   "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX " + std::string(60'000, 'y') + "\"\n");
    EXPECT_LE(read_grub_defaults(guest.tree)->cmdline.value.size(), 65'536U);
}

// -------------------------------------------------------------------------------------------- initramfs recipe

TEST(InitramfsRecipe, OfInitramfsTools)
{
    struct Case {
        const char *what;
        std::map<std::string, std::string> files;
        std::string scope;
        std::vector<std::string> drivers;
    };
    std::vector<Case> const cases{
        {"nothing is configured", {}, "most", {}},
        {"by its main file", {{"/etc/initramfs-tools/initramfs.conf", "#MODULES=most\nMODULES=dep\n"}}, "dep", {}},
        {"a later file wins",
         {{"/etc/initramfs-tools/initramfs.conf", "MODULES=dep\n"},
          {"/etc/initramfs-tools/conf.d/driver-policy", "MODULES=\"most\"\n"}},
         "most",
         {}},
        {"what dpkg put aside does not count",
         {{"/etc/initramfs-tools/conf.d/x.dpkg-old", "MODULES=dep\n"}},
         "most",
         {}},
        {"modules, a name a line",
         {{"/etc/initramfs-tools/modules", "# list\nvirtio-blk\nnvme io_timeout=255 # slow\n\n#virtio_net\n"}},
         "most",
         {"virtio_blk", "nvme"}},
    };
    for (auto const &tested : cases) {
        Guest guest;
        guest.file("/usr/sbin/mkinitramfs", "#!/bin/sh\n");
        for (auto const &[path, text] : tested.files)
            guest.file(path, text);
        auto const recipe = read_initramfs_recipe(guest.tree);
        ASSERT_TRUE(recipe) << tested.what << recipe.reason();
        EXPECT_EQ(recipe->tool, "initramfs-tools") << tested.what;
        EXPECT_EQ(recipe->scope.value, tested.scope) << tested.what;
        EXPECT_EQ(recipe->drivers, tested.drivers) << tested.what;
    }
}

TEST(InitramfsRecipe, OfDracut)
{
    struct Case {
        const char *what;
        std::map<std::string, std::string> files;
        std::string scope;
        std::vector<std::string> drivers;
    };
    std::vector<Case> const cases{
        {"nothing is configured", {}, "no", {}},
        {"the distribution's drop-in",
         {{"/usr/lib/dracut/dracut.conf.d/01-dist.conf", "hostonly=\"yes\"\n"}},
         "yes",
         {}},
        {"a later name wins, whichever folder it lies in",
         {{"/etc/dracut.conf", "hostonly=no\n"},
          {"/etc/dracut.conf.d/00-site.conf", "hostonly=no\n"},
          {"/usr/lib/dracut/dracut.conf.d/01-dist.conf", "hostonly=\"yes\"\n"}},
         "yes",
         {}},
        {"a namesake in /etc hides the distribution's",
         {{"/etc/dracut.conf.d/01-dist.conf", "hostonly=no\n"},
          {"/usr/lib/dracut/dracut.conf.d/01-dist.conf", "hostonly=\"yes\"\n"}},
         "no",
         {}},
        {"drivers add up",
         {{"/etc/dracut.conf.d/a.conf", "add_drivers+=\" virtio_blk virtio-net \"\n"},
          {"/etc/dracut.conf.d/b.conf",
           "#add_drivers+=\" xen \"\nforce_drivers+=\" nvme \"\n  add_drivers=\"sd_mod\"\n"}},
         "no",
         {"virtio_blk", "virtio_net", "nvme", "sd_mod"}},
        {"the module qemu brings them",
         {{"/etc/dracut.conf.d/a.conf", "add_dracutmodules+=\" qemu \"\n"}},
         "no",
         {"virtio_blk", "virtio_pci", "virtio_net", "virtio_scsi"}},
        {"lines that say nothing", {{"/etc/dracut.conf", "=\n+=\nhostonly\nhostonly +=\"yes\"\n"}}, "no", {}},
    };
    for (auto const &tested : cases) {
        Guest guest;
        guest.file("/usr/bin/dracut", "#!/bin/bash\n");
        for (auto const &[path, text] : tested.files)
            guest.file(path, text);
        auto const recipe = read_initramfs_recipe(guest.tree);
        ASSERT_TRUE(recipe) << tested.what << recipe.reason();
        EXPECT_EQ(recipe->tool, "dracut") << tested.what;
        EXPECT_EQ(recipe->scope.value, tested.scope) << tested.what;
        EXPECT_EQ(recipe->drivers, tested.drivers) << tested.what;
    }
}

TEST(InitramfsRecipe, IsOfTheToolThatNewKernelsCall)
{
    Guest guest;
    EXPECT_EQ(read_initramfs_recipe(guest.tree)->tool, "");
    guest.file("/usr/bin/dracut", "").file("/usr/sbin/mkinitramfs", "");
    EXPECT_EQ(read_initramfs_recipe(guest.tree)->tool, "dracut");
    guest.file("/etc/kernel/postinst.d/initramfs-tools", "");
    EXPECT_EQ(read_initramfs_recipe(guest.tree)->tool, "initramfs-tools");
}

// -------------------------------------------------------------------------------------------------- multipath

TEST(Multipath, WhatItsConfigurationSays)
{
    Guest guest;
    guest
        .file("/etc/multipath.conf", "# made by mpathconf\n"
                                     "defaults {\n\tuser_friendly_names yes\n\tfind_multipaths \"Greedy\"\n}\n"
                                     "blacklist {\n  devnode \"^vd[a-z]\"  # virtio\n  #wwid 1\n"
                                     "  device {\n    vendor \"IBM\"\n  }\n}\n"
                                     "blacklist_exceptions { wwid \"36\" }\n"
                                     "!old comment {\n"
                                     "devices {\n device {\n  find_multipaths no\n }\n}\n")
        .file("/etc/multipath/conf.d/site.conf", "blacklist {\n  devnode ^nvme\n");
    auto const facts = read_multipath(guest.tree, Services(guest.tree));
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_FALSE(facts->enabled);
    EXPECT_EQ(facts->find_multipaths.value, "greedy");
    EXPECT_EQ(facts->find_multipaths.where.line, 4U);
    EXPECT_THAT(values(facts->blacklist), ElementsAre("devnode ^vd[a-z]", "devnode ^nvme"));
    EXPECT_EQ(facts->blacklist[0].line, 7U);
    EXPECT_EQ(facts->blacklist[1].file, "/etc/multipath/conf.d/site.conf");
    EXPECT_THAT(values(facts->exceptions), ElementsAre("wwid 36"));
}

TEST(Multipath, StartsByItsUnitAndWhereThatAsksForAConfiguration)
{
    Guest guest;
    guest.file("/usr/lib/systemd/system/multipathd.service", "[Unit]\nConditionPathExists=/etc/multipath.conf\n")
        .link("/etc/systemd/system/sysinit.target.wants/multipathd.service",
              "/usr/lib/systemd/system/multipathd.service");
    EXPECT_FALSE(read_multipath(guest.tree, Services(guest.tree))->enabled);
    guest.file("/etc/multipath.conf", "");
    auto const facts = read_multipath(guest.tree, Services(guest.tree));
    EXPECT_TRUE(facts->enabled);
    EXPECT_EQ(facts->where, "/etc/systemd/system/sysinit.target.wants/multipathd.service");
}

TEST(Multipath, NonsenseIsBounded)
{
    Guest guest;
    std::string deep;
    for (int i = 0; i < 100'000; ++i)
        deep += "a {";
    guest.file("/etc/multipath.conf",
               deep + "}}}}\"\n\"\n{{{}}}" + std::string(1000, '}') + "\nblacklist {\n devnode x\n");
    auto const facts = read_multipath(guest.tree, Services(guest.tree));
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->blacklist, IsEmpty()) << "the section lies inside others";
    std::string many = "blacklist {\n";
    for (int i = 0; i < 10'000; ++i)
        many += "devnode x\n";
    guest.file("/etc/multipath.conf", many);
    EXPECT_EQ(read_multipath(guest.tree, Services(guest.tree))->blacklist.size(), 100U);
}

// ------------------------------------------------------------------------------------------- hypervisor tools

TEST(HypervisorTools, ByWhatTheirPackagesLeave)
{
    struct Case {
        std::vector<std::string> files;
        std::map<std::string, std::string> links;
        std::string name;
        bool enabled;
    };
    std::vector<Case> const cases{
        {{"/usr/bin/vmtoolsd"}, {}, "VMware Tools", false},
        {{"/usr/lib/systemd/system/open-vm-tools.service"},
         {{"/etc/systemd/system/multi-user.target.wants/open-vm-tools.service",
           "/usr/lib/systemd/system/open-vm-tools.service"}},
         "VMware Tools",
         true},
        {{"/etc/init.d/vboxadd"}, {{"/etc/rc3.d/S30vboxadd", "../init.d/vboxadd"}}, "VirtualBox Guest Additions", true},
        {{"/usr/sbin/hypervkvpd"}, {}, "Hyper-V daemons", false},
        {{"/usr/sbin/xe-daemon"}, {}, "Xen guest utilities", false},
        {{"/usr/bin/prltoolsd"}, {}, "Parallels Tools", false},
    };
    for (auto const &tested : cases) {
        Guest guest;
        for (auto const &path : tested.files)
            guest.file(path, "x");
        for (auto const &[path, target] : tested.links)
            guest.link(path, target);
        auto const tools = read_hypervisor_tools(guest.tree, Services(guest.tree));
        ASSERT_TRUE(tools) << tools.reason();
        ASSERT_EQ(tools->size(), 1U) << tested.name;
        EXPECT_EQ(tools->front().name, tested.name);
        EXPECT_EQ(tools->front().enabled, tested.enabled);
        EXPECT_THAT(tools->front().traces,
                    ElementsAre(tested.links.empty() ? tested.files.front() : tested.links.begin()->first));
    }
}

TEST(HypervisorTools, AreNotInAPlainGuest)
{
    Guest guest;
    // A unit that nothing starts, as a package's remains leave it.
    guest.file("/usr/lib/systemd/system/vmtoolsd.service", "[Unit]\n").file("/usr/bin/ls", "x");
    EXPECT_THAT(*read_hypervisor_tools(guest.tree, Services(guest.tree)), IsEmpty());
}

TEST(CrashDump, StartsByItsUnit)
{
    Guest guest;
    EXPECT_FALSE(read_crash_dump(guest.tree, Services(guest.tree))->enabled);
    guest.file("/usr/lib/systemd/system/kdump.service", "[Unit]\n")
        .link("/etc/systemd/system/multi-user.target.wants/kdump.service", "/usr/lib/systemd/system/kdump.service");
    auto const facts = read_crash_dump(guest.tree, Services(guest.tree));
    EXPECT_TRUE(facts->enabled);
    EXPECT_EQ(facts->where, "/etc/systemd/system/multi-user.target.wants/kdump.service");
}
