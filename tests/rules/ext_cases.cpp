#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string features(const std::string &list)
{
    return R"({"/inspection/volumes/0/filesystem/features": )" + list + "}";
}

// Root is sound; /home is what is judged.
std::string home(const std::string &type, const std::string &list)
{
    return R"({"/inspection/volumes/1": {"device": "/dev/sda2", "filesystem": {"type": ")" + type +
           R"(", "clean": true, "features": )" + list +
           R"(}}, "/inspection/guest/mountpoints/1": {"target": "/home", "device": "/dev/sda2", "filesystem": "x"}})";
}

std::string inodes(const std::string &free)
{
    return R"({"/inspection/volumes/0/filesystem/free_inodes": )" + free + "}";
}

const char *const no_root = R"({"/inspection/guest/root_device": "", "/inspection/guest/mountpoints": []})";
const std::vector<std::string> root_rules{"fs-clean", "fs-free-space", "fstab-root"};

}  // namespace

std::vector<RuleCase> ext_cases()
{
    return {
        {"ext4-64bit", passed, "{}", "/"},
        {"ext4-64bit", violated, features(R"(["extent", "64bit"])"), "/ (ext4): 64bit", {}, "bios", "feature"},
        {"ext4-64bit", violated, home("ext4", R"(["64bit"])"), "/home (ext4)"},
        {"ext4-64bit", passed, home("xfs", R"(["64bit"])")},
        {"ext4-64bit", not_applicable, "{}", "no ext filesystem", {}, "uefi"},
        {"ext4-64bit", unknown, no_root, "not known", root_rules},

        {"ext4-quota-project", passed, features(R"(["quota", "64bit"])")},
        {"ext4-quota-project", passed, features(R"(["project"])")},
        {"ext4-quota-project", violated, features(R"(["project", "quota"])"), "quota, project", {}, "bios", "feature"},
        {"ext4-quota-project", not_applicable, "{}", "no ext filesystem", {}, "uefi"},

        {"ext4-modern-features", passed, "{}"},
        {"ext4-modern-features",
         violated,
         features(R"(["metadata_csum", "orphan_file"])"),
         "metadata_csum, orphan_file",
         {},
         "bios",
         "recommendation"},
        {"ext4-modern-features", violated, features(R"(["metadata_csum_seed"])"), "/ (ext4): metadata_csum_seed:"},
        {"ext4-modern-features", not_applicable, "{}", "no ext filesystem", {}, "uefi"},

        {"fs-free-inodes", passed, inodes("260000"), "260000 of 2600000"},
        {"fs-free-inodes", violated, inodes("259999"), "no more files", {}, "bios", "feature"},
        {"fs-free-inodes", not_applicable, "{}", "xfs makes inodes", {}, "uefi"},
        {"fs-free-inodes", unknown, R"({"/inspection/volumes/0/filesystem/inodes": "<gone>"})", "could not be read"},
        {"fs-free-inodes", unknown, no_root, "not known", root_rules},
    };
}

}  // namespace imgport::testing
