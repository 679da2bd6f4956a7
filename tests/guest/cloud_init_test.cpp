#include "guest/cloud_init.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/yaml_file.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

Known<CloudInitFacts> read(Guest &guest, const std::string &cmdline = "")
{
    return read_cloud_init(guest.tree, Services(guest.tree), cmdline);
}

void install(Guest &guest)
{
    guest.file("/usr/bin/cloud-init", "#!/usr/bin/python3\n")
        .file("/etc/cloud/cloud.cfg", "cloud_init_modules:\n - migrator\n - growpart\n")
        .file("/lib/systemd/system/cloud-init.service", "[Unit]\n")
        .file("/lib/systemd/system/cloud-init-local.service", "[Unit]\n")
        .link("/etc/systemd/system/cloud-init.target.wants/cloud-init.service",
              "/lib/systemd/system/cloud-init.service");
}

}  // namespace

TEST(CloudInit, OfFreeBsdLiesBelowUsrLocal)
{
    Guest guest;
    guest.file("/etc/rc.subr", "")
        .file("/etc/rc.d/netif", "#!/bin/sh\n")
        .file("/usr/local/bin/cloud-init", "#!/usr/local/bin/python3.9\n")
        .file("/usr/local/etc/rc.d/cloudinit", "#!/bin/sh\n")
        .file("/usr/local/lib/python3.9/site-packages/cloudinit/version.py", "__VERSION__ = \"22.4\"\n")
        .file("/usr/local/etc/cloud/cloud.cfg", "preserve_hostname: true\ndatasource_list: [ConfigDrive]\n")
        .file("/usr/local/etc/cloud/cloud.cfg.d/99.cfg", "datasource_list: [AliYun]\n")
        .file("/etc/cloud/cloud.cfg.d/99.cfg", "datasource_list: [Ec2]\n");
    auto facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_TRUE(facts->installed);
    EXPECT_EQ(facts->version, "22.4");
    EXPECT_TRUE(facts->preserve_hostname);
    EXPECT_EQ(facts->datasources, (std::vector<std::string>{"AliYun"}));
    EXPECT_FALSE(facts->enabled);
    EXPECT_NE(facts->disabled_by.find("cloudinit_enable"), std::string::npos) << facts->disabled_by;
    guest.file("/etc/rc.conf", "cloudinit_enable=\"YES\"\n");
    facts = read(guest);
    EXPECT_TRUE(facts->enabled) << facts->disabled_by;
    EXPECT_EQ(facts->disabled_by, "");
    guest.file("/usr/local/etc/cloud/cloud-init.disabled", "");
    EXPECT_EQ(read(guest)->disabled_by, "/usr/local/etc/cloud/cloud-init.disabled");
    EXPECT_FALSE(read(guest)->enabled);
}

TEST(CloudInit, InstalledAndEnabled)
{
    Guest guest;
    install(guest);
    guest.file("/var/lib/dpkg/status",
               "Package: cloud\nStatus: install ok installed\nVersion: 9\n\n"
               "Package: cloud-init\nStatus: install ok installed\nVersion: 1:22.4.2-1+deb12u1\n");
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_TRUE(facts->installed);
    EXPECT_TRUE(facts->enabled);
    EXPECT_EQ(facts->version, "22.4.2");
    EXPECT_EQ(facts->version_source, "/var/lib/dpkg/status");
    EXPECT_TRUE(facts->grows_root);
    EXPECT_FALSE(facts->datasources);
    EXPECT_FALSE(facts->network_disabled);
}

TEST(CloudInit, WhatItDoesAboutLogins)
{
    Guest guest;
    install(guest);
    EXPECT_EQ(read(guest)->disable_root.value, "true") << "the program's default";
    EXPECT_EQ(read(guest)->lock_root.value, "");
    EXPECT_EQ(read(guest)->ssh_pwauth.value, "");
    EXPECT_FALSE(read(guest)->makes_host_keys);
    guest.file("/etc/cloud/cloud.cfg",
               "disable_root: 1\nssh_pwauth: 0\ncloud_init_modules: [users-groups, ssh]\n"
               "users:\n - default\nsystem_info:\n  default_user:\n    name: root\n    lock_passwd: True\n");
    EXPECT_EQ(read(guest)->disable_root.value, "true");
    EXPECT_EQ(read(guest)->disable_root.where.line, 1U);
    EXPECT_EQ(read(guest)->ssh_pwauth.value, "false");
    EXPECT_EQ(read(guest)->lock_root.value, "true");
    EXPECT_TRUE(read(guest)->makes_host_keys);
    EXPECT_FALSE(read(guest)->keeps_host_keys);
    guest.file("/etc/cloud/cloud.cfg.d/99.cfg", "disable_root: false\nssh_pwauth: true\nssh_deletekeys: false\n"
                                                "system_info: {default_user: {lock_passwd: false}}\n");
    EXPECT_EQ(read(guest)->disable_root.value, "false");
    EXPECT_EQ(read(guest)->disable_root.where.file, "/etc/cloud/cloud.cfg.d/99.cfg");
    EXPECT_EQ(read(guest)->ssh_pwauth.value, "true");
    EXPECT_EQ(read(guest)->lock_root.value, "false");
    EXPECT_TRUE(read(guest)->keeps_host_keys);
    guest.file("/etc/cloud/cloud.cfg.d/99.cfg", "users:\n - name: root\n");
    EXPECT_EQ(read(guest)->lock_root.value, "true") << "what a user has without being asked";
    guest.file("/etc/cloud/cloud.cfg.d/99.cfg", "users: [{name: admin}]\n");
    EXPECT_EQ(read(guest)->lock_root.value, "") << "the default user is not asked for";
}

TEST(CloudInit, ARemovedPackageHasNoVersion)
{
    Guest guest;
    install(guest);
    guest.file("/var/lib/dpkg/status", "Package: cloud-init\nStatus: deinstall ok config-files\nVersion: 20.1\n");
    EXPECT_EQ(read(guest)->version, "");
}

TEST(CloudInit, TheVersionFromPython)
{
    Guest wheel;
    install(wheel);
    wheel.file("/usr/lib/python3.6/site-packages/cloud_init-19.1.10-py3.6.egg-info/PKG-INFO",
               "Name: cloud-init\nVersion: 19.1.10\n");
    EXPECT_EQ(read(wheel)->version, "19.1.10");
    Guest module;
    install(module);
    module.file("/usr/lib/python2.7/dist-packages/cloudinit/version.py",
                "__VERSION__ = \"0.7.6\"\n_PACKAGED_VERSION = '@@PACKAGED_VERSION@@'\n");
    EXPECT_EQ(read(module)->version, "0.7.6");
    module.file("/usr/lib/python2.7/dist-packages/cloudinit/version.py",
                "__VERSION__ = \"21.1\"\n_PACKAGED_VERSION = '21.1-7.el8'\n");
    EXPECT_EQ(read(module)->version, "21.1");
}

TEST(CloudInit, WaysToSwitchItOff)
{
    Guest marker;
    install(marker);
    marker.file("/etc/cloud/cloud-init.disabled", "");
    EXPECT_EQ(read(marker)->disabled_by, "/etc/cloud/cloud-init.disabled");
    EXPECT_FALSE(read(marker)->enabled);
    Guest argument;
    install(argument);
    EXPECT_FALSE(read(argument, "ro quiet cloud-init=disabled")->enabled);
    EXPECT_TRUE(read(argument, "ro cloud-init=disabledx")->enabled);
    Guest masked;
    install(masked);
    masked.link("/etc/systemd/system/cloud-init.service", "/dev/null");
    EXPECT_EQ(read(masked)->disabled_by, "/etc/systemd/system/cloud-init.service");
    Guest policy;
    install(policy);
    policy.file("/etc/cloud/ds-identify.cfg", "# policy: x\npolicy: disabled\n");
    EXPECT_EQ(read(policy)->disabled_by, "/etc/cloud/ds-identify.cfg");
    Guest unlinked;
    install(unlinked);
    unlinked.files->remove("/etc/systemd/system/cloud-init.target.wants/cloud-init.service");
    EXPECT_FALSE(read(unlinked)->enabled);
    EXPECT_FALSE(read(unlinked)->disabled_by.empty());
    unlinked.file("/lib/systemd/system-generators/cloud-init-generator", "#!/bin/sh\n");
    EXPECT_TRUE(read(unlinked)->enabled);
}

TEST(CloudInit, LaterFilesWinAndTheirListsReplace)
{
    Guest guest;
    install(guest);
    guest.file("/etc/cloud/cloud.cfg", "datasource_list: [NoCloud]\nnetwork:\n  config: disabled\n")
        .file("/etc/cloud/cloud.cfg.d/90_dpkg.cfg",
              "# to update this file\ndatasource_list: [ NoCloud, AliYun, None ]\n")
        .file("/etc/cloud/cloud.cfg.d/README", "datasource_list: [Wrong]\n")
        .file("/etc/cloud/cloud.cfg.d/99-net.cfg", "network: {config: {version: 2}}\n");
    auto facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->datasources, (std::vector<std::string>{"NoCloud", "AliYun", "None"}));
    EXPECT_EQ(facts->datasources_where.file, "/etc/cloud/cloud.cfg.d/90_dpkg.cfg");
    EXPECT_EQ(facts->datasources_where.line, 2U);
    EXPECT_FALSE(facts->network_disabled);
    guest.file("/etc/cloud/cloud.cfg.d/99-z.cfg", "network: {config: disabled}\n");
    EXPECT_FALSE(read(guest)->network_disabled) << "a mapping stays, as cloud-init merges it";
    guest.files->remove("/etc/cloud/cloud.cfg.d/99-net.cfg");
    EXPECT_TRUE(read(guest)->network_disabled);
    guest.file("/etc/cloud/ds-identify.cfg", "datasource: Ec2\n");
    EXPECT_EQ(read(guest)->datasources, std::vector<std::string>{"Ec2"});
}

TEST(CloudInit, ALaterFileThatSaysNothingOfAKeyLeavesIt)
{
    Guest guest;
    install(guest);
    guest.file("/etc/cloud/cloud.cfg.d/10.cfg", "network:\n  config: disabled\n")
        .file("/etc/cloud/cloud.cfg.d/20.cfg", "network: {}\n");
    auto const facts = read(guest);
    EXPECT_TRUE(facts->network_disabled);
    EXPECT_EQ(facts->network_where.file, "/etc/cloud/cloud.cfg.d/10.cfg");
    EXPECT_EQ(facts->network_where.line, 2U);
}

TEST(CloudInit, TheHostNameIsKeptWhereTheLastFileSaysSo)
{
    Guest guest;
    install(guest);
    EXPECT_FALSE(read(guest)->preserve_hostname);
    for (auto const *word : {"true", "yes", "'on'", "1", "True"}) {
        guest.file("/etc/cloud/cloud.cfg.d/10.cfg", std::string("preserve_hostname: ") + word + "\n");
        EXPECT_TRUE(read(guest)->preserve_hostname) << word;
        EXPECT_EQ(read(guest)->preserve_hostname_where.line, 1U);
    }
    guest.file("/etc/cloud/cloud.cfg.d/20.cfg", "preserve_hostname: false\n");
    EXPECT_FALSE(read(guest)->preserve_hostname);
}

TEST(CloudInit, TheKernelsArgumentsBeatTheFileOfDsIdentify)
{
    Guest guest;
    install(guest);
    guest.file("/etc/cloud/ds-identify.cfg", "policy: \"disabled\" # for now\ndatasource: Ec2\n");
    EXPECT_EQ(read(guest)->policy.value, "disabled");
    EXPECT_EQ(read(guest)->policy.where.line, 1U);
    EXPECT_FALSE(read(guest)->enabled);
    auto const facts = read(guest, "ro ci.di.policy=search,notfound=disabled ci.ds=AliYun");
    EXPECT_EQ(facts->policy.value, "search,notfound=disabled");
    EXPECT_TRUE(facts->enabled);
    EXPECT_EQ(facts->datasources, std::vector<std::string>{"AliYun"});
    EXPECT_FALSE(read(guest, "ci.di.policy=disabled")->enabled);
    guest.file("/etc/cloud/ds-identify.cfg", "policy: enabled\n");
    EXPECT_TRUE(read(guest)->enabled);
}

TEST(CloudInit, GrowpartCanBeOff)
{
    Guest guest;
    install(guest);
    guest.file("/etc/cloud/cloud.cfg.d/10.cfg", "growpart: {mode: 'off'}\n");
    EXPECT_FALSE(read(guest)->grows_root);
    guest.file("/etc/cloud/cloud.cfg.d/10.cfg", "growpart:\n  mode: off\n");
    EXPECT_FALSE(read(guest)->grows_root);
    guest.file("/etc/cloud/cloud.cfg.d/10.cfg", "cloud_init_modules:\n - [growpart, always]\n");
    EXPECT_TRUE(read(guest)->grows_root);
    guest.file("/etc/cloud/cloud.cfg.d/10.cfg", "cloud_init_modules: []\n");
    EXPECT_FALSE(read(guest)->grows_root);
}

TEST(CloudInit, NotInstalledIsNoFailure)
{
    Guest guest;
    auto const facts = read(guest);
    ASSERT_TRUE(facts);
    EXPECT_FALSE(facts->installed);
    EXPECT_FALSE(facts->enabled);
}

TEST(Yaml, BlocksWithAnchorsAsCloudInitItselfWritesThem)
{
    Guest guest;
    install(guest);
    guest.file("/etc/cloud/cloud.cfg.d/05_logging.cfg",
               "_log:\n - &log_base |\n   [loggers]\n   keys=root\n   \n   [x]\n"
               " - &log_file |\n   [file]\n     deeper\n\nlog_cfgs:\n# comment\n"
               " - [ *log_base, *log_file ]\nlast: &l |\n  a\n  b\n"
               "datasource_list: [AliYun]\n");
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->datasources, std::vector<std::string>{"AliYun"});
    EXPECT_EQ(facts->datasources_where.line, 17U);
    GuestFiles files(guest.tree);
    auto const document = read_yaml(files, "/etc/cloud/cloud.cfg.d/05_logging.cfg");
    ASSERT_TRUE(document);
    EXPECT_EQ(yaml_texts(yaml_child(*document, "_log")),
              (std::vector<std::string>{"[loggers]\nkeys=root\n\n[x]\n", "[file]\n  deeper\n"}));
    EXPECT_EQ(yaml_text(yaml_child(*document, "last")), "a\nb\n");
}

TEST(YamlHostile, DeepNestingIsRefusedBeforeParsing)
{
    std::string dashes;
    std::string indents;
    for (int i = 0; i < 100; ++i) {
        dashes += "- ";
        indents += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    std::string const texts[] = {std::string(100'000, '['), std::string(5000, '{'), dashes + "x", indents,
                                 "a: " + std::string(65, '[') + std::string(65, ']')};
    for (auto const &text : texts) {
        Guest guest;
        install(guest);
        guest.file("/etc/cloud/cloud.cfg.d/50.cfg", text);
        auto const facts = read(guest);
        ASSERT_FALSE(facts);
        EXPECT_NE(facts.reason().find("nested deeper"), std::string::npos) << facts.reason();
    }
    EXPECT_LE(yaml_depth_bound("network:\n  ethernets:\n    eth0:\n      addresses:\n        - 192.0.2.5/24\n"), 8U);
}

TEST(YamlHostile, AnAliasBombCostsNothing)
{
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 40; ++i) {
        std::string const last = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int j = 0; j < 8; ++j)
            bomb += ", " + last;
        bomb += "]\n";
    }
    bomb += "datasource_list: *a39\nnetwork: *a39\ncloud_init_modules: *a39\n";
    Guest guest;
    install(guest);
    guest.file("/etc/cloud/cloud.cfg.d/50.cfg", bomb);
    auto const start = std::chrono::steady_clock::now();
    auto const facts = read(guest);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_TRUE(facts->datasources->empty());
}

TEST(YamlHostile, WhatIsNoYamlIsUnknown)
{
    for (auto const &text : {std::string("a: [1\n"), std::string("\x01\x02\x03"), std::string("a: b: c\n"),
                             std::string("just text\n"), std::string("- a\n- b\n"), std::string("*nowhere\n"),
                             std::string("x\0y", 3), std::string((1 << 20) + 1, '#'), std::string("? ? ? ? - [}")}) {
        Guest guest;
        install(guest);
        guest.file("/etc/cloud/cloud.cfg", text);
        auto const facts = read(guest);
        ASSERT_FALSE(facts) << text.substr(0, 20);
        EXPECT_TRUE(facts.reason().starts_with("/etc/cloud/cloud.cfg: ")) << facts.reason();
    }
}

TEST(YamlHostile, ShapesThatNobodyExpects)
{
    for (auto const *text : {"", "---\n", "datasource_list: {a: b}\nnetwork: []\ngrowpart: 5\n",
                             "? [a, b]\n: c\nnetwork: {config: [1]}\ncloud_init_modules: {x: y}\n",
                             "cloud_init_modules: [[], [[]], {a: b}]\n", "1: 2\nnull: 3\n"}) {
        Guest guest;
        install(guest);
        guest.file("/etc/cloud/cloud.cfg", text);
        auto const facts = read(guest);
        ASSERT_TRUE(facts) << text << facts.reason();
        EXPECT_FALSE(facts->grows_root);
        EXPECT_FALSE(facts->network_disabled);
    }
}
