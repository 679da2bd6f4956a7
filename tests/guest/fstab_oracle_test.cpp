// /etc/fstab as we read it against what findmnt makes of it.
#include "guest/fstab.hpp"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "guest.hpp"
#include "guest/guest_text.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

std::string as_findmnt_says(const std::string &file)
{
    auto const json = nlohmann::json::parse(
        run_tool({"findmnt", "--fstab", "--tab-file", file, "-J", "-o", "SOURCE,TARGET,FSTYPE,OPTIONS,PASSNO"}),
        nullptr, false);
    std::string lines;
    if (!json.is_object())
        return "no JSON";
    auto const text = [](const nlohmann::json &value) { return value.is_string() ? value.get<std::string>() : ""; };
    for (auto const &entry : json["filesystems"]) {
        // A folder has one name here, however it is written.
        std::string const target = text(entry["target"]);
        lines += fmt::format("{}|{}|{}|{}|{}\n", text(entry["source"]),
                             target.starts_with('/') ? normal_path(target) : target, text(entry["fstype"]),
                             text(entry["options"]), entry["passno"].dump());
    }
    return lines;
}

std::string as_we_say(const std::string &fstab)
{
    Guest guest;
    guest.file("/etc/fstab", fstab);
    auto const facts = read_fstab(guest.tree, {});
    if (!facts)
        return facts.reason();
    std::string lines;
    for (auto const &entry : facts->entries)
        lines += fmt::format("{}|{}|{}|{}|{}\n", entry.device, entry.target, entry.type, join(entry.options, ","),
                             entry.pass);
    return lines;
}

}  // namespace

TEST(FstabOracle, ReadsWhatFindmntReads)
{
    IMGPORT_NEEDS("findmnt");
    // Not here: a comment in a number's place. libmount passes over such a line, systemd mounts it all the same, since
    // getmntent(3) takes what is no number as 0.
    const std::string tables[] = {
        "# only a comment\n\nproc /proc proc defaults 0 0\n",
        "UUID=1234-ABCD\t/boot/efi  vfat umask=0077,noatime 0 2\n",
        "   /dev/sda2 /mnt/with\\040blank/ ext4 defaults\n",
        "  # indented\nLABEL=boot\\040disk /b ext4 ro 0 1 # behind\n",
        "/dev/sda5 none swap sw 0 0\n/dev/sda6 swap swap pri=5\n",
        "too short\n/dev/sda5 none swap sw 0 0\n",
        "/dev/sda9 /no-pass ext4 defaults 1\n",
        "/dev/sda9 /none-of-them ext4\n",
        "/dev/sda9 /two-digits ext4 rw 0 12\n",
        "/dev/sda9 //two//slashes/ ext4 rw,noexec 0 1\n",
        "/dev/sda9 / ext4 rw 0 1\n/dev/sda9 /.. ext4 rw 0 1\n",
        "/dev/sda9 /sharp#x ext4 rw 0 1\n",
        "LABEL=\"quoted\" /q ext4 rw 0 1\n",
        "/dev/sda9 /tab\\011t/back\\134slash ext4 rw 0 1\n",
        "/dev/sda9 /no\\09octal\\4 ext4 rw 0 1\n",
        "/dev/sda9 /comma ext4 rw,x=a\\054b 0 1\n",
        "/dev/sda9 /type fuse\\056x rw 0 1\n",
        "/dev/sda9 /no-line-end ext4 rw 0 2",
        "nfs.example.com:/srv /n nfs4 _netdev,x-systemd.requires=a.service 0 0\n",
        "/dev/sda9 /mnt/\xc3\xa4 ext4 defaults 0 0\n",
    };
    Workshop const workshop;
    std::string const file = workshop.path() + "/fstab";
    for (auto const &table : tables) {
        std::ofstream(file, std::ios::trunc) << table;
        EXPECT_EQ(as_we_say(table), as_findmnt_says(file)) << table;
    }
}
